/** Encoders' logits for rows of token ids, against those of transformers (test/oracle/make_encoders.py). */
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { distanceRows } from '../../dist/model/architectures/disentangled.js';
import { encoderNamed, encoders, makeEncoder, withScorer } from '../support/encoder-models.js';
import { readOracle, texts } from '../support/oracle.js';
import { jsonLines, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';

interface Reference {
  readonly distances: readonly {
    readonly buckets: number;
    readonly farthest: number;
    readonly maxPositions: number;
    readonly starts: readonly number[];
    readonly rows: readonly number[];
    readonly rowsBehind: readonly number[];
  }[];
  readonly tokenizerConfig: object;
  /** The logits of each of texts.json, by the model's name. */
  readonly texts: Readonly<Record<string, readonly (readonly number[])[]>>;
  /** The logits of pairs of the first forty texts, each with the next, by the model's name. */
  readonly pairs: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly rows: readonly { readonly ids: readonly number[]; readonly types?: readonly number[] }[];
  readonly models: Readonly<
    Record<string, { readonly sha256: string; readonly logits: readonly (readonly (number | null)[])[] }>
  >;
}

/** For models of so few dimensions: |difference| <= this x max(1, |logit|). */
const TOLERANCE = 1e-5;

const reference = readOracle<Reference>('encoder_rewards.json');
const directory = temporaryDirectory();
const nothing = (): void => undefined;

test('every model has a reference', () => {
  assert.deepEqual(
    Object.keys(reference.models),
    encoders.map(({ name }) => name),
  );
});

describe('logits equal the reference', () => {
  const rows = reference.rows.map(({ ids }) => ids);
  const types = reference.rows.map((row) => row.types);

  for (const { model, filled } of encoders.flatMap((model) => [false, true].map((filled) => ({ model, filled })))) {
    test(`${model.name}${filled ? ', rows filled up' : ''}`, async () => {
      const path = join(directory, `${model.name} ${filled}`);
      const { sha256 } = makeEncoder(path, model);
      const expected = reference.models[model.name];
      assert.ok(expected);
      assert.equal(sha256, expected.sha256, 'other tensors than those of the reference');
      await withScorer(
        path,
        async (scorer) => {
          const { logits } = await scorer.score(rows, nothing, types);
          const labels = logits.length / rows.length;
          for (const [row, values] of expected.logits.entries()) {
            assert.equal(values.length, labels);
            for (const [label, value] of values.entries()) {
              assert.ok(value !== null);
              const got = logits[row * labels + label] as number;
              const difference = Math.abs(got - value) / Math.max(1, Math.abs(value));
              assert.ok(difference <= TOLERANCE, `row ${row}, label ${label}: expected ${value}, got ${got}`);
            }
          }
        },
        { filled },
      );
    });
  }
});

describe("DeBERTa's distances", () => {
  for (const { starts, rows, rowsBehind, ...positions } of reference.distances) {
    test(JSON.stringify(positions), () => {
      const got = distanceRows(positions);
      const here = positions.maxPositions - 1;
      const changes = Array.from({ length: here }, (_, i) => i + 1).filter(
        (at) => got[here + at] !== got[here + at - 1],
      );
      assert.deepEqual(changes, starts);
      assert.deepEqual(
        starts.map((at) => got[here + at]),
        rows,
      );
      assert.deepEqual(
        starts.map((at) => got[here - at]),
        rowsBehind,
      );
    });
  }
});

function modelWithTokenizer(name: string): string {
  const model = join(directory, `${name}-with-tokenizer`);
  makeEncoder(model, encoderNamed(name));
  cpSync(join(root, 'test/oracle/encoder_tokenizer.json'), join(model, 'tokenizer.json'));
  writeFile(model, 'tokenizer_config.json', JSON.stringify(reference.tokenizerConfig));
  return model;
}

describe('texts have the reference rewards, through the program', () => {
  const lines = texts.map(({ text }) => `${JSON.stringify({ text })}\n`).join('');

  for (const [name, expected] of Object.entries(reference.texts)) {
    test(name, async () => {
      const model = modelWithTokenizer(name);
      for (const logit of (expected[0] as readonly number[]).keys()) {
        const run = await rewardScore(['-q', '-m', model, '-j', '2', '--logit', String(logit)], { stdin: lines });
        // A text of nothing but spaces has no tokens of its own: a failure here, and a number in the reference.
        assert.equal(run.code, 3, run.stderr);
        for (const [i, row] of jsonLines(run.stdout).entries()) {
          if (texts[i]?.text.trim() === '') {
            assert.equal((row.reward_error as { code: string }).code, 'EMPTY_TEXT');
            continue;
          }
          const value = expected[i]?.[logit] as number;
          const difference = Math.abs((row.reward as number) - value) / Math.max(1, Math.abs(value));
          assert.ok(difference <= TOLERANCE, `${texts[i]?.name}: expected ${value}, got ${row.reward}`);
        }
      }
    });
  }
});

describe('texts have the reference rewards of every label at once', () => {
  const lines = texts.map(({ text }) => `${JSON.stringify({ text })}\n`).join('');
  const several = Object.entries(reference.texts).filter(([, [first = []]]) => first.length > 1);

  for (const [name, expected] of several) {
    test(name, async () => {
      const labels = Object.values(encoderNamed(name).config.id2label as Record<string, string>);
      const run = await rewardScore(['-q', '-m', modelWithTokenizer(name), '-j', '2', '--logit', 'all'], {
        stdin: lines,
      });
      assert.equal(run.code, 3, run.stderr);
      const rows = jsonLines(run.stdout);
      assert.equal(rows.length, texts.length);
      for (const [i, { reward }] of rows.entries()) {
        if (texts[i]?.text.trim() === '') {
          assert.equal(reward, null);
          continue;
        }
        assert.deepEqual(Object.keys(reward as object), labels);
        for (const [label, got] of Object.values(reward as Record<string, number>).entries()) {
          const value = expected[i]?.[label] as number;
          const difference = Math.abs(got - value) / Math.max(1, Math.abs(value));
          assert.ok(difference <= TOLERANCE, `${texts[i]?.name}, ${labels[label]}: expected ${value}, got ${got}`);
        }
      }
    });
  }
});

test('what is read of an encoder is shown, and its problem_type is not applied', async () => {
  const model = modelWithTokenizer('bert-labels');
  const { code, stdout } = await rewardScore(['model', 'info', model]);
  assert.equal(code, 0);
  assert.match(stdout, /^labels +bad, fair, good$/m);
  assert.match(stdout, /^problemType +multi_label_classification$/m);
  assert.match(stdout, /^reads +template: pair \(the default for Bert\)$/m);
  assert.match(stdout, /^reads +pooling: first token \(BertForSequenceClassification\)$/m);
  const mean = await rewardScore(['model', 'info', modelWithTokenizer('modernbert-mean')]);
  assert.match(mean.stdout, /^reads +pooling: mean of all tokens \(ModernBertForSequenceClassification\)$/m);
  const refused = await rewardScore(['-m', model], { stdin: '{"text":"a"}\n' });
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /bad.*fair.*good/);
});

describe('pairs have the reference rewards, through the program', () => {
  const some = texts
    .map(({ text }) => text)
    .filter((text) => text.trim() !== '')
    .slice(0, 40);
  const pairs = some.map((prompt, i) => ({ prompt, response: some[(i + 1) % some.length] }));
  const lines = pairs.map((row) => `${JSON.stringify(row)}\n`).join('');

  for (const [name, expected] of Object.entries(reference.pairs)) {
    test(name, async () => {
      const run = await rewardScore(['-q', '-m', modelWithTokenizer(name), '-j', '2'], { stdin: lines });
      assert.equal(run.code, 0, run.stderr);
      for (const [i, row] of jsonLines(run.stdout).entries()) {
        const [value] = expected[i] as readonly [number];
        const difference = Math.abs((row.reward as number) - value) / Math.max(1, Math.abs(value));
        assert.ok(difference <= TOLERANCE, `${texts[i]?.name}: expected ${value}, got ${row.reward}`);
      }
    });
  }
});
