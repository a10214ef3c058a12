/** `explain`: what it says of a row is what `score` made of it. How the page looks is tested in test/report. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { ExplainedText, Explanation, ScoredText } from '../../dist/explanation/explanation.js';
import { coloured, plain } from '../../dist/explanation/paint.js';
import { explanationInWords } from '../../dist/explanation/text.js';
import { copyExportedModel, type TokenizerReference } from '../support/exported-models.js';
import { readOracle } from '../support/oracle.js';
import { jsonLines, rewardScore, root, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';
import { makeSyntheticModel, readModelDescriptions } from '../support/synthetic-model.js';
import { testWrongUses } from '../support/wrong-use.js';

useTinyModel();
const tokenizers = readOracle<TokenizerReference>('tokenizers.json');
const directory = temporaryDirectory();
const tiny = join(root, 'fixtures/tiny-gpt2');
const conversations = join(root, 'fixtures/conversations.jsonl');
const file = (name: string, content: string | Uint8Array): string => writeFile(directory, name, content);
const lines = (...rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

async function explained(args: readonly string[], stdin?: string, code = 0): Promise<Explanation> {
  const run = await rewardScore(['explain', '-q', '--json', ...args], stdin === undefined ? {} : { stdin });
  assert.equal(run.code, code, run.stderr);
  assert.equal(run.stderr, '');
  return JSON.parse(run.stdout) as Explanation;
}

/** With one number as its reward. */
type NumberedText = ScoredText & { readonly reward: number | null };

const scoredTexts = ({ texts }: Explanation): NumberedText[] => texts.map(scored);

function scored(text: ExplainedText | undefined): NumberedText {
  assert.ok(text !== undefined && 'tokens' in text, JSON.stringify(text));
  assert.ok(text.reward === null || typeof text.reward === 'number');
  return text as NumberedText;
}

async function said(args: readonly string[], stdin?: string): Promise<string> {
  const run = await rewardScore(['explain', '-q', ...args], stdin === undefined ? {} : { stdin });
  assert.equal(run.code, 0, run.stderr);
  return run.stdout;
}

/** Equal up to rounding. */
const isClose = (a: number | null | undefined, b: number | null | undefined): boolean =>
  typeof a === 'number' && typeof b === 'number' && Math.abs(a - b) <= 1e-5 * Math.max(1, Math.abs(b));

const words = (count: number, word: string): string => Array.from({ length: count }, () => word).join(' ');

/** A row of every kind, shorter and longer than what is kept of a text. */
const everyKind = [
  ...jsonLines(readFileSync(conversations, 'utf8')),
  { prompt: words(90, 'a long past'), response: ' and an end' },
  { messages: [{ role: 'user', content: words(70, 'old news') }], candidates: ['yes', 'no', words(200, 'so')] },
  { prompt: 'p', chosen: words(150, 'good'), rejected: ' bad' },
  { messages: [{ role: 'user', content: 'é😀 ﷽ 漢字' }] },
];
const rows = file('every-kind.jsonl', lines(...everyKind));

