/** Other servers' routes: what each client's body is answered with, and that the numbers are those of /v1/rewards. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { paths } from '../../dist/serve/routes.js';
import { copyExportedModel } from '../support/exported-models.js';
import { root, temporaryDirectory } from '../support/run.js';
import { type Answer, ask, LINES_TYPE, model, post, rewards, type Served, startReady } from '../support/server.js';

const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));
const softmax = (logits: readonly number[]): number[] => {
  const powers = logits.map(Math.exp);
  return powers.map((power) => power / powers.reduce((sum, other) => sum + other, 0));
};

/** The same, but for numbers within rounding, as which rows share a batch depends on when clients ask. */
function assertAnswer(actual: unknown, expected: unknown, place = 'answer'): void {
  if (typeof expected === 'number' && typeof actual === 'number') {
    assert.ok(Math.abs(actual - expected) < 2e-6, `${place}: expected ${expected}, got ${actual}`);
  } else if (expected instanceof RegExp) {
    assert.match(String(actual), expected, place);
  } else if (typeof expected === 'object' && expected !== null) {
    assert.ok(typeof actual === 'object' && actual !== null, place);
    assert.deepEqual(Object.keys(actual), Object.keys(expected), place);
    for (const [name, value] of Object.entries(expected)) {
      assertAnswer((actual as Record<string, unknown>)[name], value, `${place}.${name}`);
    }
  } else assert.equal(actual, expected, place);
}

const asked = (served: Served, path: string, body: unknown): Promise<Answer> =>
  post(served, path, JSON.stringify(body));

async function answered(served: Served, path: string, body: unknown): Promise<unknown> {
  const { status, text } = await asked(served, path, body);
  assert.equal(status, 200, text);
  return JSON.parse(text) as unknown;
}

const rewardsOf = async (served: Served, rows: readonly unknown[]): Promise<number[]> =>
  (await rewards(served, rows)).map(({ reward }) => reward as number);

