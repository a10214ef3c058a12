/** Runs of the command line, and what most tests need around them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type InProcessOptions, type Run, runInProcess } from './in-process.js';

/** The repository's root; this file runs from .test-build/support. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

export interface RunOptions extends InProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A process has them: see binary.ts. */
  readonly nodeFlags?: never;
}

let unnamedModel: Readonly<Record<string, string>> = {};

/** Runs of this file that name no model have this one: tiny and quick, where it is not rewards that are tested. */
export function useTinyModel(): void {
  unnamedModel = { REWARD_SCORE_MODEL: join(root, 'fixtures/tiny-gpt2') };
}

/**
 * Runs the command line to its end, without a start of the binary (that is `runBinary` of binary.ts): no process is
 * started, and the runs of one file follow each other.
 */
export const rewardScore = (args: readonly string[], { env, cwd = root, ...options }: RunOptions = {}): Promise<Run> =>
  runInProcess(args, options, { env: environment(env), cwd });

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
