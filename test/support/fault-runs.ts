/** Runs that are broken on purpose and gone on with (faults.mjs), and what they must be equal to. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { runBinary, start } from './binary.js';
import type { Run } from './in-process.js';
import { root } from './run.js';

const hooks = ['--import', join(root, 'test/support/faults.mjs')];

/** One in a hundred is bad, in ways that the formats have in common. */
export const jsonlRows = (count: number, first = 0): string =>
  Array.from({ length: count }, (_, i) => {
    const id = first + i;
    if (id % 100 === 77) return id % 200 === 77 ? '{"text": ""}\n' : '{"text": \n';
    return `{"id":${id},"text":"${wordsOf(id)}"}${id % 3 === 0 ? '\r\n' : '\n'}`;
  }).join('');

export const textRows = (count: number): string =>
  Array.from({ length: count }, (_, id) => (id % 100 === 77 ? '\n' : `${wordsOf(id)}\n`)).join('');

/** Line ends of both kinds, some of them between quotes. */
export const csvRows = (count: number): string =>
  `id,text\r\n${Array.from({ length: count }, (_, id) => {
    if (id % 100 === 77) return id % 200 === 77 ? `${id},\n` : `${id}\r\n`;
    return id % 4 === 0 ? `${id},"${wordsOf(id)},\r\nsaid ""he"""\r\n` : `${id},${wordsOf(id)}\n`;
  }).join('')}`;

const wordsOf = (id: number): string => `hello ${id % 50} and ${(id * 7919) % 1000}`;

export const packed = (text: string): Buffer => gzipSync(text, { level: 1 });

/** Numbers that follow a seed. Source: mulberry32 (Tommy Ettinger) */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const hurried = (env: Readonly<Record<string, string>> = {}) => ({
  nodeFlags: hooks,
  env: { FAULT_HURRY: '1', ...env },
});

const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n');

/** The steps of a run, in order. */
export function stepsOf(log: string): string[] {
  return linesOf(log).filter((line) => line !== '' && !/^(?:worker|act|hold):/.test(line));
}

/** Where the windows that were scored begin: `FILE BYTE`. */
export function scoredOf(log: string): string[] {
  if (!existsSync(log)) return [];
  return linesOf(log).flatMap((line) => /^worker:score (.*)$/.exec(line)?.[1] ?? []);
}

/**
 * Of a summary, what does not depend on time, machine or how often the run was gone on with. What a worker kept of the
 * window before, it does not compute again: so `computedTokens` depends on which worker had which windows.
 */
function countsOf(path: string): Record<string, unknown> {
  const { seconds, rowsPerSecond, resumed, runtime, computedTokens, ...counts } = JSON.parse(
    readFileSync(path, 'utf8'),
  ) as Record<string, unknown>;
  assert.ok(Number(computedTokens) <= Number(counts.tokens), 'no more tokens are computed than there are');
  return counts;
}

export interface Job {
  readonly args: readonly string[];
  readonly stdin?: Buffer | undefined;
  /** Name of the output, in the folder. */
  readonly name: string;
  readonly errors?: boolean;
}

export interface Results {
  readonly code: number | null;
  readonly output: Buffer;
  readonly errors: string | undefined;
  readonly counts: Record<string, unknown>;
}

/** A job's files, and its arguments. */
export function placesOf(folder: string, { name, args, errors }: Job) {
  const output = join(folder, name);
  const errorsPath = `${output}.errors`;
  const summary = `${output}.summary`;
  return {
    output,
    errors: errorsPath,
    summary,
    runFile: `${output}.run.json`,
    partial: `${output}.partial`,
    args: ['-q', ...args, '-o', output, '--summary', summary, ...(errors ? ['--errors', errorsPath] : [])],
  };
}

export function resultsOf(folder: string, job: Job, { code }: Pick<Run, 'code'>): Results {
  const { output, errors, summary } = placesOf(folder, job);
  return {
    code,
    output: readFileSync(output),
    errors: job.errors ? readFileSync(errors, 'utf8') : undefined,
    counts: countsOf(summary),
  };
}

export async function uninterrupted(folder: string, job: Job): Promise<Results> {
  const run = await runBinary(placesOf(folder, job).args, job.stdin === undefined ? {} : { stdin: job.stdin });
  assert.ok(run.code === 0 || run.code === 3, run.stderr);
  const results = resultsOf(folder, job, run);
  remove(folder, job);
  return results;
}

export function remove(folder: string, job: Job): void {
  const { output, errors, summary, runFile, partial } = placesOf(folder, job);
  for (const path of [output, errors, summary, runFile, partial]) rmSync(path, { force: true });
}

export function assertSame(actual: Results, expected: Results, what: string): void {
  assert.ok(actual.output.equals(expected.output), `${what}: the output differs`);
  assert.equal(actual.errors, expected.errors, `${what}: the errors file differs`);
  assert.deepEqual(actual.counts, expected.counts, `${what}: the summary differs`);
  assert.equal(actual.code, expected.code, `${what}: the exit code differs`);
}

/**
 * Starts a run and kills it some time after it began to write, if it has not ended by then.
 *
 * @param runFile replaced when the run begins to write; undefined: the time is counted from its start
 * @returns the exit code of a run that had ended, and how long it had written
 */
export async function killedAfter(
  milliseconds: number,
  args: readonly string[],
  runFile: string | undefined,
  { stdin, env }: { readonly stdin?: Buffer | undefined; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<{ readonly code: number | null; readonly stderr: string; readonly wrote: number }> {
  const identity = () => runFile && statSync(runFile, { throwIfNoEntry: false })?.ino;
  const before = identity();
  const child = start(args, hurried(env));
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(stdin ?? '');
  child.stdout?.resume();
  let ended = false;
  const closed = once(child, 'close').finally(() => {
    ended = true;
  });
  while (!ended && runFile !== undefined && identity() === before) await setImmediate();
  const begun = performance.now();
  const timer = setTimeout(() => child.kill('SIGKILL'), milliseconds);
  const [code] = (await closed) as [number | null];
  clearTimeout(timer);
  return { code, stderr, wrote: performance.now() - begun };
}

/** What a killed run has left on the disk, in words. */
export function leftBy(folder: string, job: Job): string {
  const { runFile, partial, output } = placesOf(folder, job);
  if (!existsSync(runFile)) return 'nothing yet';
  const state = JSON.parse(readFileSync(runFile, 'utf8')) as { done: { windows: number }; finished: unknown };
  if (state.finished !== null) return existsSync(output) ? 'finished' : 'finished, not named';
  if (!existsSync(partial)) return 'no output yet';
  return state.done.windows === 0 ? 'before the first save' : `${state.done.windows} windows saved`;
}