describe('a model with one label', { concurrency: 2 }, () => {
  let served: Served;
  let [a, b, c, pairA, pairB, otherB, talk] = [0, 0, 0, 0, 0, 0, 0];
  const messages = [
    { role: 'user', content: 'hi' },
    { role: 'assistant', content: 'hello' },
  ];
  before(async () => {
    served = await startReady(['-j', '1', '--max-body-bytes', '20000']);
    const pairs = ['q a', 'q b', 'r b'].map((pair) => ({ prompt: pair[0], response: pair.slice(2) }));
    [a = 0, b = 0, c = 0, pairA = 0, pairB = 0, otherB = 0, talk = 0] = await rewardsOf(served, [
      'a',
      'b',
      'User: hi\nBot: hello',
      ...pairs,
      { messages },
    ]);
    assert.equal(new Set([a, b, c, pairA, pairB, otherB, talk]).size, 7);
  });

  const list = (kind: RegExp, data: unknown, tokens: number) => ({
    id: kind,
    object: 'list',
    created: /^\d{10}$/,
    model,
    data,
    usage: { prompt_tokens: tokens, total_tokens: tokens, completion_tokens: 0, prompt_tokens_details: null },
  });
  const label = 'LABEL_0';
  const classes = (...probs: number[]) => probs.map((p, index) => ({ index, label, probs: [p], num_classes: 1 }));

  test('vLLM: /classify follows the flag of the request, and else the problem type', async () => {
    for (const path of ['/classify', '/v1/classify']) {
      const verl = { model: 'any', input: 'User: hi\nBot: hello', activation: false };
      assertAnswer(await answered(served, path, verl), list(/^classify-[0-9a-f]{32}$/, classes(c), 10));
      const texts = await answered(served, path, { input: ['a', 'b'], use_activation: true });
      assertAnswer(texts, list(/^classify-/, classes(sigmoid(a), sigmoid(b)), 2));
      const conversation = (await answered(served, path, { messages })) as { data: unknown };
      assertAnswer(conversation.data, classes(sigmoid(talk)));
    }
  });

  test('vLLM: /pooling gives logits, unless the request says otherwise', async () => {
    const pooled = (data: number[]) => data.map((value, index) => ({ index, object: 'pooling', data: [value] }));
    assertAnswer(await answered(served, '/pooling', { input: ['a', 'b'] }), list(/^pool-/, pooled([a, b]), 2));
    for (const more of [{ task: 'classify' }, { use_activation: true }]) {
      const { data } = (await answered(served, '/pooling', { input: 'a', ...more })) as { data: unknown };
      assertAnswer(data, pooled([sigmoid(a)]));
    }
  });

  test('vLLM: /score pairs one query with each document, or as many with as many', async () => {
    for (const path of ['/score', '/v1/score']) {
      const scored = (scores: number[]) => scores.map((score, index) => ({ index, object: 'score', score }));
      const one = await answered(served, path, { queries: 'q', documents: ['a', 'b'] });
      assertAnswer(one, list(/^score-/, scored([sigmoid(pairA), sigmoid(pairB)]), 4));
      const many = await answered(served, path, { text_1: ['q', 'r'], text_2: ['a', 'b'], use_activation: false });
      assertAnswer(many, list(/^score-/, scored([pairA, otherB]), 4));
    }
  });

  test('Cohere: /rerank gives the best first', async () => {
    const documents = ['a', { text: 'b' }];
    const best = [pairA, pairB]
      .map((logit, index) => ({ index, document: { text: 'ab'[index] }, relevance_score: sigmoid(logit) }))
      .sort((x, y) => y.relevance_score - x.relevance_score);
    const usage = list(/./, 0, 4).usage;
    for (const path of ['/rerank', '/v1/rerank', '/v2/rerank']) {
      const all = await answered(served, path, { model: 'any', query: 'q', documents });
      assertAnswer(all, { id: /^rerank-/, model, usage, results: best });
      const first = await answered(served, path, { query: 'q', documents, top_n: 1, return_documents: false });
      const [{ index, relevance_score } = { index: 0, relevance_score: 0 }] = best;
      assertAnswer((first as { results: unknown }).results, [{ index, relevance_score }]);
    }
  });

  test('TEI: /rerank is told apart by its texts', async () => {
    const best = [pairA, pairB].map((score, index) => ({ index, score })).sort((x, y) => y.score - x.score);
    const body = { query: 'q', texts: ['a', 'b'] };
    assertAnswer(await answered(served, '/rerank', { ...body, raw_scores: true }), best);
    const asked = { ...body, raw_scores: true, truncate: null, truncation_direction: 'Right', top_n: 1 };
    assertAnswer(await answered(served, '/rerank', asked), best.slice(0, 1));
    const texts = best.map(({ index, score }) => ({ index, score: sigmoid(score), text: 'ab'[index] }));
    assertAnswer(await answered(served, '/rerank', { ...body, return_text: true }), texts);
  });

  test('TEI: /predict takes a text, ONE pair, or a batch', async () => {
    const one = (score: number) => [{ score, label }];
    const predict = (inputs: unknown, more: object = {}) => answered(served, '/predict', { inputs, ...more });
    assertAnswer(await predict('a'), one(sigmoid(a)));
    assertAnswer(await predict(['q', 'a'], { raw_scores: true }), one(pairA));
    assertAnswer(await predict([['a'], ['q', 'b']], { truncate: false }), [one(sigmoid(a)), one(sigmoid(pairB))]);
    assertAnswer(await predict('a', { parameters: { function_to_apply: 'none', top_k: 1 } }), [one(a)]);
  });

  test('SGLang: /classify is told apart by its text, and gives logits', async () => {
    const embedded = (logit: number) => ({ embedding: [logit], meta_info: { model, prompt_tokens: 1 } });
    assertAnswer(await answered(served, '/classify', { model: 'any', text: ['a', 'b'] }), [a, b].map(embedded));
    assertAnswer(await answered(served, '/classify', { text: 'a' }), embedded(a));
  });

  test('OpenAI: /v1/embeddings has the reward as numbers, or as base64 of a float32', async () => {
    const embed = async (more: object) =>
      (await answered(served, '/v1/embeddings', { input: ['a', 'b'], ...more })) as object;
    const data = [a, b].map((reward, index) => ({ object: 'embedding', index, embedding: [reward] }));
    const usage = { prompt_tokens: 2, total_tokens: 2 };
    assertAnswer(await embed({}), { object: 'list', data, model, usage });
    const encoded = (await embed({ encoding_format: 'base64' })) as { data: { embedding: string }[] };
    const decoded = encoded.data.map(({ embedding }) => Buffer.from(embedding, 'base64').readFloatLE());
    assertAnswer(decoded, [a, b]);
  });

  test('answers name the model, and where its settings stand', async () => {
    const { headers } = await asked(served, '/classify', { text: 'a' });
    assert.equal(headers.get('x-reward-score-model'), model);
    assert.equal(headers.get('link'), '</v1/models>; rel="describedby"');
    const info = JSON.parse((await ask(`${served.url}/info`)).text) as Record<string, unknown>;
    const { settings } = info as { settings: Record<string, unknown> };
    assert.deepEqual(
      [info.model_id, info.max_input_length, info.reward_activation, settings.maxLength],
      [model, 256, 'none', { value: 256, source: 'the default for GPT2' }],
    );
    assert.equal((await ask(`${served.url}/health`)).status, 200);
  });

  const openAi = (code: number, type: string, message: RegExp | string, more = {}) => ({
    error: { message, type, param: null, code, ...more },
  });
  const bad = (message: RegExp | string) => openAi(400, 'BadRequestError', message);
  for (const [path, body, status, expected] of [
    [
      '/classify',
      { input: ['a', ''] },
      422,
      openAi(422, 'UnprocessableEntityError', 'input[1]: EMPTY_TEXT: text is empty', {
        index: 1,
        row_error: 'EMPTY_TEXT',
      }),
    ],
    ['/classify', { input: [[1, 2]] }, 400, bad(/^expected input\[0\] to be a string, got an array; texts are read/)],
    ['/classify', { input: [] }, 400, bad('expected input to have a text at least, got none')],
    ['/classify', {}, 400, bad('expected input or messages, got neither')],
    ['/classify', { input: 'a', text: 'a' }, 400, bad(/^expected the members model, text, rid, got "input"$/)],
    ['/classify', { input: 'a', temperature: 0 }, 400, bad(/^expected the members model, .*, got "temperature"$/)],
    [
      '/classify',
      { input: 'a', add_generation_prompt: true },
      400,
      bad(/^expected add_generation_prompt to be false, or left/),
    ],
    ['/classify', { messages, chat_template: 'x' }, 400, bad('expected chat_template to be left out, got "x"')],
    [
      '/pooling',
      { input: 'a', truncate_prompt_tokens: 12 },
      400,
      bad('expected truncate_prompt_tokens to be -1 or 256 (the default for GPT2), got 12'),
    ],
    [
      '/pooling',
      { input: 'a', task: 'embed' },
      400,
      bad('expected task to be reward or classify or score, got "embed"'),
    ],
    [
      '/score',
      { queries: ['q', 'r'], documents: ['a', 'b', 'c'] },
      400,
      bad(/^expected one of queries, or as many as/),
    ],
    [
      '/score',
      { queries: ['q', 'r', 's'], documents: ['a', 'b'] },
      400,
      bad(/^expected one of queries, or as many as/),
    ],
    ['/score', { queries: ['q', 'r'], documents: ['a'] }, 400, bad(/^expected one of queries, or as many as/)],
    ['/rerank', { query: 'q', documents: ['a', 3] }, 400, bad(/^expected documents\[1\] to be a string, got a number/)],
    [
      '/rerank',
      { query: 'q', documents: ['a'], top_n: -1 },
      400,
      bad('expected top_n to be a whole number from 0 up, got -1'),
    ],
    ['/v1/embeddings', { input: 'a', dimensions: 8 }, 400, bad('expected dimensions to be 1, or left out, got 8')],
    [
      '/predict',
      { inputs: ['a', 'b', 'c'] },
      400,
      {
        error: /^expected inputs to be one text or two, which are a pair, got more than two/,
        error_type: 'Validation',
      },
    ],
    [
      '/predict',
      { inputs: [['a'], [`b${' b'.repeat(300)}`]], truncate: false },
      413,
      {
        error: /^inputs\[1\]: expected at most 256 tokens where truncate is false, got \d+ more$/,
        error_type: 'Validation',
        index: 1,
      },
    ],
    [
      '/predict',
      { inputs: `b${' b'.repeat(300)}`, truncation_direction: 'Right' },
      400,
      {
        error:
          'inputs[0] is too long and was cut: expected truncation_direction to be left (the default for GPT2), got "Right"',
        error_type: 'Validation',
        index: 0,
      },
    ],
    [
      '/predict',
      { inputs: 'a', truncation_direction: 'middle' },
      400,
      { error: 'expected truncation_direction to be left or right, got "middle"', error_type: 'Validation' },
    ],
    [
      '/rerank',
      { query: 'q', texts: ['a', ''] },
      422,
      { error: 'texts[1]: EMPTY_TEXT: response is empty', error_type: 'Tokenizer', code: 'EMPTY_TEXT', index: 1 },
    ],
  ] as const) {
    test(`${path} ${JSON.stringify(body).slice(0, 60)} is refused in its client's form`, async () => {
      const answer = await asked(served, path, body);
      assert.equal(answer.status, status, answer.text);
      assertAnswer(JSON.parse(answer.text), expected);
    });
  }

  test('gzip is read on every route, and bounded by what it becomes', async () => {
    const send = (path: string, body: Uint8Array<ArrayBuffer>, type = {}) =>
      post(served, path, body, { 'Content-Encoding': 'gzip', ...type });
    const zipped = (text: string) => new Uint8Array(gzipSync(text));
    const classified = await send('/classify', zipped('{"text":"a"}'));
    assert.equal(classified.status, 200, classified.text);
    const rows = await send('/v1/rewards', zipped('"a"\n"b"\n'), { 'Content-Type': LINES_TYPE });
    assert.equal(rows.text.trimEnd().split('\n').length, 2);
    const bomb = await send('/classify', zipped(`{"text":"${'a'.repeat(2 ** 21)}"}`));
    assert.equal(bomb.status, 413);
    assert.match(bomb.text, /expected a body of at most 20000 bytes/);
    const damaged = await send('/classify', new Uint8Array(Buffer.from('{"text":"a"}')));
    assert.equal(damaged.status, 400);
    assert.match(damaged.text, /expected a body of gzip, as Content-Encoding says: /);
    assert.match((await ask(`${served.url}/metrics`)).text, /^reward_score_held_bytes 0$/m);
  });

  test('the table of routes is what the server answers, OpenAPI says and the documents list', async () => {
    const { paths: described } = JSON.parse((await ask(`${served.url}/openapi.json`)).text) as {
      paths: Record<string, Record<string, unknown>>;
    };
    assert.deepEqual(Object.keys(described), paths);
    const page = (await ask(`${served.url}/docs`)).text;
    assert.doesNotMatch(page, /`/);
    assert.doesNotMatch(page, /(?:src|href)="(?!\/)/);
    const document = readFileSync(join(root, 'docs/serve.md'), 'utf8');
    for (const path of paths) {
      const [method = ''] = Object.keys(described[path] ?? {});
      assert.ok(page.includes(`<code>${method.toUpperCase()} ${path}</code>`), path);
      assert.ok(document.includes(`\`${method.toUpperCase()} ${path}\``), `docs/serve.md: ${method} ${path}`);
      const { status } = method === 'get' ? await ask(served.url + path) : await post(served, path, '[');
      assert.equal(status, method === 'get' ? 200 : 400, path);
    }
  });
});