describe('equal to what score writes', { concurrency: 2 }, () => {
  for (const flags of [
    [],
    ['--max-length', '24'],
    ['--max-length', '24', '--truncation-side', 'right'],
    ['--template', 'dialogrpt', '--max-length', '30'],
    ['--max-length', '40', '--reserve', '16'],
    ['--activation', 'sigmoid'],
  ]) {
    test(`score --details ${flags.join(' ')}`, async () => {
      const run = await rewardScore(['-q', '--details', '--exit-zero', ...flags, rows]);
      const written = jsonLines(run.stdout);
      assert.equal(written.length, everyKind.length);
      for (const [i, row] of written.entries()) {
        const explanation = await explained(
          [...flags, '--row', String(i + 1), rows],
          undefined,
          row.reward_error ? 3 : 0,
        );
        const of = (stem: string): unknown[] =>
          'chosen' in row ? [row[`${stem}_chosen`], row[`${stem}_rejected`]] : [row[stem]].flat();
        assert.deepEqual(explanation.failure, row.reward_error ?? null);
        if (row.reward_error !== undefined) continue;
        const texts = scoredTexts(explanation);
        assert.deepEqual(
          texts.map(({ reward, tokens, cut, responseStart }) => [
            reward,
            tokens.length,
            cut.tokens.length,
            explanation.kind === 'text' ? null : (responseStart ?? tokens.length),
          ]),
          of('reward').map((reward, k) => [
            reward,
            ...['reward_tokens', 'reward_truncated', 'reward_prompt_tokens'].map((stem) => of(stem)[k]),
          ]),
        );
        assert.equal(
          explanation.tokens,
          texts.reduce((sum, { tokens }) => sum + tokens.length, 0),
        );
        for (const { text, parts } of texts) assert.equal(parts.map((part) => part.text).join(''), text);
      }
    });
  }

  test('CSV, a gzipped file, text lines and standard input', async () => {
    const csv = 'id,prompt,response\n1,"a ""quoted"" past\nof two lines", yes\n\n2,p, no\n';
    const { stdout } = await rewardScore(['-q', '--to', 'scores', file('rows.csv', csv)]);
    const rewards = stdout.trim().split('\n').map(Number);
    for (const path of [join(directory, 'rows.csv'), file('rows.csv.gz', gzipSync(csv))]) {
      for (const [i, reward] of rewards.entries()) {
        const { texts, kind, line } = await explained([path, '--row', String(i + 1)]);
        assert.deepEqual([scored(texts[0]).reward, kind, line], [reward, 'response', i === 0 ? 2 : 5]);
      }
    }
    const piped = await explained(['--from', 'csv', '-', '--row', '2'], csv);
    assert.deepEqual([scored(piped.texts[0]).text, piped.file], ['p no', '-']);
    // Of a text file every line is a row, a blank one too.
    const third = await explained([file('lines.txt', 'one\n\ntwo\n'), '--row', '3']);
    assert.equal(scored(third.texts[0]).text, 'two');
    assert.equal(scored((await explained([], '{"text":"from a pipe"}\n')).texts[0]).text, 'from a pipe');
  });
});

test('no more is read than the row and its neighbours', async () => {
  let read = 0;
  const endless = Readable.from(
    (function* () {
      for (;;) {
        read++;
        yield Buffer.from(lines({ text: `row ${read}` }).repeat(100));
      }
    })(),
    { objectMode: true },
  );
  const { code, stdout } = await rewardScore(['explain', '-q', '--json', '--row', '3'], { stdin: endless });
  assert.equal(code, 0);
  assert.equal(scored((JSON.parse(stdout) as Explanation).texts[0]).text, 'row 1');
  assert.ok(read < 1000, `${read} chunks`);
  assert.ok(endless.destroyed);
});

test('a row in a pipe is explained as soon as it is there', async () => {
  const open = new Readable({ read: () => undefined });
  open.push(lines({ text: 'the only one' }));
  const { code, stdout } = await rewardScore(['explain', '-q', '--json'], { stdin: open });
  assert.equal(code, 0);
  assert.equal(scored((JSON.parse(stdout) as Explanation).texts[0]).text, 'the only one');
});

