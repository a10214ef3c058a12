/** Runs the real binary, as a user's shell would. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

/** The repository's root; this file runs from .test-build/support. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

const binary = join(root, 'bin/reward-score.js');

export interface RunOptions {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Flags of Node itself. */
  readonly nodeFlags?: readonly string[];
}

export interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  /** Standard output as bytes. */
  readonly bytes: Buffer;
  readonly stderr: string;
}

let unnamedModel: Readonly<Record<string, string>> = {};

/** Runs of this file that name no model have this one: tiny and quick, where it is not rewards that are tested. */
export function useTinyModel(): void {
  unnamedModel = { REWARD_SCORE_MODEL: join(root, 'fixtures/tiny-gpt2') };
}

/** Starts the binary with an environment of its own. */
export function start(args: readonly string[], options: RunOptions = {}): ChildProcess {
  return spawn(process.execPath, [...(options.nodeFlags ?? []), binary, ...args], {
    cwd: options.cwd ?? root,
    env: environment(options.env),
  });
}

/** As it was before a run in this process changed it for itself. */
const inherited = { ...process.env };

/** No setting of the developer's machine is in it. */
export function environment(more: Readonly<Record<string, string>> = {}): Record<string, string | undefined> {
  const clean = Object.entries(inherited).filter(
    ([name]) => !/^(REWARD_SCORE_|NODE_|CI$|HF_|TRANSFORMERS_OFFLINE$|XDG_CACHE_HOME$)|_proxy$/i.test(name),
  );
  return {
    ...Object.fromEntries(clean),
    // One cache for a whole test run: models are prepared once.
    REWARD_SCORE_CACHE: join(root, '.test-build/cache'),
    ...unnamedModel,
    ...more,
  };
}

/** Runs the binary to its end. */
export function rewardScore(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const child = start(args, options);
  child.stdin?.on('error', () => undefined); // a run that refuses its arguments does not read
  child.stdin?.end(options.stdin ?? '');
  return toItsEnd(child);
}

/** Runs the binary on what comes through a pipe in chunks of these lengths, over and over. */
export async function rewardScoreInChunks(
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

/** Parses JSON lines. */
export const jsonLines = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** A folder that is gone after the tests of the file. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'reward-score-test-'));
  after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes a file into a folder and returns its path. */
export function writeFile(directory: string, name: string, content: string | Uint8Array): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}