test('a model with several labels: all of them where a client can read them, and a refusal where it cannot', async () => {
  const file = copyExportedModel(join(temporaryDirectory(), 'labelled'), 'bert');
  const args = ['-m', file, '--logit', 'good', '-j', '1', '--activation', 'sigmoid', '--prompt', 'question'];
  const served = await startReady(args);
  const texts = { text_1: 'q', text_2: 'a' };
  const refused = await asked(served, '/score', texts);
  assert.match(refused.text, /expected a model with one label on this route, got one with \d; ask \/classify/);
  assert.equal(refused.status, 400);
  const [logits = []] = (await answered(served, '/predict', { inputs: [['q', 'a']], raw_scores: true })) as {
    score: number;
    label: string;
  }[][];
  assert.ok(logits.length > 1);
  assert.ok(logits.every(({ score }, i) => i === 0 || score <= (logits[i - 1]?.score ?? 0)));
  const scores = softmax(logits.map(({ score }) => score));
  const predicted = await answered(served, '/predict', { inputs: ['q', 'a'] });
  assertAnswer(
    predicted,
    logits.map(({ label }, i) => ({ score: scores[i], label })),
  );
  // The server's own activation is that of its own routes alone.
  const [reward = 0] = await rewardsOf(served, [{ question: 'q', response: 'a' }]);
  assertAnswer(reward, sigmoid(logits.find(({ label }) => label === 'good')?.score ?? 0));
});