describe('what is said of a text', () => {
  test('who is judged: the response, or the last message, by its name in the text', async () => {
    const judged = async (row: object) => scoredTexts(await explained([], lines(row))).map((text) => text.judged);
    const messages = [
      { role: 'user', content: 'hi' },
      { role: 'Anna', content: 'hello' },
    ];
    assert.deepEqual(await judged({ text: 'as it is' }), [{ field: 'text', content: 'as it is' }]);
    assert.deepEqual(await judged({ prompt: 'p', response: ' r' }), [{ field: 'response', content: ' r' }]);
    assert.deepEqual(await judged({ messages }), [{ field: 'messages', author: 'Anna', content: 'hello' }]);
    assert.deepEqual(await judged({ messages, bot_name: 'B', candidates: ['x', { text: 'y' }] }), [
      { field: 'candidates[0]', author: 'B', content: 'x' },
      { field: 'candidates[1]', author: 'B', content: 'y' },
    ]);
    assert.deepEqual(await judged({ prompt: 'p', chosen: 'c', rejected: 'r' }), [
      { field: 'chosen', content: 'c' },
      { field: 'rejected', content: 'r' },
    ]);
  });

  test('special tokens are marked where the text has them, and not where it only looks so', async () => {
    const row = lines({ messages: ['a', '<|endoftext', 'b'].map((content) => ({ role: 'r', content })) });
    const { parts, tokens, pooled, text } = scored((await explained(['--template', 'dialogrpt'], row)).texts[0]);
    assert.equal(text, 'a<|endoftext|><|endoftext<|endoftext|>b');
    assert.deepEqual(
      parts.map(({ text, special }) => [text, special]),
      [
        ['a', false],
        ['<|endoftext|>', true],
        ['<|endoftext', false],
        ['<|endoftext|>', true],
        ['b', false],
      ],
    );
    assert.deepEqual(
      tokens.filter(({ special }) => special).map(({ id, piece, added }) => [id, piece, added]),
      Array.from({ length: 2 }, () => [511, '<|endoftext|>', false]),
    );
    assert.equal(pooled, tokens.length - 1);
  });

  test('the pooled token is the right-most one that is not the pad token', async () => {
    const { texts, padToken } = await explained([], lines({ text: 'end<|endoftext|><|endoftext|>' }));
    const { tokens, pooled } = scored(texts[0]);
    assert.equal(padToken?.id, 511);
    assert.equal(pooled, tokens.length - 3);
  });

  test('what was cut, on the left and on the right, down to the characters', async () => {
    const text = `${words(40, 'past')} 😀 the end`;
    for (const [side, of] of [
      ['left', (whole: string, n: number) => whole.slice(0, n)],
      ['right', (whole: string, n: number) => whole.slice(whole.length - n)],
    ] as const) {
      const flags = ['--max-length', '11', '--truncation-side', side];
      const { cut, parts, tokens } = scored((await explained(flags, lines({ text }))).texts[0]);
      assert.equal(cut.side, side);
      assert.equal(cut.text, of(text, cut.text.length));
      assert.equal(parts.flatMap((part) => (part.cut ? [part.text] : [])).join(''), cut.text);
      const all = scored((await explained([], lines({ text }))).texts[0]).tokens;
      assert.deepEqual(side === 'left' ? [...cut.tokens, ...tokens] : [...tokens, ...cut.tokens], all);
    }
  });

  test('bytes that are no whole character are written as bytes', async () => {
    const { tokens } = scored((await explained([], lines({ text: '😀' }))).texts[0]);
    assert.deepEqual(
      tokens.map(({ piece }) => piece),
      ['<0xF0>', '<0x9F>', '<0x98>', '<0x80>'],
    );
  });

  test('tokenizers that do not give back the text as it was: a space before it, words in lower case', async () => {
    const text = 'Hello the Storm, and MANY more words';
    const cutOf = async (name: string) => {
      const model = join(directory, name);
      const { edits, config } = tokenizers.tokenizers[name] as (typeof tokenizers.tokenizers)[string];
      cpSync(tiny, model, { recursive: true });
      const path = join(model, 'tokenizer.json');
      writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...edits }));
      writeFileSync(
        join(model, 'tokenizer_config.json'),
        JSON.stringify({ ...config, tokenizer_class: 'PreTrainedTokenizerFast' }),
      );
      const { cut, parts } = scored((await explained(['-m', model, '--max-length', '9'], lines({ text }))).texts[0]);
      assert.equal(parts.map((part) => part.text).join(''), text);
      return { cut: cut.text, struck: parts.flatMap((part) => (part.cut ? [part.text] : [])) };
    };
    const { cut, struck } = await cutOf('prefix-space');
    assert.deepEqual([` ${struck.join('')}`, text.startsWith(struck[0] as string)], [cut, true]);
    const pieces = await cutOf('wordpiece');
    assert.match(pieces.cut, /^h##e##l##l##o/);
    assert.deepEqual(pieces.struck, [], 'where it was cut cannot be told in the text');
  });

  test('a response that was cut away is missed', async () => {
    const row = lines({ prompt: words(40, 'past'), response: ' the end' });
    const { texts } = await explained(['--max-length', '5', '--truncation-side', 'right', '--trace'], row);
    const { responseStart, trace, reward } = scored(texts[0]);
    assert.equal(responseStart, null);
    assert.deepEqual(trace, [{ token: 4, reward }]);
    assert.match(
      await said(['--max-length', '5', '--truncation-side', 'right'], row),
      /at the right; nothing of the response is left/,
    );
  });

  test('tokens that the tokenizer adds are shown as such, and not as part of the text', async () => {
    const model = join(directory, 'with-bos');
    cpSync(tiny, model, { recursive: true });
    const path = join(model, 'tokenizer.json');
    const special = { '<|endoftext|>': { id: '<|endoftext|>', ids: [511], tokens: ['<|endoftext|>'] } };
    const single = [{ SpecialToken: { id: '<|endoftext|>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }];
    const post_processor = { type: 'TemplateProcessing', single, pair: single, special_tokens: special };
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), post_processor }));
    const row = lines({ prompt: 'some past', response: ' yes' });
    const flags = ['-m', model, '--max-length', '7', '--trace'];
    const { tokens, text, cut, responseStart, trace, reward } = scored((await explained(flags, row)).texts[0]);
    assert.equal(text, 'some past yes');
    assert.deepEqual(tokens[0], { id: 511, piece: '<|endoftext|>', special: true, added: true });
    assert.ok(cut.tokens.length > 0);
    assert.equal(
      tokens
        .slice(responseStart ?? 0)
        .map(({ piece }) => piece)
        .join(''),
      ' yes',
    );
    assert.ok(isClose(trace?.at(-1)?.reward, reward));
    assert.match(await said(flags, row), /^added {6}⟦<\|endoftext\|>⟧ by the tokenizer/m);
  });

  test('what several texts of a row share is computed once', async () => {
    const past = 'User: a question of some length\nBot:';
    const { texts, tokens, computedTokens } = await explained(
      [],
      lines({ prompt: past, candidates: [' yes', ' yes', ' no', ' never'] }),
    );
    const all = texts.map(scored);
    const ids = all.map((text) => text.tokens.map(({ id }) => id));
    const common = (a: readonly number[], b: readonly number[]): number => a.findIndex((id, i) => b[i] !== id);
    assert.deepEqual(
      all.slice(0, 2).map(({ shared }) => shared),
      [ids[0]?.length, ids[0]?.length],
    );
    for (const i of [2, 3]) {
      const others = ids.filter((_, k) => k !== i).map((other) => common(ids[i] ?? [], other));
      assert.equal(all[i]?.shared, Math.max(...others));
    }
    const beginnings = new Set(ids.flatMap((row) => row.map((_, i) => row.slice(0, i + 1).join())));
    assert.equal(computedTokens, beginnings.size);
    assert.ok(computedTokens < tokens);
    const { texts: alone } = await explained([], lines({ text: past }));
    assert.equal(scored(alone[0]).shared, 0);
  });

  test('what was assumed of the row', async () => {
    const row = lines({ messages: [{ role: 'user', content: 'hi<|endoftext|>' }] });
    const { notices, hints } = await explained(['--template', 'dialogrpt'], row);
    assert.deepEqual(
      [notices.map(({ code }) => code), hints.map(({ code }) => code)],
      [['ENDS_WITH_USER'], ['PAD_AT_END']],
    );
    assert.match(
      await said(['--template', 'dialogrpt'], row),
      /^notice {5}the last message.*\nhint {7}a text ends with the pad token/m,
    );
  });

  test('settings, each with its source', async () => {
    const { settings, model } = await explained(['--max-length', '20', '--template', 'chatml'], lines({ text: 'a' }));
    const sourceOf = (value: string) => settings.find((setting) => setting.value === value)?.source;
    assert.equal(model, tiny);
    assert.equal(sourceOf('20'), '--max-length');
    assert.equal(sourceOf('chatml'), '--template');
    assert.equal(sourceOf('left'), 'the default for GPT2');
    assert.equal(sourceOf('LABEL_0'), 'the only label');
    assert.deepEqual(
      settings.filter(({ name }) => name === 'activation'),
      [{ name: 'activation', value: 'none', source: 'default' }],
    );
  });
});

