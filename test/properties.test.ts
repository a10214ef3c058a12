/** The program's invariants (docs/design/001-shape.md), each as a property of the real binary or the library. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { loadRewardModel, type RewardModel } from '../dist/index.js';
import { runBinary, runBinaryInChunks } from './support/binary.js';
import { jsonLines, rewardScore, root, temporaryDirectory, writeFile } from './support/run.js';
import { makeSyntheticModel, readModelDescriptions } from './support/synthetic-model.js';
import { tries } from './support/tries.js';

const directory = temporaryDirectory();
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
const messages = fc.array(fc.record({ role: fc.constantFrom('user', 'assistant', 'system'), content: text }), {
  minLength: 1,
  maxLength: 4,
});

/** Rows in every form; what stands beside the fields that are read must come through untouched. */
const row = fc.oneof(
  fc.record({ text, extra: fc.jsonValue() }),
  fc.record({ id: fc.bigInt(), prompt: text, response: text }),
  fc.record({ messages, response: text }),
  fc.record({ messages, candidates: fc.array(text, { minLength: 1, maxLength: 4 }) }),
  fc.record({ chosen: text, rejected: text }),
);

const stringify = (value: unknown, indent: string): string =>
  JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? Number(inner) : inner), indent).replaceAll(
    '\n',
    ' ',
  );

/** A line of JSONL as people write it: any spacing and line end, and now and then no row at all. */
const line = fc.tuple(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.tuple(row, fc.constantFrom('', ' ')).map(([value, indent]) => stringify(value, indent)),
    },
    { weight: 1, arbitrary: text.map((value) => JSON.stringify(value)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('{"text": ', 'nonsense', '[1, 2]', '{}', '{"text": ""}', '  ', '{"text":"\\ud800"}'),
    },
  ),
  fc.constantFrom('\n', '\n', '\n', '\r\n', ' \n'),
);

/** Input that begins with a JSON array is refused as a whole: that is another test's. */
const FIRST = '"first"\n';

/** A run costs half a second: a failure is shown as it was found, not made small over minutes. */
const costly = { endOnFailure: true, includeErrorInReport: true };

/** Enough lines for several windows (4,096 rows each), from a palette, so that fast-check need not make each. */
const manyLines = fc
  .tuple(fc.array(line, { minLength: 5, maxLength: 60 }), fc.integer({ min: 8300, max: 13_000 }))
  .map(([palette, count]) => [
    FIRST,
    ...Array.from({ length: count }, (_, i) => {
      const [content, end] = palette[(i * 7919) % palette.length] as [string, string];
      return content + end;
    }),
  ]);

/** A model that costs little: none of this depends on what is computed. */
const cheap = ['-q', '-m', join(root, 'fixtures/tiny-gpt2')];

describe('the output does not depend on how the work is done', () => {
  test('workers, file or pipe, chunks of the input, and the order of answers', async () => {
    await fc.assert(
      fc.asyncProperty(
        manyLines,
        fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 8 }),
        async (lines, cuts) => {
          const content = Buffer.from(lines.join(''));
          const file = writeFile(directory, 'many.jsonl', content);
          const windows = Math.ceil(lines.length / 4096);
          const one = await rewardScore([...cheap, '-j', '1', file]);
          assert.ok(one.code === 0 || one.code === 3, one.stderr);

          const two = await rewardScore([...cheap, '-j', '2', file]);
          assert.ok(two.bytes.equals(one.bytes), '2 workers');
          const piped = await rewardScore([...cheap, '-j', '5'], { stdin: content });
          assert.ok(piped.bytes.equals(one.bytes), '5 workers, from a pipe');
          const chunks = await runBinaryInChunks([...cheap, '-j', '2'], content, cuts);
          assert.ok(chunks.bytes.equals(one.bytes), 'in chunks');

          const held = await runBinary([...cheap, '-j', '3', file], {
            nodeFlags: ['--import', join(root, 'test/support/hold-windows.mjs')],
            env: { HOLD_BELOW: String(windows) },
          });
          assert.ok(held.bytes.equals(one.bytes), 'answers out of order');
          const order = [...held.stderr.matchAll(/answered (\d+)/g)].map((match) => Number(match[1]));
          assert.ok(order.indexOf(1) >= 0 && order.indexOf(1) < order.indexOf(0), `answers came in order: ${order}`);
        },
      ),
      { ...costly, numRuns: tries(1) },
    );
  });
});

