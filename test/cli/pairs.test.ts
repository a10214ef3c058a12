/** Pairs of texts, from every form of row to the rewards that transformers gives them (test/oracle/make_pair_rewards.py). */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import type { Explanation, ScoredText } from '../../dist/explanation/explanation.js';
import { copyExportedModel } from '../support/exported-models.js';
import type { Run } from '../support/in-process.js';
import { readOracle } from '../support/oracle.js';
import { jsonLines, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';

const { pairs, rewards, types } = readOracle<{
  readonly pairs: readonly (readonly [string, string])[];
  readonly rewards: Readonly<Record<string, readonly number[]>>;
  /** Of tokenizer_config.json, so that token types are given. */
  readonly types: object;
}>('pair_rewards.json');

const directory = temporaryDirectory();
const lines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** The model of the reference; with token types or without. */
function model(name: string, config: object = types): string {
  const file = copyExportedModel(join(directory, name), 'bert');
  const path = join(dirname(file), 'tokenizer_config.json');
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...config }));
  return file;
}

const typed = model('typed');

const score = (rows: readonly unknown[], ...args: readonly string[]): Promise<Run> =>
  rewardScore(['-q', '-m', typed, '--logit', 'good', '-j', '1', ...args], { stdin: lines(rows) });

function assertClose(actual: unknown, expected: unknown, what: string): void {
  const isClose =
    Math.abs((actual as number) - (expected as number)) <= 1e-5 * Math.max(1, Math.abs(expected as number));
  assert.ok(typeof actual === 'number' && isClose, `${what}: expected ${expected}, got ${actual}`);
}

const expected = rewards['typed, right'] as readonly number[];

function assertRewards(run: Run, wanted: readonly number[]): void {
  assert.equal(run.code, 0, run.stderr);
  const written = jsonLines(run.stdout);
  assert.equal(written.length, pairs.length);
  for (const [i, { reward }] of written.entries()) assertClose(reward, wanted[i], JSON.stringify(pairs[i]));
}

describe('rewards equal the reference', () => {
  const untyped = model('untyped', {});
  for (const [name, wanted] of Object.entries(rewards)) {
    test(name, async () => {
      const [kind, side] = name.split(', ') as [string, string];
      const rows = pairs.map(([query, document]) => ({ query, document }));
      const file = kind === 'typed' ? typed : untyped;
      assertRewards(await score(rows, '-m', file, '--truncation-side', side), wanted);
    });
  }

  test('where config.json knows one type of tokens', async () => {
    const file = model('one-type');
    const config = join(dirname(file), 'config.json');
    writeFileSync(config, JSON.stringify({ ...JSON.parse(readFileSync(config, 'utf8')), type_vocab_size: 1 }));
    const rows = pairs.map(([query, document]) => ({ query, document }));
    assertRewards(await score(rows, '-m', file), rewards['untyped, right'] ?? []);
  });

  test('by the types alone, where ids are equal', () => {
    const [one, other] = [
      pairs.findIndex(([first]) => first === 'a[SEP]b'),
      pairs.findIndex(([, second]) => second === 'b[SEP]c'),
    ];
    assert.notEqual(expected[one], expected[other]);
  });
});

