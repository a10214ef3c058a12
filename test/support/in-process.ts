/**
 * The command line inside the process of the test. It does what the binary does, to the byte (test/cli/in-process.test.ts
 * holds one against the other), and leaves nothing behind: neither a thread, nor a listener, nor an exit code.
 */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import type { Context } from '../../dist/cli/context.js';
import { createLog } from '../../dist/cli/log.js';
import { main } from '../../dist/cli/main.js';
import { processContext } from '../../dist/cli/process.js';
import { currentOptionSpelling, spellOptionsAs } from '../../dist/option-name.js';

/** What a run did, in a process of its own or not. */
export interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  /** Standard output as bytes. */
  readonly bytes: Buffer;
  readonly stderr: string;
}

export interface InProcessOptions {
  readonly stdin?: string | Uint8Array | Context['stdin'];
  /** Where the run hears of signals; a test emits them there under their names. */
  readonly signals?: EventEmitter;
  /** Both outputs are terminals of this width; default: they are none. */
  readonly terminal?: { readonly columns: number };
  /** Of the program; default: its own. */
  readonly version?: string;
  /** Hears each piece of standard output. */
  readonly onStdout?: (bytes: Buffer) => void;
}

/** The whole environment and the directory of a run. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** The environment and the working directory are the process's own: one run at a time has them. */
let previous: Promise<unknown> = Promise.resolve();

/** Runs the command line when the runs before it have ended. A run that a signal ends goes on to its end all the same. */
export function runInProcess(
  args: readonly string[],
  options: InProcessOptions,
  surroundings: Surroundings,
): Promise<Run> {
  const run = previous.then(() => inSurroundings(surroundings, () => leavingNothing(() => capture(args, options))));
  previous = run.catch(() => undefined);
  return run;
}

async function capture(args: readonly string[], options: InProcessOptions): Promise<Run> {
  const { stdin = '', signals = new EventEmitter(), version = processContext().version, onStdout, terminal } = options;
  const stdout = new Captured(onStdout);
  const stderr = new Captured();
  if (terminal !== undefined)
    for (const stream of [stdout, stderr]) Object.assign(stream, { isTTY: true, ...terminal });
  let died: NodeJS.Signals | null = null;
  const giveBack = redirectStandardError(stderr);
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
      version,
      log: createLog(stderr),
    });
    const { bytes } = stdout;
    return {
      code: died === null ? code : null,
      signal: died,
      stdout: bytes.toString('utf8'),
      bytes,
      stderr: stderr.bytes.toString('utf8'),
    };
  } finally {
    giveBack();
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

/** What threads and libraries print goes to the process's standard error, which is the run's. */
function redirectStandardError(to: Writable): () => void {
  const { write } = process.stderr;
  process.stderr.write = to.write.bind(to);
  return () => {
    process.stderr.write = write;
  };
}

function readableOf(content: string | Uint8Array): Readable {
  const stream = new Readable({ read: () => undefined });
  stream.push(Buffer.from(content));
  stream.push(null);
  return stream;
}

/** The threads that a run has started. */
const threads = new AsyncLocalStorage<Worker[]>();
subscribe('worker_threads', (message) => threads.getStore()?.push((message as { worker: Worker }).worker));

/** Fails where the work has made Node warn, or where something of it is still there afterwards. */
async function leavingNothing(work: () => Promise<Run>): Promise<Run> {
  const before = traces();
  const started: Worker[] = [];
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on('warning', onWarning);
  let run: Run;
  try {
    run = await threads.run(started, work);
    await setImmediate(); // Node warns a moment later
  } finally {
    process.off('warning', onWarning);
  }
  assert.deepEqual(warnings, [], 'Node itself warned');
  assert.ok(
    started.every(({ threadId }) => threadId === -1),
    'a worker thread was left running',
  );
  assert.deepEqual(traces(), before, 'the run left something behind in the process');
  return run;
}

/** What a run could leave behind. */
const traces = () => ({
  exitCode: process.exitCode,
  // Locks have one listener for good (platform/claim.ts).
  listeners: Object.fromEntries(
    process
      .eventNames()
      .filter((name) => name !== 'exit')
      .map((name) => [name, process.listenerCount(name)]),
  ),
});

/** Gives the process the environment and the directory that the binary would be started with, for as long as it works. */
async function inSurroundings<T>({ env, cwd }: Surroundings, work: () => Promise<T>): Promise<T> {
  const before = { ...process.env };
  const directory = process.cwd();
  const spelling = currentOptionSpelling();
  replaceVariables(env);
  process.chdir(cwd);
  try {
    return await work();
  } finally {
    process.chdir(directory);
    replaceVariables(before);
    spellOptionsAs(spelling);
  }
}

/** One by one: workers inherit the variables of the process, and not those of an object in its place. */
function replaceVariables(variables: Surroundings['env']): void {
  for (const name of Object.keys(process.env)) if (variables[name] === undefined) delete process.env[name];
  for (const [name, value] of Object.entries(variables)) if (value !== undefined) process.env[name] = value;
}
