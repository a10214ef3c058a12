import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type BatchSettings, buildBatches, type PlacedBatch } from '../../dist/model/layout/padded.js';

const PAD = 0;
const POSITIONS = 100;
const settings: BatchSettings = {
  padTokenId: PAD,
  maxPositions: POSITIONS,
  rowByRow: false,
  limits: { batchTokens: 2048, batchRows: 64 },
};
const rows = fc.array(fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: POSITIONS }), { maxLength: 80 });

/** What is computed, without where it comes from. */
const shapes = (batches: readonly PlacedBatch[]): unknown => batches.map(({ tokens, width }) => ({ tokens, width }));

describe('batches', () => {
  test('hold every row once, equal ones together, within bounds', () => {
    fc.assert(
      fc.property(rows, fc.boolean(), (input, rowByRow) => {
        const placed = buildBatches(input, { ...settings, rowByRow }).flatMap(({ tokens, width, rows }) => {
          assert.ok(width * tokens.length <= 2048 && width <= POSITIONS);
          if (rowByRow) assert.equal(tokens.length, 1);
          return tokens.flatMap((row, i) => {
            assert.ok(row.length <= width);
            if (rowByRow || row.includes(PAD)) assert.equal(row.length, width, 'a row with a pad token was padded');
            return (rows[i] ?? []).map((place) => ({ place, row }));
          });
        });
        assert.deepEqual(
          placed.sort((a, b) => a.place - b.place).map(({ row }) => row),
          input,
        );
        const distinct = new Set(input.map(String)).size;
        assert.equal(
          buildBatches(input, settings).reduce((sum, { tokens }) => sum + tokens.length, 0),
          distinct,
        );
      }),
    );
  });

  test('do not depend on the order of the rows', () => {
    fc.assert(
      fc.property(rows, (input) => {
        assert.deepEqual(shapes(buildBatches(input.toReversed(), settings)), shapes(buildBatches(input, settings)));
      }),
    );
  });

  test('have few widths', () => {
    const lengths = Array.from({ length: POSITIONS }, (_, i) => Array.from({ length: i + 1 }, () => 1));
    const widths = new Set(buildBatches(lengths, settings).map(({ width }) => width));
    assert.deepEqual([...widths], [8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 100]);
  });
});