describe('every form of a pair', () => {
  const user = (content: string): object => ({ role: 'user', content });
  const assistant = (content: string): object => ({ role: 'assistant', content });
  const forms: Readonly<Record<string, (first: string, second: string) => object>> = {
    'question and answer': (question, answer) => ({ question, answer }),
    'text and text_pair': (text, text_pair) => ({ text, text_pair }),
    'prompt and response': (prompt, response) => ({ prompt, response }),
    'a message and a response': (first, response) => ({ messages: [user(first)], response }),
    'two messages': (first, second) => ({ messages: [user(first), assistant(second)] }),
    'a prompt and messages': (prompt, second) => ({ prompt, response: [assistant(second)] }),
    'messages in JSON': (first, second) => ({ messages: JSON.stringify([user(first), assistant(second)]) }),
    'messages of other roles': (first, second) => ({
      messages: [
        { role: 'Anna', content: first },
        { role: 'Max', content: second },
      ],
    }),
  };
  for (const [name, make] of Object.entries(forms)) {
    test(name, async () => assertRewards(await score(pairs.map(([first, second]) => make(first, second))), expected));
  }

  test('fields that flags name', async () => {
    const rows = pairs.map(([a, b]) => ({ text: 'unread', left: a, right: b }));
    assertRewards(await score(rows, '--prompt', 'left', '--response', 'right'), expected);
  });

  test('columns of CSV', async () => {
    const cell = (text: string): string => `"${text}"`;
    const csv = ['text,text_pair', ...pairs.map((pair) => pair.map(cell).join(','))].join('\n');
    const run = await rewardScore(['-q', '-m', typed, '--logit', 'good', '--from', 'csv', '--to', 'scores'], {
      stdin: csv,
    });
    assert.equal(run.code, 0, run.stderr);
    for (const [i, reward] of run.stdout.trim().split('\n').entries()) {
      assertClose(Number(reward), expected[i], JSON.stringify(pairs[i]));
    }
  });

  test('columns of Parquet, of which only those are read that count', async () => {
    const path = join(directory, 'pairs.parquet');
    const lines = pairs.map(([text, text_pair]) => `${JSON.stringify({ id: 1, text, text_pair })}\n`).join('');
    const rows = writeFile(directory, 'pairs.jsonl', lines);
    const model = ['-q', '-m', typed, '--logit', 'good'];
    await rewardScore([...model, rows, '-o', path, '--reward-field', 'earlier']);
    const run = await rewardScore([...model, '--to', 'scores', path]);
    assert.equal(run.code, 0, run.stderr);
    for (const [i, reward] of run.stdout.trim().split('\n').entries()) {
      assertClose(Number(reward), expected[i], JSON.stringify(pairs[i]));
    }
  });

  test('candidates, and chosen and rejected', async () => {
    const question = 'How do your legs feel?';
    const answers = pairs.flatMap(([first, second], i) => (first === question ? [[second, expected[i]] as const] : []));
    assert.ok(answers.length > 1);
    const [[chosen, better], [rejected, worse]] = answers as [[string, number], [string, number]];
    const { stdout } = await score([
      { prompt: question, candidates: [chosen, { text: rejected }, ''] },
      { query: question, chosen, rejected: [assistant(rejected)] },
    ]);
    const [row, pair] = jsonLines(stdout);
    const [one, two, none] = (row?.reward ?? []) as (number | null)[];
    assertClose(one, better, chosen);
    assertClose(two, worse, rejected);
    assert.equal(none, null);
    assertClose(pair?.reward_chosen, better, chosen);
    assertClose(pair?.reward_rejected, worse, rejected);
  });
});

test('a row of one text stays one, beside pairs', async () => {
  const [text, second] = ['How do your legs feel?', 'They hurt.'];
  const rows = [{ text }, { text, text_pair: second }, { chosen: text, rejected: second }];
  const { stdout, stderr } = await score(rows);
  const [one, pair, whole] = jsonLines(stdout);
  assert.notEqual(one?.reward, pair?.reward, stderr);
  assertClose(pair?.reward, expected[pairs.findIndex((each) => each[0] === text && each[1] === second)], text);
  assertClose(whole?.reward_chosen, one?.reward, text);
  const [joined] = jsonLines((await score([{ prompt: text, response: second }], '--template', 'none')).stdout);
  assert.deepEqual(joined?.reward, jsonLines((await score([{ text: text + second }])).stdout)[0]?.reward);
});

test('the second text is what is judged: without it there is no pair', async () => {
  const rows = [
    { query: 'a', document: 'b' },
    { query: 'a', document: '' },
    { query: '', document: 'b' },
    { query: 'a', document: null },
    {
      messages: [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: '' },
      ],
    },
    { query: 'a', document: '\ud800' },
    { query: '\udfff', document: 'b' },
  ];
  const run = await score(rows);
  assert.equal(run.code, 3);
  const codes = jsonLines(run.stdout).map(({ reward_error: error }) => (error as { code: string } | undefined)?.code);
  assert.deepEqual(codes, [undefined, 'EMPTY_TEXT', undefined, 'BAD_ROW', 'EMPTY_TEXT', 'BAD_UTF8', 'BAD_UTF8']);
});

