/** What a server makes of requests that are no rows, of strangers, and of OpenRLHF's trainer. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { before, describe, test } from 'node:test';
import { rewardScore } from '../support/run.js';
import {
  ask,
  connectTo,
  JSON_TYPE,
  LINES_TYPE,
  messageOf,
  metricsOf,
  model,
  post,
  rewards,
  type Served,
  startReady,
  untilClosed,
} from '../support/server.js';
import { testWrongUses } from '../support/wrong-use.js';

const LIMIT = 4000;

describe('a server for this machine alone', { concurrency: 2 }, () => {
  let served: Served;
  before(async () => {
    served = await startReady(['-j', '1', '--max-body-bytes', String(LIMIT)]);
  });

  const shape = 'expected {"rows": [...]} or an array of rows';
  for (const [body, message] of [
    ['', /^expected a body of JSON: Unexpected end of JSON input$/],
    ['{"rows":[', /^expected a body of JSON: \S/],
    ['{"text":"a"}\n{"text":"b"}', /^expected a body of JSON: \S/],
    ['"a"', `${shape}, got a string`],
    ['null', `${shape}, got null`],
    ['{"text":"a"}', `${shape}, got {"text":"a"}`],
    ['{"rows":{"text":"a"}}', `${shape}, got {"rows":{"text":"a"}}`],
    ['{"rows":[],"model":"x"}', `${shape}, got a member "model" beside rows; how rows are scored is the server's`],
  ] as const) {
    test(`/v1/rewards ${body}`, async () => {
      const answer = await post(served, '/v1/rewards', body);
      assert.equal(answer.status, 400);
      if (typeof message === 'string') assert.equal(messageOf(answer), message);
      else assert.match(messageOf(answer), message);
    });
  }

  test('/v1/models says how texts are read, and whence', async () => {
    const answer = await ask(`${served.url}/v1/models`);
    assert.equal(answer.status, 200);
    const { object, data } = JSON.parse(answer.text) as { object: string; data: Record<string, unknown>[] };
    const [{ id, settings } = {}] = data;
    assert.deepEqual([object, data.length, id], ['list', 1, model]);
    const { template, maxLength, truncationSide, lastSpeaker, specialTokens } = settings as Record<string, unknown>;
    const source = 'the default for GPT2';
    assert.deepEqual(
      { template, maxLength, truncationSide, lastSpeaker, specialTokens },
      {
        template: { value: 'chai', source },
        maxLength: { value: 256, source },
        truncationSide: { value: 'left', source },
        lastSpeaker: { value: 'any', source: 'a layout' },
        specialTokens: { value: { before: [], after: [] }, source: 'the tokenizer' },
      },
    );
    assert.equal((await post(served, '/v1/models', '')).status, 405);
  });

  test('JSON that is not UTF-8', async () => {
    const answer = await post(served, '/v1/rewards', new Uint8Array(Buffer.from('["\xff"]', 'latin1')));
    assert.deepEqual([answer.status, messageOf(answer)], [400, 'expected a body of JSON: not UTF-8']);
  });

  test('JSON that is cut, and a member whose value is wrong deep within', async () => {
    const shown = await post(served, '/v1/rewards', `{"text":${'['.repeat(1500)}${']'.repeat(1500)}}`);
    assert.equal(shown.status, 400);
    assert.ok(messageOf(shown).startsWith(`${shape}, got {"text":[[[`), messageOf(shown));
  });

  for (const [what, headers, message] of [
    ['a form', { 'Content-Type': 'application/x-www-form-urlencoded' }, /json or .*ndjson, got application\/x-www/],
    ['plain text, as other sites may send it', { 'Content-Type': 'text/plain' }, /got text\/plain$/],
    ['another compression', { 'Content-Encoding': 'br' }, /^expected Content-Encoding gzip or none, got br$/],
  ] as const) {
    test(what, async () => {
      const answer = await post(served, '/v1/rewards', '[]', headers);
      assert.equal(answer.status, 415);
      assert.match(messageOf(answer), message);
    });
  }

  test('another path, another method', async () => {
    const lost = await ask(`${served.url}/v1/reward`);
    assert.equal(lost.status, 404);
    assert.match(messageOf(lost), /^expected one of \/v1\/rewards, \/get_reward, \/classify, .*, got \/v1\/reward$/);
    for (const [path, method, allowed] of [
      ['/v1/rewards', 'GET', 'POST'],
      ['/get_reward', 'DELETE', 'POST'],
      ['/metrics', 'POST', 'GET'],
    ] as const) {
      const answer = await ask(served.url + path, { method });
      assert.deepEqual(
        [answer.status, answer.headers.get('allow'), messageOf(answer)],
        [405, allowed, `expected ${allowed} ${path}, got ${method}`],
      );
    }
  });

  test('bodies of the longest length, and longer by one byte', async () => {
    const body = (length: number): string => JSON.stringify([{ text: 'a', pad: 'x'.repeat(length - 23) }]);
    assert.equal(body(LIMIT).length, LIMIT);
    assert.equal((await post(served, '/v1/rewards', body(LIMIT))).status, 200);
    const answer = await post(served, '/v1/rewards', body(LIMIT + 1));
    const message = `expected a body of at most ${LIMIT} bytes (--max-body-bytes); send its rows in several`;
    assert.deepEqual([answer.status, messageOf(answer)], [413, message]);
  });

  test('a body in chunks is counted as it comes, and refused before its end', async () => {
    const begin = async () => {
      const socket = await connectTo(served);
      const head = ['POST /v1/rewards HTTP/1.1', 'Host: localhost', `Content-Type: ${JSON_TYPE}`];
      socket.write([...head, 'Connection: close', 'Transfer-Encoding: chunked', '', ''].join('\r\n'));
      return socket;
    };
    const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
    const good = await begin();
    for (const piece of ['[', '"a', 'bc', '"]', '']) good.write(chunk(piece));
    assert.match(await untilClosed(good), /^HTTP\/1.1 200 [\s\S]*\[\{"text":"abc","reward":/);
    const long = await begin();
    for (let sent = 0; sent <= LIMIT; sent += 1000) long.write(chunk('x'.repeat(1000)));
    assert.match(await untilClosed(long), /^HTTP\/1.1 413 /);
  });

  test('a name that is not of this machine is refused', async () => {
    for (const [host, status] of [
      ['localhost', 200],
      ['127.0.0.1:1', 200],
      ['[::1]:80', 200],
      ['rebound.example', 403],
      ['127.0.0.1.example', 403],
    ] as const) {
      const socket = await connectTo(served);
      socket.end(`GET /metrics HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      assert.match(await untilClosed(socket), new RegExp(`^HTTP/1.1 ${status} `), host);
    }
  });

  test('what is no HTTP', async () => {
    const socket = await connectTo(served);
    socket.write('hello\r\n\r\n');
    assert.match(await untilClosed(socket), /^HTTP\/1.1 400 /);
    assert.equal((await rewards(served, ['still there'])).length, 1);
  });

  test('no answer lets another site read it, or sets a cookie', async () => {
    for (const init of [{ method: 'OPTIONS' }, {}]) {
      const { headers } = await ask(`${served.url}/v1/rewards`, { ...init, headers: { Origin: 'http://example.com' } });
      const names = [...headers.keys()];
      assert.deepEqual(
        names.filter((name) => /^access-control|cookie/.test(name)),
        [],
      );
    }
  });

  describe('OpenRLHF', () => {
    /** As its trainer asks: openrlhf/utils/agent.py, _fetch_rewards_via_http, of v0.11.0. */
    async function fetchRewards(endpoints: readonly string[], queries: readonly string[], tries = 5) {
      const size = Math.ceil(queries.length / endpoints.length);
      const tasks = endpoints.map(async (endpoint, i) => {
        const query = queries.slice(i * size, Math.min((i + 1) * size, queries.length));
        const body = JSON.stringify({ query, prompts: query.map(() => 'p'), labels: query.map(() => null) });
        for (let attempt = 0; attempt < tries; attempt++) {
          const response = await fetch(endpoint, { method: 'POST', body, headers: { 'Content-Type': JSON_TYPE } });
          // response.raise_for_status(), and again a second later
          if (response.ok) return (await response.json()) as Record<string, unknown>;
        }
        throw new Error(`Request error for ${tries} times, returning None. Please check the API server.`);
      });
      return Promise.all(tasks);
    }

    test('gets a number for each query, be they shared among endpoints or come one by one', async () => {
      const url = `${served.url}/get_reward`;
      const queries = ['User: hi\nBot: hello', 'a', '<|endoftext|>b', 'ünïcode', 'a'];
      const expected = (await rewards(served, queries)).map(({ reward }) => reward as number);
      const answers = await fetchRewards([url, url], queries);
      assert.deepEqual(
        answers.map(({ rewards: got, scores, extra_logs }) => [(got as number[]).length, scores, extra_logs]),
        answers.map(({ rewards: got }, i) => [i === 0 ? 3 : 2, got, {}]),
      );
      const got = answers.flatMap((answer) => answer.rewards as number[]);
      for (const [i, reward] of got.entries()) assert.ok(Math.abs(reward - (expected[i] as number)) < 1e-5);
      const [lone = {}] = await fetchRewards([url], ['a']);
      const [reward = Number.NaN] = lone.rewards as number[];
      assert.ok(Math.abs(reward - (expected[1] as number)) < 1e-5);
      assert.deepEqual(await fetchRewards([url], []), [{ rewards: [], scores: [], extra_logs: {} }]);
    });

    test('gets an error that names the query without a reward, and no number', async () => {
      await assert.rejects(fetchRewards([`${served.url}/get_reward`], ['a', ''], 2), /Request error for 2 times/);
      const answer = await post(served, '/get_reward', '{"query":["a","","\\ud800"]}');
      assert.equal(answer.status, 422);
      assert.deepEqual(JSON.parse(answer.text), {
        error: { message: 'query[1]: EMPTY_TEXT: text is empty', code: 'EMPTY_TEXT', index: 1 },
      });
    });

    for (const [body, message] of [
      ['{}', 'expected {"query": [...]} with texts, got nothing there'],
      ['{"query":"a"}', 'expected {"query": [...]} with texts, got a string there'],
      ['{"query":["a",{"text":"a"}]}', 'expected query[1] to be a string, got an object'],
      ['[]', 'expected a JSON object, got an array'],
      ['{"query":[],"activation":"sigmoid"}', 'expected the members query, prompts, labels, got "activation"'],
    ] as const) {
      test(`/get_reward ${body}`, async () => {
        const answer = await post(served, '/get_reward', body);
        assert.deepEqual([answer.status, messageOf(answer)], [400, message]);
      });
    }

    test('JSON lines are not its form', async () => {
      assert.equal((await post(served, '/get_reward', '', { 'Content-Type': LINES_TYPE })).status, 415);
    });
  });
});