describe('--trace', () => {
  test('where a chat template closes the message, and where it fails on any other one', async () => {
    const row = lines({ messages: [{ role: 'assistant', content: 'Hi' }] });
    for (const [name, template, from] of [
      ['closing', '<b>{{ messages[-1].content }}</b>', 'Hi</b>'],
      ['picky', "{% if messages[-1].content != 'Hi' %}{{ raise_exception('only Hi') }}{% endif %}<b>Hi", '<b>Hi'],
    ] as const) {
      const flags = ['--template', file(`${name}.jinja`, template)];
      const { stdout } = await rewardScore(['-q', '--to', 'scores', ...flags], { stdin: row });
      const { tokens, responseStart, trace, reward } = scored((await explained(['--trace', ...flags], row)).texts[0]);
      assert.equal(reward, Number(stdout));
      const response = tokens
        .slice(responseStart ?? 0)
        .map(({ piece }) => piece)
        .join('');
      assert.equal(response, from);
      assert.ok(isClose(trace?.at(-1)?.reward, reward));
    }
  });

  test('gives the reward that each beginning of the text gets as a text of its own', async () => {
    // Each word is a token of its own, so that a beginning of the text has the beginning of its tokens.
    const text = 'a:b:c<|endoftext|><|endoftext|>d:e';
    const { tokens, trace, reward } = scored((await explained(['--trace'], lines({ text }))).texts[0]);
    const beginnings = tokens.map((_, i) =>
      tokens
        .slice(0, i + 1)
        .map(({ piece }) => piece)
        .join(''),
    );
    const { stdout } = await rewardScore(['-q', '--to', 'scores'], { stdin: lines(...beginnings) });
    const rewards = stdout.trim().split('\n').map(Number);
    assert.ok(tokens.length > 6 && trace?.length === tokens.length);
    for (const [i, traced] of trace.entries()) {
      assert.equal(traced.token, i);
      assert.ok(isClose(traced.reward, rewards[i]), `${beginnings[i]}: ${traced.reward}, ${rewards[i]}`);
    }
    assert.ok(isClose(trace.at(-1)?.reward, reward));
  });

  test('begins where the response does, and ends with the reward of the row', async () => {
    for (const [i, row] of everyKind.entries()) {
      for (const text of scoredTexts(
        await explained(['--trace', '--max-length', '64', '--row', String(i + 1), rows]),
      )) {
        const { trace, tokens, reward, responseStart, judged } = text;
        assert.equal(trace?.[0]?.token, responseStart);
        assert.equal(trace?.length, tokens.length - (responseStart ?? 0));
        assert.ok(isClose(trace?.at(-1)?.reward, reward), JSON.stringify(row));
        const response = tokens
          .slice(responseStart ?? 0)
          .map(({ piece }) => piece)
          .join('');
        // A space before the response may be the prompt's last token or the response's first.
        if (/^[ -~]*$/.test(judged.content))
          assert.ok(
            response.trim().endsWith(judged.content.trim()) || judged.content.includes(response.trim()),
            response,
          );
      }
    }
  });

  test('shows from which token on a row has no reward, though a NaN reaches its whole pack', async () => {
    const description = (await readModelDescriptions()).find(({ nan }) => nan !== undefined);
    assert.ok(description?.nan);
    const model = join(directory, 'nan');
    await makeSyntheticModel(model, description);
    // The embedding of " the" has the NaN.
    const row = lines({ text: 'In all the past' });
    const { texts, failure } = await explained(['-m', model, '--trace'], row, 3);
    const { trace, tokens } = scored(texts[0]);
    assert.equal(failure?.code, 'NON_FINITE');
    assert.deepEqual(
      trace?.map(({ token, reward }) => [tokens[token]?.piece, reward !== null]),
      [
        ['In', true],
        [' all', true],
        [' the', false],
        [' past', false],
      ],
    );
    const run = await rewardScore(['explain', '-q', '-m', model, '--trace'], { stdin: row });
    assert.match(run.stdout, /^reward {5}NON_FINITE: the reward is NaN$/m);
    assert.match(run.stdout, /^ +3 +262 +not finite +␣the$/m);
  });

  const exported = copyExportedModel(directory, 'plain');
  testWrongUses('is refused by name for graphs that another tool exported', directory, [
    {
      args: ['explain', '-q', '-m', exported, '--trace'],
      stderr: `${exported}: expected a checkpoint with --trace, got an exported graph, which gives a reward at one token only; leave out --trace, or name the checkpoint that it was exported from`,
    },
  ]);

  test('exported graphs are explained without it, and nothing is claimed of their pooling', async () => {
    const { texts, padToken } = await explained(['-m', exported], lines({ text: 'some words' }));
    const { pooled, reward } = scored(texts[0]);
    assert.equal(pooled, null);
    assert.equal(padToken, null);
    assert.equal(typeof reward, 'number');
  });
});

