/**
 * Starts the real binary, as a user's shell would. This costs half a second each time: it is for what needs a process
 * (signals, pipes, terminals, how it ends, flags of Node); all else goes through `rewardScore` of run.ts.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Run } from './in-process.js';
import { environment, type RunOptions, root } from './run.js';

const binary = join(root, 'bin/reward-score.js');
const compiledProgram = join(root, 'test/support/compiled.mjs');

export interface BinaryOptions extends Pick<RunOptions, 'env' | 'cwd'> {
  readonly stdin?: string | Uint8Array;
  /** Flags of Node itself. */
  readonly nodeFlags?: readonly string[];
  /** Runs the compiled files instead of the bundle: what is preloaded can reach into them. */
  readonly compiled?: boolean;
}

/** Starts the binary with an environment of its own. */
export function start(args: readonly string[], options: Omit<BinaryOptions, 'stdin'> = {}): ChildProcess {
  const program = options.compiled ? compiledProgram : binary;
  return spawn(process.execPath, [...(options.nodeFlags ?? []), program, ...args], {
    cwd: options.cwd ?? root,
    env: environment(options.env),
  });
}

/** Runs another program of ours to its end. */
export function runProgram(program: string, options: Pick<BinaryOptions, 'nodeFlags'> = {}): Promise<Run> {
  return toItsEnd(spawn(process.execPath, [...(options.nodeFlags ?? []), program], { cwd: root, env: environment() }));
}

/** Runs the binary to its end. */
export function runBinary(args: readonly string[], options: BinaryOptions = {}): Promise<Run> {
  const child = start(args, options);
  child.stdin?.on('error', () => undefined); // a run that refuses its arguments does not read
  child.stdin?.end(options.stdin ?? '');
  return toItsEnd(child);
}

/** Runs the binary on what comes through a pipe in chunks of these lengths, over and over. */
export async function runBinaryInChunks(
  args: readonly string[],
  content: Uint8Array,
  lengths: readonly number[],
): Promise<Run> {
  const child = start(args);
  const run = toItsEnd(child);
  child.stdin?.on('error', () => undefined);
  for (let i = 0, from = 0; from < content.length; i++) {
    const chunk = content.subarray(from, from + (lengths[i % lengths.length] as number));
    from += chunk.length;
    // A write is over when its bytes are in the pipe: what the reader gets next is another chunk.
    await new Promise((resolve) => child.stdin?.write(chunk, resolve));
  }
  child.stdin?.end();
  return run;
}

async function toItsEnd(child: ChildProcess): Promise<Run> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  const bytes = Buffer.concat(stdout);
  const run = { code, signal, stdout: bytes.toString('utf8'), bytes, stderr: Buffer.concat(stderr).toString('utf8') };
  assert.doesNotMatch(run.stderr, /\(node:\d+\)/, 'Node itself warned');
  return run;
}