const manyOf = (body: string, rows: number): string =>
  ({
    array: `[${Array(rows).fill(1)}]`,
    rows: `{"rows":[${Array(rows).fill('{}')}]}`,
    query: `{"query":[${Array(rows).fill('"a"')}]}`,
    lines: '1\n\n'.repeat(rows),
  })[body] as string;

describe('how many rows a request may have', { concurrency: 2 }, () => {
  for (const [what, path, type] of [
    ['array', '/v1/rewards', JSON_TYPE],
    ['rows', '/v1/rewards', JSON_TYPE],
    ['lines', '/v1/rewards', LINES_TYPE],
    ['query', '/get_reward', JSON_TYPE],
  ] as const) {
    test(`${what}: as many as have room in --max-queue-bytes, and no more`, async () => {
      const served = await startReady(['-j', '1', '--max-queue-bytes', '4000']);
      const send = (rows: number) => post(served, path, manyOf(what, rows), { 'Content-Type': type });
      assert.equal((await send(15)).status, 200);
      const refused = await send(16);
      assert.deepEqual(
        [refused.status, messageOf(refused)],
        [
          413,
          'expected at most 15 rows in a request (256 bytes of --max-queue-bytes for each), got more; send them in several',
        ],
      );
      const value = await metricsOf(served);
      assert.deepEqual([value('rows_total'), value('held_bytes')], [15, 0]);
    });
  }

  test('the smallest rows in the longest body cost neither time nor memory', async () => {
    const served = await startReady(['-j', '1']);
    const memory = async (): Promise<number> =>
      Number(/^process_resident_memory_bytes (\d+)$/m.exec((await ask(`${served.url}/metrics`)).text)?.[1]);
    const before = await memory();
    const bodies = [
      ...[manyOf('array', 8_300_000), manyOf('array', 8_300_000), manyOf('query', 4_000_000)],
      ...[
        '\n'.repeat(2 ** 24),
        '1\n'.repeat(2 ** 23),
        `{"text":${'['.repeat(2 ** 23 - 10)}${']'.repeat(2 ** 23 - 10)}}`,
      ],
    ];
    for (const body of bodies) {
      const path = body.startsWith('{"query') ? '/get_reward' : '/v1/rewards';
      const answer = await post(served, path, body, { 'Content-Type': /^[1\n]/.test(body) ? LINES_TYPE : JSON_TYPE });
      assert.ok([200, 400, 413].includes(answer.status) && answer.text.length < 1000, answer.text.slice(0, 1000));
    }
    const grown = (await memory()) - before;
    assert.ok(grown < 400 * 2 ** 20, `${grown} bytes more than before`);
    assert.equal((await metricsOf(served))('held_bytes'), 0);
  });
});