describe('rows that are bad', () => {
  const bad = file(
    'bad.jsonl',
    `{"text":"fine"}\n\n{"text":\n{"text":""}\n  \n${lines({ prompt: 'p', candidates: ['a', '', 'b'] })}"\\ud800"\n`,
  );

  for (const [row, line, code] of [
    [2, 3, 'BAD_JSON'],
    [3, 4, 'EMPTY_TEXT'],
    [4, 6, 'EMPTY_TEXT'],
    [5, 7, 'BAD_UTF8'],
  ] as const) {
    test(`row ${row}: ${code}`, async () => {
      const explanation = await explained([bad, '--row', String(row)], undefined, 3);
      assert.equal(explanation.failure?.code, code);
      assert.deepEqual([explanation.row, explanation.line], [row, line]);
      const run = await rewardScore(['explain', '-q', bad, '--row', String(row)]);
      assert.equal(run.code, 3);
      assert.match(run.stdout, new RegExp(`failed +${code}: \\S`));
    });
  }

  test('candidates beside a bad one are explained', async () => {
    const { texts, failure } = await explained([bad, '--row', '4'], undefined, 3);
    assert.equal(failure?.index, 1);
    assert.deepEqual(
      texts.map((text) => 'tokens' in text),
      [true, false, true],
    );
  });

  test('a row over the size limit', async () => {
    const { failure } = await explained(['--max-row-bytes', '10', bad, '--row', '4'], undefined, 3);
    assert.equal(failure?.code, 'ROW_TOO_LARGE');
  });

  test('a row that carries its reward is no bad one: it is scored, and what it carries is shown', async () => {
    const rewarded = lines({ prompt: 'p', response: ' r', reward: 7 });
    const { existing, texts } = await explained([], rewarded);
    const { stdout } = await rewardScore(['-q', '--to', 'scores'], { stdin: lines({ prompt: 'p', response: ' r' }) });
    assert.deepEqual(existing, [7]);
    assert.equal(scored(texts[0]).reward, Number(stdout));
  });
});

