/** Options of the library: undefined is the default, and what is not an option is refused by the name that a program has for it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { FatalError, loadRewardModel, type RewardModelOptions, type RewardResult } from '../../dist/index.js';
import { root } from '../support/run.js';

const fixture = join(root, 'fixtures/tiny-gpt2');
process.env.REWARD_SCORE_CACHE = join(root, '.test-build/cache');

async function scoreWith(options: RewardModelOptions): Promise<RewardResult[]> {
  const model = await loadRewardModel(fixture, { workers: 1, ...options });
  try {
    return await model.score(['User: hi, how are you today?', 'zzz']);
  } finally {
    await model.close();
  }
}

// Typed, so that the compiler says it where an option does not take undefined.
const allUndefined: { readonly [K in keyof RewardModelOptions]-?: undefined } = {
  tokenizer: undefined,
  maxLength: undefined,
  truncationSide: undefined,
  reserve: undefined,
  activation: undefined,
  precision: undefined,
  head: undefined,
  logit: undefined,
  template: undefined,
  templateDate: undefined,
  lastSpeaker: undefined,
  botName: undefined,
  userName: undefined,
  system: undefined,
  workers: undefined,
  workerTimeout: undefined,
  cache: undefined,
  offline: undefined,
  signal: undefined,
};

test('an option that is undefined has its default', async () => {
  const byDefault = await scoreWith({});
  assert.deepEqual(await scoreWith({ ...allUndefined, workers: 1 }), byDefault);
  assert.notDeepEqual(await scoreWith({ activation: 'sigmoid' }), byDefault);
  // Long enough to be cut at either side.
  const cut = await scoreWith({ maxLength: 3 });
  assert.deepEqual(await scoreWith({ ...allUndefined, maxLength: 3, workers: 1 }), cut);
  assert.notDeepEqual(await scoreWith({ maxLength: 3, truncationSide: 'right' }), cut);
});

const wrong: readonly (readonly [options: unknown, message: string])[] = [
  [{ maxLength: Number.NaN }, 'expected maxLength to be a whole number from 1 up, got NaN'],
  [{ maxLength: 1.5 }, 'expected maxLength to be a whole number from 1 up, got 1.5'],
  [{ maxLength: 0 }, 'expected maxLength to be a whole number from 1 up, got 0'],
  [{ maxLength: '5' }, 'expected maxLength to be a whole number from 1 up, got "5"'],
  [{ maxLength: null }, 'expected maxLength to be a whole number from 1 up, got null'],
  [{ reserve: -3 }, 'expected reserve to be a whole number from 0 up, got -3'],
  [{ truncationSide: 'x' }, 'expected truncationSide to be one of left, right, got "x"'],
  [{ activation: 'x' }, 'expected activation to be one of none, sigmoid, softmax, got "x"'],
  [{ activation: 'toString' }, 'expected activation to be one of none, sigmoid, softmax, got "toString"'],
  [{ precision: 'fp16' }, 'expected precision to be one of fp32, int8, auto, got "fp16"'],
  [{ precision: ['int8'] }, "expected precision to be one of fp32, int8, auto, got [ 'int8' ]"],
  [
    { head: 'yes-no:yes' },
    'expected head to be yes-no:A,B or token:N, with two words or the id of a token, got "yes-no:yes"',
  ],
  [{ logit: 0 }, 'expected logit to be the number or name of a label, got 0'],
  [{ tokenizer: '' }, 'expected tokenizer to be a directory or an id on the hub, got ""'],
  [
    { tokenizer: Object.create(null) },
    'expected tokenizer to be a directory or an id on the hub, got [Object: null prototype] {}',
  ],
  [{ template: true }, 'expected template to be chai, dialogrpt, chatml, model, pair, none or a Jinja file, got true'],
  [{ workers: -1 }, 'expected workers to be a whole number from 0 to 256, got -1'],
  [{ workers: 1n }, 'expected workers to be a whole number from 0 to 256, got 1n'],
  [
    { workerTimeout: Number.POSITIVE_INFINITY },
    'expected workerTimeout to be a whole number from 1 to 1000000, got Infinity',
  ],
  [{ cache: 0 }, 'expected cache to be true or false, got 0'],
  [{ offline: 'yes' }, 'expected offline to be true or false, got "yes"'],
  [{ signal: {} }, 'expected signal to be an AbortSignal, got {}'],
];

const names =
  'tokenizer, maxLength, truncationSide, reserve, activation, precision, head, logit, template, ' +
  'lastSpeaker, botName, userName, system, templateDate, workers, workerTimeout, ' +
  'cache, offline, signal';
const unknown: typeof wrong = [
  ...['activaton', 'model', 'strict', 'max_length', 'constructor'].map(
    (name) => [{ [name]: 'none' }, `expected options ${names}, got ${name}`] as const,
  ),
  [null, `expected an object with the options ${names}, got null`],
  ['int8', `expected an object with the options ${names}, got "int8"`],
];

const usageErrorWith =
  (message: string) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof FatalError, String(error));
    assert.deepEqual([error.kind, error.message], ['usage', message]);
    return true;
  };

test('what an option does not take, and an option that there is not, are refused', async () => {
  for (const [options, message] of [...wrong, ...unknown]) {
    await assert.rejects(loadRewardModel(fixture, options as RewardModelOptions), usageErrorWith(message));
  }
  await assert.rejects(
    loadRewardModel({} as string),
    usageErrorWith('expected model to be a directory, an id on the hub or an .onnx file, got {}'),
  );
});

test('the options of a call are no others', async () => {
  const model = await loadRewardModel(fixture, { workers: 1 });
  try {
    for (const [options, message] of [
      [{ signal: 5 }, 'expected signal to be an AbortSignal, got 5'],
      [{ timeout: 5 }, 'expected options signal, got timeout'],
      [null, 'expected an object with the options signal, got null'],
    ] as const) {
      await assert.rejects(model.score(['a'], options as never), usageErrorWith(message));
      await assert.rejects(model.scoreStream(['a'], options as never).next(), usageErrorWith(message));
    }
    assert.equal((await model.score(['a'], { signal: undefined }))[0]?.ok, true);
  } finally {
    await model.close();
  }
});