describe('one record out for each record in', () => {
  test('in order, and unchanged but for what was spliced in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 300 }), async (lines) => {
        const run = await rewardScore(['-q', '--reward-field', 'r'], {
          stdin: FIRST + lines.map((parts) => parts.join('')).join(''),
        });
        const expected = lines.filter(([content]) => content.trim() !== '');
        const records = run.stdout.split('\n').slice(1, -1);
        assert.equal(records.length, expected.length);
        for (const [i, record] of records.entries()) {
          const [content, end] = expected[i] as [string, string];
          const whole = `${record}\n`;
          if (content.startsWith('{') && content.endsWith('}')) {
            const body = content.slice(0, content.lastIndexOf('}'));
            assert.ok(whole.startsWith(body), record);
            assert.ok(whole.endsWith(`}${end}`), record);
            assert.match(whole.slice(body.length), /^,?"(r|r_chosen|reward_error)":/);
          } else if (content.startsWith('"')) {
            assert.ok(whole.startsWith(`{"text":${content},"r":`), record);
          } else {
            assert.equal(
              (JSON.parse(record) as { reward_error: { input: string } }).reward_error.input,
              content.trim(),
            );
          }
        }
      }),
      { ...costly, numRuns: tries(4) },
    );
  });
});

describe("a row's reward does not depend on its neighbours", () => {
  let plain: RewardModel;
  let withNaN: RewardModel;
  /** Rows with this token (" the") are NaN under the second model, as is whatever they poison. */
  const poison = 'Here is the row.';

  before(async () => {
    process.env.REWARD_SCORE_CACHE = join(root, '.test-build/cache');
    const models = await readModelDescriptions();
    for (const name of ['base', 'nan-in-wte']) {
      const model = models.find((description) => description.name === name);
      assert.ok(model);
      await makeSyntheticModel(join(directory, name), model);
    }
    plain = await loadRewardModel(join(directory, 'base'), { workers: 1 });
    withNaN = await loadRewardModel(join(directory, 'nan-in-wte'), { workers: 1 });
  });
  after(async () => {
    await plain.close();
    await withNaN.close();
  });

  /** Texts that share beginnings, repeat, and pass the truncation length. */
  const texts = fc
    .tuple(
      fc.array(text, { minLength: 1, maxLength: 4 }),
      fc.array(fc.array(fc.nat({ max: 3 }), { maxLength: 60 }), { minLength: 1, maxLength: 20 }),
    )
    .map(([words, rows]) => rows.map((picks) => `start${picks.map((pick) => words[pick % words.length]).join('')}`));

  const close = (a: unknown, b: unknown): boolean =>
    typeof a === 'number' && typeof b === 'number' && Math.abs(a - b) <= 1e-5 * Math.max(1, Math.abs(b));

  test('beside others as alone', async () => {
    await fc.assert(
      fc.asyncProperty(texts, async (rows) => {
        const together = await plain.score(rows);
        for (const [i, row] of rows.entries()) {
          const [alone] = await plain.score([row]);
          const among = together[i];
          assert.ok(
            alone?.ok && among?.ok && close(among.reward, alone.reward),
            `${row}: ${JSON.stringify([among, alone])}`,
          );
        }
      }),
      { numRuns: tries(15) },
    );
  });

  test('beside one that gives NaN as alone', async () => {
    await fc.assert(
      fc.asyncProperty(texts, fc.nat(), async (rows, at) => {
        const position = at % (rows.length + 1);
        const mixed = [...rows.slice(0, position), `start ${poison}`, ...rows.slice(position)];
        const together = await withNaN.score(mixed);
        assert.deepEqual(together[position]?.ok, false);
        for (const [i, row] of mixed.entries()) {
          const [alone] = await withNaN.score([row]);
          const among = together[i];
          if (alone?.ok) assert.ok(among?.ok && close(among.reward, alone.reward), row);
          else assert.equal(among?.ok, false, row);
        }
      }),
      { numRuns: tries(10) },
    );
  });

  test('and equal rows have equal rewards', async () => {
    const [first, , second] = jsonLines(
      (await rewardScore(['-q', '-m', join(directory, 'base')], { stdin: '"same text"\n"same texts"\n"same text"\n' }))
        .stdout,
    );
    assert.equal(first?.reward, second?.reward);
  });
});
