/** Inputs that only a program can give: what is wrong with one is a value in its place. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { loadRewardModel, type RewardInput, type RewardModel } from '../../dist/index.js';
import { root } from '../support/run.js';

process.env.REWARD_SCORE_CACHE = join(root, '.test-build/cache');

let model: RewardModel;
before(async () => {
  model = await loadRewardModel(join(root, 'fixtures/tiny-gpt2'), { workers: 1 });
});
after(() => model.close());

/** As programs write rows: an interface has no index signature. */
interface Row {
  readonly prompt: string;
  readonly response: string;
  readonly id?: number;
}

test('rows of an interface are inputs', async () => {
  const rows: readonly Row[] = [{ prompt: 'a', response: ' b' }];
  const [result] = await model.score(rows);
  assert.equal(result?.ok, true);
});

const circle: Record<string, unknown> = { text: 'x' };
circle.self = circle;
const nested = (levels: number): unknown => Array.from({ length: levels }).reduce((inner: unknown) => [inner], 0);
const throwing = (thrown: unknown): object => ({
  get text() {
    throw thrown;
  },
});

/** Where JSON.stringify recurses. Later versions of Node do not, and such a row is scored. */
const deep = { text: 'x', extra: nested(20_000) };
const tooDeep = canBeJson(deep)
  ? []
  : [['20,000 levels', deep, /^expected an input that JSON can hold: .*stack/] as const];

function canBeJson(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}

test('a row as deep as JSON can hold is scored', async () => {
  const [result] = await model.score([canBeJson(deep) ? deep : { text: 'x', extra: nested(500) }]);
  assert.equal(result?.ok, true);
});

const bad: readonly (readonly [what: string, input: unknown, message: RegExp])[] = [
  ['a BigInt', 10n, /^expected an input that JSON can hold: .*BigInt/],
  ['a BigInt in a row', { text: 'x', id: 10n }, /^expected an input that JSON can hold: .*BigInt/],
  ['a circle', circle, /^expected an input that JSON can hold: .*circular/],
  ['a getter that throws', throwing(new Error('broken')), /^expected an input that JSON can hold: broken$/],
  ['a getter that throws what has no text', throwing(Object.create(null)), /^expected an input that JSON can hold: /],
  ...tooDeep,
  ['a function', () => 'x', /^expected a string or an object, got function$/],
  ['a symbol', Symbol('x'), /^expected a string or an object, got symbol$/],
  ['undefined', undefined, /^expected a string or an object, got undefined$/],
  ['an object that is nothing as JSON', { toJSON: () => undefined }, /toJSON\(\) gives nothing$/],
  ['null', null, /^expected a JSON object or string, got null$/],
  ['a number', 5, /^expected a JSON object or string, got a number$/],
];

test('a bad input fails in its place, and never the call', async () => {
  const inputs = bad.flatMap(([, input], i) => [`good ${i}`, input]) as RewardInput[];
  const streamed = [];
  for await (const result of model.scoreStream(inputs)) streamed.push(result);
  for (const results of [await model.score(inputs), streamed]) {
    assert.equal(results.length, inputs.length);
    for (const [i, [what, , message]] of bad.entries()) {
      assert.equal(results[2 * i]?.ok, true, what);
      const result = results[2 * i + 1];
      assert.ok(result !== undefined && !result.ok && result.code === 'BAD_ROW', what);
      assert.match(result.message, message, what);
    }
  }
});