describe('what is no pair is refused, and said', () => {
  const message = (content: string): object => ({ role: 'user', content });
  const decoder = ['-m', join(root, 'fixtures/tiny-gpt2')];
  for (const [what, rows, args, says] of [
    [
      'three messages',
      [{ messages: [message('a'), message('b'), message('c')] }],
      [],
      'expected one message before the one that is judged, as the model reads pairs of texts, got 2 in messages; a Jinja file (--template) makes one text of any number',
    ],
    ['one message', [{ messages: [message('a')] }], [], 'as the model reads pairs of texts, got 0 in messages'],
    [
      'a document for a decoder',
      [{ query: 'a', document: 'b' }],
      decoder,
      'expected a text or a conversation, got query and document, the two texts of a pair, which only encoders read; say what is meant with --prompt query --response document',
    ],
    [
      'a text_pair for a decoder',
      [{ text: 'a', text_pair: 'b' }],
      decoder,
      'say what is meant with --prompt text --response text_pair',
    ],
    [
      'a text_pair beside another form',
      [{ text: 'a', text_pair: 'b', response: 'c' }],
      [],
      'expected a text, or the two texts of a pair alone, got text, text_pair and others; say which with --text text, or with --prompt text --response text_pair',
    ],
    [
      'pairs of a decoder',
      [{ text: 'a' }],
      [...decoder, '--template', 'pair'],
      'expected --template pair with an encoder, which reads two texts, got it with GPT2ForSequenceClassification, which reads one',
    ],
    [
      'a reserve',
      [{ query: 'a', document: 'b' }],
      ['--truncation-side', 'left', '--reserve', '8'],
      'expected no --reserve with pairs of texts, of which the longer one is cut first, got 8',
    ],
    [
      'a system message that has no place',
      [{ query: 'a', document: 'b', rules: 'c' }],
      ['--system', 'rules'],
      'expected messages, or a chat template, beside rules (--system), got the text query, which has no place for it',
    ],
  ] as const) {
    test(what, async () => {
      const run = args.includes('-m' as never)
        ? await rewardScore(['-q', ...args], { stdin: lines(rows) })
        : await score(rows, ...args);
      assert.equal(run.code, 2, run.stdout);
      assert.ok(run.stderr.includes(says), run.stderr);
    });
  }

  test('too little room for a pair', async () => {
    const file = model('three-added');
    const path = join(dirname(file), 'tokenizer.json');
    const content = JSON.parse(readFileSync(path, 'utf8'));
    const { pair } = content.post_processor;
    pair.push({ SpecialToken: { id: '[SEP]', type_id: 1 } });
    writeFileSync(path, JSON.stringify(content));
    const run = await score([{ query: 'a', document: 'b' }], '-m', file, '--max-length', '3');
    assert.equal(run.code, 2);
    assert.match(
      run.stderr,
      /expected --max-length above 3, the number of tokens that the tokenizer adds to every pair of texts, got 3/,
    );
  });

  test('by name, a decoder joins them', async () => {
    const rows = [{ text: 'a', text_pair: ' b' }];
    const named = await rewardScore(['-q', ...decoder, '--prompt', 'text', '--response', 'text_pair'], {
      stdin: lines(rows),
    });
    const joined = await rewardScore(['-q', ...decoder], { stdin: lines([{ prompt: 'a', response: ' b' }]) });
    assert.equal(named.code, 0, named.stderr);
    assert.deepEqual(jsonLines(named.stdout)[0]?.reward, jsonLines(joined.stdout)[0]?.reward);
  });

  test('in a later row, which is bad with the same words', async () => {
    const run = await score([{ query: 'a', document: 'b' }, { messages: [message('a'), message('b'), message('c')] }]);
    assert.equal(run.code, 3);
    const error = jsonLines(run.stdout)[1]?.reward_error as { code: string; message: string } | undefined;
    assert.equal(error?.code, 'BAD_ROW');
    assert.match(error.message, /^expected one message before the one that is judged/);
  });
});

describe('what counts tokens counts both texts', () => {
  const [first, second] = [pairs[9]?.[0] as string, pairs[9]?.[1] as string];

  test('score --details and the summary', async () => {
    const summary = join(directory, 'summary.json');
    const run = await score(
      [
        { prompt: first, response: second },
        { prompt: 'a', response: 'b' },
      ],
      '--details',
      '--summary',
      summary,
    );
    const [long, short] = jsonLines(run.stdout);
    assert.deepEqual([long?.reward_tokens, short?.reward_tokens, short?.reward_truncated], [64, 4, 0]);
    const { tokens, truncated, forms, scoring } = JSON.parse(readFileSync(summary, 'utf8'));
    assert.deepEqual([tokens, truncated], [68, { rows: 1, tokens: long?.reward_truncated }]);
    assert.deepEqual([forms, scoring.template], [{ response: 2 }, 'pair']);
  });

  test('best, which writes what it was given', async () => {
    const candidates = ['They hurt.', 'They do not hurt; I walked by the sea.'];
    const args = ['best', '-q', '-m', typed, '--logit', 'good'];
    const run = await rewardScore(args, { stdin: lines([{ query: 'How do your legs feel?', candidates }]) });
    assert.equal(run.code, 0, run.stderr);
    const [row] = jsonLines(run.stdout);
    assert.deepEqual([row?.best_index, row?.response, row?.query], [0, candidates[0], 'How do your legs feel?']);
    const made = await rewardScore([...args, '--pairs'], {
      stdin: lines([{ query: 'How do your legs feel?', candidates }]),
    });
    const [pair] = jsonLines(made.stdout);
    assert.deepEqual([pair?.prompt, pair?.chosen, pair?.rejected], ['How do your legs feel?', ...candidates]);
  });

  test('eval of pairs', async () => {
    const query = 'How do your legs feel?';
    const rows = [
      { query, chosen: 'They hurt.', rejected: 'They do not hurt; I walked by the sea.' },
      { query, chosen: 'They do not hurt; I walked by the sea.', rejected: 'They hurt.' },
    ];
    const run = await rewardScore(['eval', '-q', '--json', '-m', typed, '--logit', 'good'], { stdin: lines(rows) });
    assert.equal(run.code, 0, run.stderr);
    assert.equal(JSON.parse(run.stdout).metrics.pairwise.value, 0.5);
  });
});

