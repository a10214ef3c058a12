/** How a call ends before its inputs do: by its signal, even where the source is silent, and by a reader that leaves. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { loadRewardModel, type RewardModel } from '../../dist/index.js';
import { root } from '../support/run.js';

process.env.REWARD_SCORE_CACHE = join(root, '.test-build/cache');

let model: RewardModel;
before(async () => {
  model = await loadRewardModel(join(root, 'fixtures/tiny-gpt2'), { workers: 2 });
});
after(() => model.close());

interface Latch {
  readonly opened: Promise<void>;
  open(): void;
}

function latch(): Latch {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Gives so many texts and is silent then; `heard` opens when another one is asked for. */
function silentAfter(texts: number) {
  const heard = latch();
  const spoken = latch();
  const closed = latch();
  async function* source(): AsyncGenerator<string> {
    try {
      for (let i = 0; i < texts; i++) yield `text ${i}`;
      heard.open();
      await spoken.opened;
    } finally {
      closed.open();
    }
  }
  return { source: source(), heard: heard.opened, speak: spoken.open, closed: closed.opened };
}

const reason = new Error('enough');

for (const texts of [0, 3]) {
  test(`a signal is heard while the source is silent after ${texts} texts`, async () => {
    const { source, heard, speak, closed } = silentAfter(texts);
    const stop = new AbortController();
    let results = 0;
    const reading = (async () => {
      for await (const _ of model.scoreStream(source, { signal: stop.signal })) results++;
    })();
    await heard;
    stop.abort(reason);
    await assert.rejects(reading, reason);
    assert.ok(results <= texts);
    // When it speaks again, it learns that nobody listens.
    speak();
    await closed;
  });
}

test('a reader leaves while the source is silent', async () => {
  const { source, speak, closed } = silentAfter(1);
  for await (const { ok } of model.scoreStream(source)) {
    assert.ok(ok);
    break;
  }
  speak();
  await closed;
});

test('a signal that was aborted before takes no input, and its source is left as it is', async () => {
  let asked = 0;
  const source = { [Symbol.iterator]: () => ({ next: () => ({ done: ++asked > 3, value: 'text' }) }) };
  const signal = AbortSignal.abort(reason);
  await assert.rejects(model.scoreStream(source, { signal }).next(), reason);
  await assert.rejects(model.score(source, { signal }), reason);
  assert.equal(asked, 0);
});

/** Texts without end, and what became of their source. */
function endless(onText: (count: number) => void = () => undefined) {
  const state = { taken: 0, closed: 0 };
  function* texts(): Generator<string> {
    try {
      for (;;) {
        onText(++state.taken);
        yield `text ${state.taken % 70}`;
      }
    } finally {
      state.closed++;
    }
  }
  async function* asynchronous(): AsyncGenerator<string> {
    try {
      yield* texts();
    } finally {
      // The end of a source may take its time: files are closed, connections given back.
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      state.closed++;
    }
  }
  return { state, texts, asynchronous };
}

for (const [kind, most] of [
  ['texts', 1],
  ['asynchronous', 2],
] as const) {
  test(`after break, few inputs were taken and the source has closed: ${kind}`, async () => {
    for (const wanted of [1, 100]) {
      const inputs = endless();
      let results = 0;
      for await (const { ok } of model.scoreStream(inputs[kind]())) {
        assert.ok(ok);
        if (++results === wanted) break;
      }
      assert.equal(inputs.state.closed, most, `after ${wanted}`);
      // A batch for each worker, one on its way and one that is read: of 32, or as many as results were taken.
      assert.ok(inputs.state.taken <= wanted + 4 * Math.max(32, wanted), `${wanted}: ${inputs.state.taken} inputs`);
    }
  });
}

test('what a source throws when it is closed reaches a reader that leaves, and hides no other error', async () => {
  const closing = new Error('cannot be closed');
  const source = () => ({
    [Symbol.iterator]: () => ({
      next: () => ({ done: false, value: 'text' }),
      return() {
        throw closing;
      },
    }),
  });
  await assert.rejects(async () => {
    for await (const _ of model.scoreStream(source())) break;
  }, closing);
  const stop = new AbortController();
  await assert.rejects(async () => {
    for await (const _ of model.scoreStream(source(), { signal: stop.signal })) stop.abort(reason);
  }, reason);
});

test('a call that is aborted by its own inputs takes no more of them, and closes them', async () => {
  const stop = new AbortController();
  const { state, texts } = endless((count) => {
    if (count === 5000) stop.abort(reason);
  });
  await assert.rejects(model.score(texts(), { signal: stop.signal }), reason);
  assert.equal(state.closed, 1);
});

test('long inputs that are all there at once', async () => {
  const long = 'word '.repeat(40_000); // 200 kB: a batch of these is longer than a string may be
  const inputs = Array.from({ length: 40 }, (_, i) => ({ text: `${i}`, note: long }));
  let results = 0;
  for await (const { ok } of model.scoreStream(inputs)) if (ok) results++;
  assert.equal(results, inputs.length);
});
