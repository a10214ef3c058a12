/** Rows over HTTP: every form is answered with what score prints for it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { jsonLines, rewardScore, root } from '../support/run.js';
import { assertSameText } from '../support/same-text.js';
import { LINES_TYPE, model, post, rewards, type Served, startReady } from '../support/server.js';

const turns = [
  { role: 'user', content: 'Is it far?' },
  { role: 'bot', content: 'Two hours by train.' },
];

const rows: readonly unknown[] = [
  'User: hi\nBot: hello\n',
  { text: 'a text' },
  { input_text: 'by another name' },
  { prompt: 'User: hi\nBot:', response: ' hello' },
  { prompt: 'User: hi\nBot:', completion: ' hello', id: 7 },
  { messages: turns },
  { conversation: [{ from: 'Anna', value: 'Hello.' }] },
  { turns: [{ speaker: 'Anna', message: 'Hello.' }], response: 'Hi.', bot_name: 'Ben' },
  { context: turns, responses: ['Thanks.', { text: 'No.' }] },
  { prompt: 'User: hi\nBot:', candidates: [' a', ' b', { content: ' c' }] },
  { prompt: 'User: hi\nBot:', chosen: ' good', rejected: ' bad' },
  { chosen: [...turns, turns[0]], rejected: [...turns, turns[1]] },
  { text: 'ünïcode ☂ \u2028 and "quotes"', nested: { deep: [1, { a: null }] } },
  { text: 'long '.repeat(400) },
];

const badRows: readonly unknown[] = [
  { text: '' },
  {},
  { text: 3 },
  { prompt: 'a', candidates: ['b', '', 'c'] },
  { text: 'a', reward: 1 },
  { messages: [{ role: 'user' }] },
  { text: '\ud800' },
  [],
  3,
  null,
  true,
];

const lines = (values: readonly unknown[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');

async function printed(input: string | Uint8Array, flags: readonly string[] = []): Promise<string> {
  const { stdout } = await rewardScore(['-q', '-m', model, ...flags], { stdin: input });
  return stdout;
}

describe('a server with the defaults', { concurrency: 2 }, () => {
  let served: Served;
  before(async () => {
    served = await startReady(['-j', '2']);
  });
  const sendLines = async (body: string | Uint8Array<ArrayBuffer>): Promise<string> => {
    const { status, headers, text } = await post(served, '/v1/rewards', body, { 'Content-Type': LINES_TYPE });
    assert.deepEqual([status, headers.get('content-type')], [200, LINES_TYPE], text);
    return text;
  };

  for (const [what, values] of [
    ['rows of every form', rows],
    ['bad rows', badRows],
    ['good ones beside bad ones', rows.flatMap((row, i) => [badRows[i % badRows.length], row])],
  ] as const) {
    test(`${what}: as score prints them`, async () => {
      const expected = await printed(lines(values));
      assertSameText(lines(await rewards(served, values)), lines(jsonLines(expected)));
      assertSameText(await sendLines(lines(values)), expected);
    });
  }

  test('an array is answered with one, and {"rows"} with the same', async () => {
    const body = (text: string) => post(served, '/v1/rewards', text);
    assert.match((await body('{"rows":["a"]}')).text, /^\{"rows":\[\{"text":"a","reward":-?[\d.]+\}\]\}$/);
    assert.match((await body(' ["a"] ')).text, /^\[\{"text":"a","reward":-?[\d.]+\}\]$/);
    assert.equal((await body('[]')).text, '[]');
    assert.equal((await body('\ufeff{"rows":[]}')).text, '{"rows":[]}');
  });

  test('JSON lines keep their bytes, and broken ones are bad rows', async () => {
    const body = Buffer.from(
      '\ufeff{"text" : "a",  "n": 12345678901234567890, "e": "\\u00e9"}\r\n\n \t\n{"text": \n"b"\n{"text":"\xff"}\nlast',
      'latin1',
    );
    const mark = Buffer.from('\ufeff');
    for (const bytes of [body.subarray(1), Buffer.concat([mark, body.subarray(1)]), Buffer.from(''), mark]) {
      assertSameText(await sendLines(new Uint8Array(bytes)), await printed(new Uint8Array(bytes)));
    }
    const [first, , , last] = (await sendLines(new Uint8Array(body.subarray(1)))).split('\n');
    assert.match(first as string, /^\{"text" : "a", {2}"n": 12345678901234567890, "e": "\\u00e9","reward":.*\}\r$/);
    assert.match(last as string, /"reward":null,"reward_error":\{"code":"BAD_UTF8"/);
  });

  test('the fixture of the README', async () => {
    const input = new Uint8Array(readFileSync(join(root, 'fixtures/conversations.jsonl')));
    assertSameText(await sendLines(input), await printed(input));
  });

  test('many rows of clients at once come back to whom they belong, in order', async () => {
    const texts = Array.from({ length: 40 }, (_, i) => `text ${i}`);
    const known = new Map((await rewards(served, texts)).map(({ text, reward }) => [text, reward as number]));
    const clients = Array.from({ length: 30 }, async (_, client) => {
      const sent = Array.from({ length: client === 0 ? 20_000 : 1 + client * 3 }, (__, i) => ({
        id: `${client}-${i}`,
        text: texts[(client * 7 + i) % texts.length],
      }));
      const records = await rewards(served, sent);
      assert.equal(records.length, sent.length);
      for (const [i, { reward, ...row }] of records.entries()) {
        assert.deepEqual(row, sent[i]);
        assert.ok(Math.abs((reward as number) - (known.get(row.text) as number)) < 1e-5);
      }
    });
    await Promise.all(clients);
  });

  test('a row that is nested deeply is a bad one, and a good one with such a field beside its text', async () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const answer = await post(served, '/v1/rewards', `["a",${deep},{"text":"b","deep":${deep}}]`);
    assert.equal(answer.status, 200);
    const [bad, good] = [
      answer.text.indexOf('{"reward":null,"reward_error":{"code":"BAD_ROW"'),
      answer.text.indexOf(`,{"text":"b","deep":${deep},"reward":`),
    ];
    assert.ok(0 < bad && bad < good, answer.text.slice(0, 200));
  });

  test('rows in a JSON document keep their bytes: numbers, spelling, order and spaces', async () => {
    const body = `{ "rows" : [
      {"text": "a",\t"n": 12345678901234567890, "huge": 1e400, "zero": -0.0, "e": "\\u00e9", "2": 0, "1": 0},
      "\\u0061",
      {
        "text": "b"
      }
    ] }`;
    const { status, text } = await post(served, '/v1/rewards', body);
    assert.equal(status, 200);
    assert.match(
      text,
      /^\{"rows":\[\{"text": "a",\t"n": 12345678901234567890, "huge": 1e400, "zero": -0\.0, "e": "\\u00e9", "2": 0, "1": 0,"reward":[-.\d]+\},\{"text":"\\u0061","reward":[-.\d]+\},\{ {9}"text": "b" {7},"reward":[-.\d]+\}\]\}$/,
    );
  });
});

test('flags say how rows are read and scored, as for score', async () => {
  const flags = [
    ...['--template', 'chatml', '--activation', 'sigmoid', '--max-length', '24', '--reserve', '8'],
    ...['--reward-field', 'score', '--details', '--candidates', 'replies', '--prompt', 'ask.first'],
  ];
  const values = [
    { ask: { first: 'Is it far?' }, replies: ['Yes.', 'No, two hours by train, if it is on time.', ''] },
    { text: 'whole' },
    { messages: turns, score: 3 },
  ];
  const served = await startReady(['-j', '1', ...flags]);
  const expected = lines(jsonLines(await printed(lines(values), flags)));
  assert.match(expected, /"score_truncated":\[\d/);
  assertSameText(lines(await rewards(served, values)), expected);
});