test('a server with a token', async () => {
  const token = 'a-secret~token+/=';
  const served = await startReady(['-j', '1', '--host', '0.0.0.0'], { env: { REWARD_SCORE_TOKEN: token } });
  assert.doesNotMatch(served.said(), /secret/);
  const url = `http://127.0.0.1:${served.port}`;
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
  for (const [authorization, status] of [
    [`Bearer ${token}`, 200],
    [`bearer ${token}`, 200],
    [basic(`any:${token}`), 200],
    [undefined, 401],
    ['', 401],
    ['Bearer ', 401],
    ['Bearer wrong', 401],
    [`Bearer ${token}x`, 401],
    [token, 401],
    [basic(`${token}:`), 401],
    ['Basic !', 401],
  ] as const) {
    const headers = { ...(authorization !== undefined && { Authorization: authorization }) };
    for (const path of ['/v1/rewards', '/get_reward']) {
      const body = path === '/get_reward' ? '{"query":["a"]}' : '["a"]';
      const answer = await post({ url }, path, body, headers);
      assert.equal(answer.status, status, `${path} ${authorization}`);
      if (status === 401) assert.equal(answer.headers.get('www-authenticate'), 'Bearer realm="reward-score"');
    }
    assert.equal((await ask(`${url}/metrics`, { headers })).status, status);
    for (const path of ['live', 'ready']) assert.equal((await ask(`${url}/health/${path}`)).status, 200);
  }
});