testWrongUses('rows that are not there', directory, [
  {
    args: ['explain', '-q', '-m', tiny, conversations, '--row', '7'],
    stderr: `${conversations}: expected --row of at most 6, got 7: it has 6 rows`,
  },
  {
    args: ['explain', '-q', '-m', tiny, '--row', '2'],
    stderr: 'standard input: expected --row of at most 1, got 2: it has 1 row',
  },
  {
    args: ['explain', '-q', '-m', tiny],
    stdin: '\n \n',
    stderr: 'standard input: expected a row to explain, got none',
  },
  { args: ['explain', '-m', tiny, '--row', '0'], stderr: /--row <number>.*Expected a whole number from 1 up/ },
  { args: ['explain', '-m', tiny, 'a.jsonl', 'b.jsonl'], stderr: /too many arguments/ },
  { args: ['explain', '-m', tiny, '--report', join(directory, 'none', 'p.html'), conversations], stderr: /--report/ },
]);

test('a first row that score refuses is refused in the same words', async () => {
  const row = lines({ text: 'a whole text', prompt: 'p', response: ' r' });
  const explanation = await rewardScore(['explain', '-q'], { stdin: row });
  assert.deepEqual(explanation, await rewardScore(['score', '-q'], { stdin: row }));
  assert.equal(explanation.code, 2);
});

