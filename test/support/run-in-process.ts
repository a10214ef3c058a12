/** Runs the command line inside the process of the test: no start of Node, and signals and terminals at will. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { Readable, Writable } from 'node:stream';
import type { Context } from '../../dist/cli/context.js';
import { createLog } from '../../dist/cli/log.js';
import { main } from '../../dist/cli/main.js';
import { processContext } from '../../dist/cli/process.js';
import { environment, type Run, type RunOptions, root } from './run.js';

export interface InProcessOptions extends Omit<RunOptions, 'stdin' | 'nodeFlags'> {
  readonly stdin?: string | Uint8Array | Context['stdin'];
  /** Where the run hears of signals; a test emits them there under their names. */
  readonly signals?: EventEmitter;
  /** Hears each piece of standard output. */
  readonly onStdout?: (bytes: Buffer) => void;
}

/** The environment and the working directory are the process's own: one run at a time has them. */
let previous: Promise<unknown> = Promise.resolve();

/** Does what `rewardScore` does, and resolves to the same. A run that a signal ends goes on to its end all the same. */
export function runInProcess(args: readonly string[], options: InProcessOptions = {}): Promise<Run> {
  const run = previous.then(() => withSurroundings(options, () => capture(args, options)));
  previous = run.catch(() => undefined);
  return run;
}

async function capture(args: readonly string[], options: InProcessOptions): Promise<Run> {
  const { stdin = '', signals = new EventEmitter(), onStdout } = options;
  const stdout = new Captured(onStdout);
  const stderr = new Captured();
  let died: NodeJS.Signals | null = null;
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on('warning', onWarning);
  try {
    const code = await main(args, {
      stdin: stdin instanceof Readable ? stdin : readableOf(stdin),
      stdout,
      stderr,
      env: process.env,
      signals,
      dieBy(signal) {
        died ??= signal;
      },
      version: processContext().version,
      log: createLog(stderr),
    });
    assert.deepEqual(warnings, [], 'Node itself warned');
    const { bytes } = stdout;
    return {
      code: died === null ? code : null,
      signal: died,
      stdout: bytes.toString('utf8'),
      bytes,
      stderr: stderr.bytes.toString('utf8'),
    };
  } finally {
    process.off('warning', onWarning);
  }
}

class Captured extends Writable {
  readonly #chunks: Buffer[] = [];
  readonly #onChunk: ((bytes: Buffer) => void) | undefined;

  constructor(onChunk?: (bytes: Buffer) => void) {
    super();
    this.#onChunk = onChunk;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#chunks.push(chunk);
    this.#onChunk?.(chunk);
    callback();
  }
}

function readableOf(content: string | Uint8Array): Readable {
  const stream = new Readable({ read: () => undefined });
  stream.push(Buffer.from(content));
  stream.push(null);
  return stream;
}

/** Gives the process the environment and the directory that the binary would be started with, for as long as it works. */
async function withSurroundings<T>({ env, cwd = root }: InProcessOptions, work: () => Promise<T>): Promise<T> {
  const before = { ...process.env };
  const directory = process.cwd();
  replaceVariables(environment(env));
  process.chdir(cwd);
  try {
    return await work();
  } finally {
    process.chdir(directory);
    replaceVariables(before);
  }
}

/** One by one: workers inherit the variables of the process, and not those of an object in its place. */
function replaceVariables(variables: Readonly<Record<string, string | undefined>>): void {
  for (const name of Object.keys(process.env)) if (variables[name] === undefined) delete process.env[name];
  for (const [name, value] of Object.entries(variables)) if (value !== undefined) process.env[name] = value;
}