describe('explain shows both texts', () => {
  const explain = (row: object, ...args: readonly string[]): Promise<Run> =>
    rewardScore(['explain', '-q', '-m', typed, '--logit', 'good', ...args], { stdin: lines([row]) });
  const textOf = async (row: object, ...args: readonly string[]): Promise<ScoredText> => {
    const { texts } = JSON.parse((await explain(row, '--json', ...args)).stdout) as Explanation;
    return texts[0] as ScoredText;
  };

  test('as data', async () => {
    for (const [i, [query, document]] of pairs.entries()) {
      const { first, text, cut, tokens, responseStart, reward, judged } = await textOf({ query, document });
      assert.deepEqual([first?.text, text, judged], [query, document, { field: 'document', content: document }]);
      assertClose(reward, expected[i], document);
      if (/[^ -~]/.test(query + document)) continue; // A character may be several tokens.
      const own = (from: number, to?: number): string =>
        tokens
          .slice(from, to)
          .map(({ piece, added }) => (added ? '' : piece))
          .join('');
      const kept = (whole: string, ofIt: string): string => whole.slice(0, whole.length - ofIt.length);
      assert.equal(own(0, responseStart ?? undefined), kept(query, first?.cut.text ?? ''));
      assert.equal(own(responseStart ?? tokens.length), kept(document, cut.text));
    }
  });

  test('in words', async () => {
    const { stdout } = await explain({ query: pairs[9]?.[0], document: 'short' }, '--max-length', '12');
    assert.match(
      stdout,
      /\nfirst text\n {2}A long .*\[cut: .*\]\ncut {8}\d+ tokens at the right\nsecond text\n {2}short\ncut {8}nothing\nadded {6}⟦\[CLS\]⟧ ⟦\[SEP\]⟧ by the tokenizer, around the two texts\n/s,
    );
  });

  test('as a page', async () => {
    const report = join(directory, 'report.html');
    await explain({ query: 'How are you?', document: 'Fine.' }, '--report', report);
    const page = readFileSync(report, 'utf8');
    assert.match(
      page,
      /<h3>The first text<\/h3><pre class="rendered" dir="auto">How are you\?<\/pre><p>Nothing was cut\.<\/p>/,
    );
    assert.match(page, /<h3>The second text<\/h3>\s*<pre class="rendered" dir="auto">Fine\.<\/pre>/);
  });
});

test('names of authors, which no pair has, are nothing to be told of', async () => {
  const rows = [{ messages: [{ role: 'user', content: 'a' }], response: 'b' }];
  const { code, stderr } = await rewardScore(['-m', typed, '--logit', 'good', '--strict'], { stdin: lines(rows) });
  assert.equal(code, 0, stderr);
  assert.match(
    stderr,
    /reading: texts, or pairs of them \(the default for Bert\), 64 tokens \(max_position_embeddings\), cut right/,
  );
});

test('a file of pairs does not depend on the order of its rows', async () => {
  const rows = pairs.map(([query, document]) => ({ query, document }));
  const rewardsOf = async (order: readonly object[]): Promise<unknown[]> =>
    jsonLines(
      (await rewardScore(['-q', '-m', typed, '--logit', 'good', writeFile(directory, 'order.jsonl', lines(order))]))
        .stdout,
    ).map(({ reward }) => reward);
  assert.deepEqual(await rewardsOf(rows.toReversed()), (await rewardsOf(rows)).toReversed());
});