describe('for a person', () => {
  test('says all of it in plain text where it is no terminal', async () => {
    const text = await said([conversations, '--row', '4', '--trace']);
    assert.match(text, /^.*conversations\.jsonl, row 4$/m);
    assert.match(text, /^row {8}line 4: candidates, 3 texts$/m);
    assert.match(text, /^maxLength {6}256 +the default for GPT2$/m);
    assert.match(text, /^text 3 of 3\njudged {5}candidates\[2\]: Captain: Storm\?/m);
    assert.match(text, /^ {2}user: Is that a storm on the horizon\?↵$/m);
    assert.match(text, /^cut {8}nothing$/m);
    assert.match(text, /^tokens {5}\d+, the first \d+ of them computed once for this and another text of the row$/m);
    assert.match(text, /^pooled {5}token \d+: 198 ↵$/m);
    assert.match(text, /^trace, /m);
    assert.ok(!text.includes('\u001b'), 'a colour');
  });

  test('shows what was cut by its ends, and not all of it', async () => {
    const text = await said([], lines({ text: `${words(3000, 'flood')} the end` }));
    assert.ok(text.length < 9000, `${text.length} characters`);
    assert.match(text, /\[cut: flood.* \[\.\.\. [\d,]+ characters \.\.\.\] .*\]/);
    assert.match(text, /^cut {8}[\d,]+ tokens at the left$/m);
  });

  const hostile =
    '\u001b]0;owned\u0007\u001b[2J\u009b31m\u202eevil\u2066\u200b\u00a0 </script><script>alert(1)</script>\r\t\u0000';

  test('a row cannot speak to the terminal', async () => {
    const row = lines({ messages: [{ role: hostile, content: hostile }], response: hostile, bot_name: hostile });
    const outputs = [
      await said(['--trace'], row),
      await said(['--max-length', '9'], row),
      (await rewardScore(['explain', '-q'], { stdin: `{"${hostile.slice(0, 5).replace('\u001b', '\\u001b')}":1}\n` }))
        .stdout,
    ];
    for (const output of outputs) assert.doesNotMatch(output, /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u00a0]/u);
    assert.match(outputs[0] as string, /\\u001b\]0;owned\\u0007/);
    assert.match(outputs[0] as string, /\\u202eevil\\u2066\\u200b\\u00a0/);
    assert.match(outputs[0] as string, /\\u000d⇥\\u0000/);
  });

  test('nor to the page of --report, which is one file that asks for nothing', async () => {
    const pageOf = async (text: string): Promise<string> => {
      const path = join(directory, 'page.html');
      const messages = [{ role: text, content: `${words(40, text)}` }];
      const row = lines({ messages, candidates: [text, `${text} <|endoftext|>`, ''] });
      const flags = ['--report', path, '--trace', '--max-length', '60'];
      const run = await rewardScore(['explain', '-q', ...flags], { stdin: row });
      assert.equal(run.code, 3);
      assert.match(run.stdout, /^text 1 of 3$/m);
      return readFileSync(path, 'utf8');
    };
    const tags = (page: string): string[] => [...new Set([...page.matchAll(/<\/?[a-z][^\s>]*/gi)].map(([tag]) => tag))];
    const page = await pageOf(hostile);
    assert.deepEqual(tags(page).sort(), tags(await pageOf('plain words')).sort());
    assert.doesNotMatch(page, /(?!\n)[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]|(?:src|href)="(?!data:)/u);
    assert.match(page, /default-src 'none'; style-src 'unsafe-inline'; img-src data:/);
    for (const shown of [
      'EMPTY_TEXT',
      '&lt;/script&gt;',
      '60 tokens',
      '<mark>&lt;|endoftext|&gt;</mark>',
      '<path d="M',
    ]) {
      assert.ok(page.includes(shown), shown);
    }
  });

  test('a row that could not even be read has a page too', async () => {
    const path = join(directory, 'bad.html');
    const run = await rewardScore(['explain', '-q', '--report', path], { stdin: '{"text":\n' });
    assert.equal(run.code, 3);
    assert.match(readFileSync(path, 'utf8'), /BAD_JSON/);
  });

  test('in colour it says the same', async () => {
    const explanation = await explained(['--trace', '--template', 'dialogrpt', conversations, '--row', '4']);
    const inColour = explanationInWords(explanation, { width: 100, paint: coloured });
    const inPlain = explanationInWords(explanation, { width: 100, paint: plain });
    assert.ok(inColour.includes('\u001b[7m<|endoftext|>\u001b[27m'));
    const withoutGaps = (text: string): string => text.replace(/ +/g, ' ');
    assert.equal(withoutGaps(stripVTControlCharacters(inColour)), withoutGaps(inPlain.replace(/[⟦⟧]/g, '')));
    assert.ok(inPlain.includes('⟦<|endoftext|>⟧'));
  });
});
