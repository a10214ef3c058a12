/** Rows that are longer than a pack, against the rewards that transformers gave them (../oracle/make_long_rows.py). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readOracle } from '../support/oracle.js';
import { rewardScore, temporaryDirectory } from '../support/run.js';
import { type ModelFamily, makeSyntheticModel, readModelDescriptions } from '../support/synthetic-model.js';

/** A generator's seed, and how many words it gives. */
type Words = readonly [seed: number, count: number];

interface LongRows {
  readonly rows: readonly { readonly prompt: Words; readonly candidates: readonly Words[] }[];
  readonly models: readonly {
    readonly family: ModelFamily;
    readonly model: string;
    readonly maxLength: number;
    readonly rewards: readonly (readonly number[])[];
  }[];
}

const { rows, models } = readOracle<LongRows>('long_rows.json');

/** Numbers below 1,000, each with a space before it, as the oracle's script makes them. */
function textOf([seed, count]: Words): string {
  let state = BigInt(seed);
  const words = Array.from({ length: count }, () => {
    state = (state * 1_103_515_245n + 12_345n) % 2n ** 31n;
    return ` ${(state >> 8n) % 1000n}`;
  });
  return words.join('');
}

const inOneRow = rows.map(({ prompt, candidates }) =>
  JSON.stringify({ prompt: textOf(prompt), candidates: candidates.map(textOf) }),
);
const inRowsOfTheirOwn = rows.flatMap(({ prompt, candidates }) =>
  candidates.map((candidate) => JSON.stringify({ text: textOf(prompt) + textOf(candidate) })),
);

describe('rows longer than a pack get the rewards of the reference', () => {
  for (const { family, model, maxLength, rewards } of models) {
    test(`${family} ${model}, ${maxLength} tokens`, async () => {
      const directory = temporaryDirectory();
      const description = (await readModelDescriptions(family)).find(({ name }) => name === model);
      assert.ok(description);
      await makeSyntheticModel(directory, description);
      for (const [lines, expected] of [
        // The candidates of a prompt share its beginning, rows of one text what they have in common by chance.
        [inOneRow, rewards],
        [inRowsOfTheirOwn, rewards.flat()],
      ] as const) {
        const flags = ['-m', directory, '--template', 'none', '--max-length', `${maxLength}`, '--to', 'scores'];
        const run = await rewardScore(flags, { stdin: `${lines.join('\n')}\n` });
        assert.equal(run.code, 0, run.stderr);
        const scores = run.stdout
          .trimEnd()
          .split('\n')
          .flatMap((line) => JSON.parse(line) as number | number[]);
        assert.equal(scores.length, expected.flat().length);
        for (const [i, reward] of expected.flat().entries()) {
          const difference = Math.abs((scores[i] as number) - reward);
          assert.ok(difference <= 1e-5 * Math.max(1, Math.abs(reward)), `text ${i}: ${scores[i]}, expected ${reward}`);
        }
      }
    });
  }
});