test('metrics count what was done', async () => {
  const served = await startReady(['-j', '1']);
  const fresh = await metricsOf(served);
  assert.deepEqual([fresh('ready'), fresh('workers'), fresh('rows_total')], [1, 1, 0]);
  await rewards(served, ['a', '', { prompt: 'p', candidates: [' b', ' c'] }, { text: 'long '.repeat(300) }]);
  await rewards(served, [{}]);
  await post(served, '/get_reward', '{"query":["a","b"]}');
  await post(served, '/get_reward', '{"query":[""]}');
  await post(served, '/v1/rewards', 'x');
  const value = await metricsOf(served);
  const expected = {
    'requests_total{route="/v1/rewards",code="200"}': 2,
    'requests_total{route="/v1/rewards",code="400"}': 1,
    'requests_total{route="/get_reward",code="200"}': 1,
    'requests_total{route="/get_reward",code="422"}': 1,
    'requests_total{route="/metrics",code="200"}': 1,
    'request_seconds_count{route="/v1/rewards"}': 2,
    'request_seconds_bucket{route="/v1/rewards",le="+Inf"}': 2,
    'request_seconds_bucket{route="/v1/rewards",le="60"}': 2,
    rows_total: 8,
    'rows_failed_total{code="EMPTY_TEXT"}': 2,
    'rows_failed_total{code="BAD_ROW"}': 1,
    rows_truncated_total: 1,
    rewards_total: 6,
    windows_total: 4,
    worker_restarts_total: 0,
    waiting_rows: 0,
    windows_in_work: 0,
    held_bytes: 0,
  };
  assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, value(name)])), expected);
  assert.ok(value('tokens_total') > 256 && value('computed_tokens_total') > 256);
});

test('two servers on one port: the second one says so', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  const port = await new Promise<number>((resolve) =>
    taken.once('listening', () => resolve((taken.address() as { port: number }).port)),
  );
  const { code, stderr, stdout } = await rewardScore(['serve', '-m', model, '--port', String(port)]);
  taken.close();
  const expected = `reward-score: expected a --host and --port that are free, got 127.0.0.1 and ${port} (listen EADDRINUSE: address already in use 127.0.0.1:${port})\n`;
  assert.deepEqual([code, stderr, stdout], [2, expected, '']);
});

const invalid = (option: string, value: string, expected: string): string =>
  `option '${option}' argument '${value}' is invalid. ${expected}`;

testWrongUses('wrong use', model, [
  ...['0.0.0.0', '::', '192.0.2.1', 'example.com'].map((host) => ({
    args: ['serve', '--host', host],
    stderr: `expected a token with --host ${host}, which other machines reach: set REWARD_SCORE_TOKEN (or --token)`,
  })),
  {
    args: ['serve', '--token', 'two words'],
    stderr: invalid('--token <secret>', 'two words', 'Expected ASCII characters without spaces.'),
  },
  {
    args: ['serve', '--port', '65536'],
    stderr: invalid('--port <number>', '65536', 'Expected a whole number from 0 to 65535.'),
  },
  { args: ['serve', '--host', ' '], stderr: invalid('--host <address>', ' ', 'Expected an address or a name.') },
  {
    args: ['serve', '-m', model, '--host', '192.0.2.1', '--token', 'x'],
    stderr: /^expected a --host and --port that are free, got 192\.0\.2\.1 and 8080 \(listen EADDRNOTAVAIL/,
  },
  { args: ['serve', '-m', './missing'], stderr: './missing: expected a model directory, found nothing of that name' },
  { args: ['serve', 'rows.jsonl'], stderr: /^too many arguments for 'serve'/ },
]);
