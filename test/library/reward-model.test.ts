/** The library's door, as a program uses it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { FatalError, loadRewardModel, type RewardModel, type RewardResult } from '../../dist/index.js';
import { jsonLines, rewardScore, root } from '../support/run.js';

const fixture = join(root, 'fixtures/tiny-gpt2');
const cache = join(root, '.test-build/cache');
process.env.REWARD_SCORE_CACHE = cache;

describe('a loaded model', () => {
  let model: RewardModel;
  before(async () => {
    model = await loadRewardModel(fixture, { workers: 2 });
  });
  after(() => model.close());

  test('gives the rewards of the command line, for texts and rows in every form', async () => {
    const rows = [
      'User: hi\nBot: hello\n',
      { prompt: 'User: hi\nBot:', response: ' hello' },
      { messages: [{ role: 'user', content: 'hi' }], candidates: ['a', 'b'] },
      { chosen: 'good', rejected: 'bad' },
    ];
    const { stdout } = await rewardScore(['-q', '-m', fixture], {
      stdin: rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
    });
    const [text, response, candidates, pair] = jsonLines(stdout);
    const expected = [text?.reward, response?.reward, candidates?.reward, [pair?.reward_chosen, pair?.reward_rejected]];
    const results = await model.score(rows);
    assert.deepEqual(
      results.map((result) => result.ok && roundTo32(result.reward)),
      expected.map((reward) => roundTo32(reward as number | number[])),
    );
  });

  test('a bad input is a value in its place, and its neighbours are scored', async () => {
    const results = await model.score(['fine', '', {}, { text: 'fine', reward: 3 }, undefined as never, 'fine']);
    assert.deepEqual(
      results.map((result) => (result.ok ? 'ok' : result.code)),
      ['ok', 'EMPTY_TEXT', 'BAD_ROW', 'ok', 'BAD_ROW', 'ok'],
    );
    const [partly] = await model.score([{ prompt: 'x', candidates: ['a', ''] }]);
    assert.ok(partly !== undefined && !partly.ok && partly.code === 'EMPTY_TEXT');
    assert.equal(typeof partly.reward?.[0], 'number');
    assert.equal(partly.reward?.[1], null);
  });

  test('a stream of inputs gives what an array of them gives, in order', async () => {
    const inputs = Array.from({ length: 5000 }, (_, i) => (i % 11 === 0 ? '' : `text ${i % 70}`));
    const whole = await model.score(inputs);
    const streamed: RewardResult[] = [];
    for await (const result of model.scoreStream(inputs)) streamed.push(result);
    assert.equal(streamed.length, whole.length);
    for (const [i, result] of streamed.entries()) {
      const expected = whole[i];
      if (result.ok && expected?.ok)
        assert.ok(Math.abs((result.reward as number) - (expected.reward as number)) < 1e-5);
      else assert.deepEqual(result, expected);
    }
  });

  test('an input of a stream is answered before the next one is given', async () => {
    const answers: boolean[] = [];
    let answered: () => void = () => undefined;
    async function* inputs(): AsyncGenerator<string> {
      for (let i = 0; i < 5; i++) {
        const answer = new Promise<void>((resolve) => {
          answered = resolve;
        });
        yield `text ${i}`;
        await answer;
        assert.equal(answers.length, i + 1);
      }
    }
    for await (const { ok } of model.scoreStream(inputs())) {
      answers.push(ok);
      answered();
    }
    assert.deepEqual(answers, [true, true, true, true, true]);
  });

  test('a stream ends early: by its reader, by a signal, by what its inputs throw', async () => {
    let tell: () => void = () => undefined;
    const told = new Promise<void>((resolve) => {
      tell = resolve;
    });
    async function* endless(): AsyncGenerator<string> {
      try {
        for (;;) yield 'text';
      } finally {
        tell();
      }
    }
    for await (const { ok } of model.scoreStream(endless())) {
      assert.ok(ok);
      break;
    }
    await told;
    const stop = new AbortController();
    const reason = new Error('enough');
    await assert.rejects(async () => {
      for await (const _ of model.scoreStream(endless(), { signal: stop.signal })) stop.abort(reason);
    }, reason);
    async function* broken(): AsyncGenerator<string> {
      yield 'text';
      throw reason;
    }
    const seen: boolean[] = [];
    await assert.rejects(async () => {
      for await (const { ok } of model.scoreStream(broken())) seen.push(ok);
    }, reason);
    assert.deepEqual(seen, [true]);
    assert.equal((await model.score(['still there']))[0]?.ok, true);
  });

  test('no inputs, many inputs, and calls that overlap', async () => {
    assert.deepEqual(await model.score([]), []);
    const many = Array.from({ length: 9000 }, (_, i) => `text ${i % 70}`);
    const [all, some] = await Promise.all([model.score(many), model.score(many.slice(0, 70))]);
    assert.equal(all.length, 9000);
    for (const [i, result] of all.entries()) assert.deepEqual(result.ok, some[i % 70]?.ok);
    const close = (a: unknown, b: unknown): boolean => Math.abs((a as number) - (b as number)) < 1e-5;
    assert.ok(all.every((result, i) => close(result.reward, some[i % 70]?.reward)));
  });

  test('an aborted call rejects with the reason, and the model scores on', async () => {
    const reason = new Error('enough');
    await assert.rejects(model.score(['a'], { signal: AbortSignal.abort(reason) }), reason);
    const controller = new AbortController();
    const call = model.score(
      Array.from({ length: 9000 }, (_, i) => `text ${i}`),
      { signal: controller.signal },
    );
    controller.abort(reason);
    await assert.rejects(call, reason);
    assert.equal((await model.score(['a']))[0]?.ok, true);
  });
});

const roundTo32 = (reward: number | readonly (number | null)[]): unknown =>
  typeof reward === 'number' ? Math.fround(reward) : reward.map((one) => Math.fround(one as number));

test('a model that is not there is a FatalError of kind usage', async () => {
  await assert.rejects(loadRewardModel('./nowhere'), (error) => error instanceof FatalError && error.kind === 'usage');
});

test('closing waits for the calls under way, windows that still queue for a worker included', async () => {
  const model = await loadRewardModel(fixture, { workers: 1 });
  assert.deepEqual(model.settings.maxLength, { value: 256, source: 'the default for GPT2' });
  assert.deepEqual(model.settings.template, { value: 'chai', source: 'the default for GPT2' });
  const many = Array.from({ length: 25_000 }, (_, i) => `text ${i % 70}`); // seven windows
  const call = model.score(many);
  await new Promise((resolve) => setImmediate(resolve)); // the windows are cut and queue
  await model.close();
  const results = await call;
  assert.equal(results.length, many.length);
  assert.ok(results.every(({ ok }) => ok));
});

test('a closed model says so, and closing twice is no harm', async () => {
  const model = await loadRewardModel(fixture, { workers: 1 });
  await Promise.all([model.close(), model.close()]);
  await assert.rejects(model.score(['a']), /the model is closed/);
});

test('from a program given on the command line', () => {
  const program = `
    import { loadRewardModel } from './dist/index.js';
    const model = await loadRewardModel('fixtures/tiny-gpt2');
    const [result] = await model.score(['User: hi']);
    await model.close();
    process.stdout.write(String(result.ok));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.equal(output, 'true');
});
