/**
 * Tables of wrong uses: each ends with one line on stderr, nothing on stdout, and the exit code of its kind. The first of
 * each table starts the real binary, the others run in the process: hundreds of starts would take minutes.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runBinary } from './binary.js';
import { rewardScore } from './run.js';

/** Wrong use, and a model that is there and cannot be loaded (the table of exit codes in --help). */
export const USAGE = 2;
export const UNLOADABLE = 1;

export interface WrongUse {
  readonly args: readonly string[];
  /** Default: one good row. */
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Default: USAGE. */
  readonly code?: number;
  /** Without `reward-score: ` and the line end. */
  readonly stderr: string | RegExp;
}

/** @param directory left out of the tests' names */
export function testWrongUses(what: string, directory: string, uses: readonly WrongUse[]): void {
  describe(what, { concurrency: 2 }, () => {
    for (const [i, use] of uses.entries()) {
      const { args, stdin = '"a"\n', env = {}, code = USAGE, stderr } = use;
      const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
      const name = [...variables, ...args].join(' ').replaceAll(`${directory}/`, '');
      test(`${i + 1}: ${name}`, async () => {
        const run = await (i === 0 ? runBinary : rewardScore)(args, { stdin, env });
        const [, said] = /^reward-score: (.*)\n$/.exec(run.stderr) ?? [];
        assert.ok(said !== undefined, `expected one line, got: ${run.stderr}`);
        if (typeof stderr === 'string') assert.equal(said, stderr);
        else assert.match(said, stderr);
        assert.equal(run.stdout, '');
        assert.equal(run.code, code);
      });
    }
  });
}
