/** A reward at each token of a row, by networks of every family: what each beginning of the row gets as a row alone. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readCheckpoint } from '../../dist/model/checkpoint/checkpoint.js';
import { layoutFactsOf } from '../../dist/model/layout/choose-layout.js';
import { preparationFor } from '../../dist/model/precision.js';
import { openPrepared } from '../../dist/model/prepared/open.js';
import { prepareModel } from '../../dist/model/prepared/prepare.js';
import { readTokenizerFiles } from '../../dist/model/tokenizer/files.js';
import { Tokenizer } from '../../dist/model/tokenizer/tokenizer.js';
import { root, temporaryDirectory } from '../support/run.js';
import {
  type ModelFamily,
  makeSyntheticModel,
  modelFamilies,
  readModelDescriptions,
} from '../support/synthetic-model.js';
import { tries } from '../support/tries.js';

const directory = temporaryDirectory();
const nothing = (): void => undefined;

/** For models of so few dimensions: |difference| <= this x max(1, |reward|). */
const TOLERANCE = 1e-5;

async function baseOf(family: ModelFamily): Promise<string> {
  const [description] = await readModelDescriptions(family);
  assert.ok(description);
  const model = join(directory, family);
  await makeSyntheticModel(model, description);
  return model;
}

describe('a trace is the rewards of the beginnings', () => {
  for (const family of modelFamilies) {
    test(family, async () => {
      const model = await baseOf(family);
      const checkpoint = readCheckpoint(model);
      const { network } = checkpoint;
      const options = { useCache: false, notify: nothing, heartbeat: nothing };
      const prepared = await prepareModel(checkpoint, preparationFor('fp32', model), options);
      const padTokenId = 1;
      const scorer = await openPrepared(prepared.directory, layoutFactsOf(network), { labels: 1, padTokenId });
      // Few ids, so that the pad token is among them and rows repeat themselves.
      const rows = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 40 });
      try {
        await fc.assert(
          fc.asyncProperty(rows, fc.nat(), async (row, start) => {
            const from = start % row.length;
            const trace = await scorer.trace(row, from, nothing);
            assert.equal(trace.length, row.length - from);
            for (const [i, reward] of trace.entries()) {
              const { logits } = await scorer.score([row.slice(0, from + i + 1)], nothing);
              const alone = logits[0] as number;
              assert.ok(
                Math.abs(reward - alone) <= TOLERANCE * Math.max(1, Math.abs(alone)),
                `${i}: ${reward}, ${alone}`,
              );
            }
            const { logits } = await scorer.score([row], nothing);
            const whole = logits[0] as number;
            assert.ok(Math.abs((trace.at(-1) as number) - whole) <= TOLERANCE * Math.max(1, Math.abs(whole)));
          }),
          { numRuns: tries(20) },
        );
      } finally {
        await scorer.release();
        rmSync(prepared.directory, { recursive: true });
      }
    });
  }
});

test('the pieces of a text are the text, and a byte of a character is written as such', () => {
  const tokenizer = new Tokenizer(readTokenizerFiles(join(root, 'fixtures/tiny-gpt2')));
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const ids = tokenizer.encode(text);
      assert.equal(tokenizer.textOf(ids), text);
      const spelled = ids.map((id) => tokenizer.pieceOf(id).text).join('');
      const bytes = spelled.replace(/<0x([0-9A-F]{2})>/g, (_, hex: string) => `%${hex}`);
      if (!/[<%]/.test(text)) assert.equal(decodeURIComponent(bytes), text);
    }),
  );
});
