/** Parquet that is made of rows without types: JSON lines, CSV, and what `best` writes. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parquet } from '../../dist/parquet/container.js';
import { openFileSource } from '../../dist/platform/byte-source.js';
import { jsonLines, rewardScore, root, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();
const directory = temporaryDirectory();
const out = (name: string): string => join(directory, name);
const tiny = join(root, 'fixtures/tiny-gpt2');
const basic = join(root, 'test/oracle/parquet/basic-zstd-v2.parquet');

async function* nothing(): AsyncGenerator<Buffer> {}

/** The lines of a file of Parquet, as the program reads them again, digit for digit. */
async function linesOf(path: string, ...args: readonly string[]): Promise<string[]> {
  const { stdout, stderr } = await rewardScore(['-q', '--exit-zero', '--reward-field', 'again', ...args, path]);
  assert.notEqual(stdout, '', stderr);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/,"again(?:_chosen)?":.*$/, '}'));
}

const rows = [
  '{"id":9223372036854775807,"text":"one","deep":{"list":[[1,null],[],null],"x":0.5},"flag":true}',
  '{"text":"two \\" 12345678901234567890","deep":null,"id":-1}',
  '{"id":3,"text":"","deep":{"list":null,"x":2},"flag":false}',
];
const jsonl = writeFile(directory, 'rows.jsonl', rows.map((row) => `${row}\n`).join(''));

test('rows of JSON lines keep their values, and the types are those of all rows', async () => {
  const { code, stderr } = await rewardScore(['-q', jsonl, '-o', out('new.parquet')]);
  assert.deepEqual([code, stderr], [3, '']);
  const scored = await rewardScore(['-q', jsonl]);
  const [one, two, three] = jsonLines(scored.stdout).map(({ reward }) => reward);
  assert.deepEqual(await linesOf(out('new.parquet'), '--text', 'text'), [
    `${rows[0]?.slice(0, -1)},"reward":${one},"reward_error":null}`,
    `{"id":-1,"text":"two \\" 12345678901234567890","deep":null,"flag":null,"reward":${two},"reward_error":null}`,
    `${rows[2]?.slice(0, -1)},"reward":${three},"reward_error":{"code":"EMPTY_TEXT","message":"text is empty"}}`,
  ]);
});

test('a run that was stopped goes on to the same bytes, and the best rows have the types of all', async () => {
  const args = ['-q', '-j', '1', jsonl, '-o', out('stopped.parquet')];
  assert.equal((await rewardScore([...args, '--max-errors', '1'])).code, 1);
  assert.equal((await rewardScore([...args, '--resume'])).code, 3);
  assert.deepEqual(readFileSync(out('stopped.parquet')), readFileSync(out('new.parquet')));
  await rewardScore(['-q', jsonl, '--top-percent', '50', '-o', out('top.parquet')]);
  const [best] = await linesOf(out('top.parquet'), '--text', 'text');
  assert.ok((await linesOf(out('new.parquet'), '--text', 'text')).includes(best as string));
});

test('of CSV, rewards that are taken and those that are new are of one type', async () => {
  const csv = writeFile(directory, 'topped.csv', 'text,reward\na,1.50\nb,\n');
  const { code, stderr } = await rewardScore(['-q', '--use-rewards', '-m', tiny, csv, '-o', out('topped.parquet')]);
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(
    (await linesOf(out('topped.parquet'), '--text', 'text')).join('\n'),
    /^\{"text":"a","reward":1\.5,.*\n.*"reward":-?[\d.]+,/,
  );
});

/** What is written of these rows, as the program reads it again and writes it once more. */
async function linesTwice(content: string): Promise<string[]> {
  const path = writeFile(directory, 'numbers.jsonl', content);
  assert.equal((await rewardScore(['-q', '--overwrite', path, '-o', out('once.parquet')])).code, 0);
  const lines = await linesOf(out('once.parquet'));
  const group = ['best', '-q', '--use-rewards', '--group', 'text', out('once.parquet'), '-o', out('twice.parquet')];
  assert.equal((await rewardScore(group)).code, 0);
  const again = await linesOf(out('twice.parquet'));
  const own = (line: string): string => line.replace(/,"reward":.*/, '}');
  assert.deepEqual(again.map(own), lines.map(own));
  return lines.map(own);
}

test('fractions keep their digits, and doubles their sign and what no integer of 64 bits holds', async () => {
  const numbers = ['0.30000000000000004', '-0.0', '1e+20', '-9.007199254740992e+15', '5e-324', '0.5', 'null'];
  const lines = numbers.map((number, i) => `{"text":"${i}","x":${number},"y":[${number}],"n":9007199254740993}`);
  assert.deepEqual(await linesTwice(`${lines.join('\n')}\n`), lines);
});

test('cells of CSV are strings', async () => {
  const csv = writeFile(directory, 'rows.csv', 'text,n\na,1\n');
  assert.equal((await rewardScore(['-q', csv, '-o', out('csv.parquet')])).code, 0);
  assert.match(
    (await linesOf(out('csv.parquet'), '--text', 'text'))[0] as string,
    /^\{"text":"a","n":"1","reward":-?\d/,
  );
});

describe('rewards stand after the columns of the input', () => {
  const bad = writeFile(directory, 'bad.csv', 'text,x\na\nb,1,2\nc,1\n');
  const names = async (path: string): Promise<string[]> => {
    const file = { name: path, chunks: nothing(), open: () => openFileSource(path), columns: undefined };
    return (await parquet.readColumns(file)).map(({ name }) => name);
  };

  test('where the first rows are bad', async () => {
    assert.equal((await rewardScore(['-q', bad, '-o', out('bad.parquet')])).code, 3);
    assert.deepEqual(await names(out('bad.parquet')), ['text', 'x', 'reward', 'reward_error']);
    const apart = [bad, '--details', '--errors', out('errors'), '-o', out('apart.parquet')];
    assert.equal((await rewardScore(['-q', ...apart])).code, 3);
    assert.deepEqual(await names(out('apart.parquet')), [
      ...['text', 'x', 'reward', 'reward_tokens', 'reward_truncated', 'reward_prompt_tokens'],
    ]);
  });

  test('where all of them are bad', async () => {
    const none = writeFile(directory, 'none.csv', 'text,x\na\n');
    assert.equal((await rewardScore(['-q', none, '-o', out('bad-alone.parquet')])).code, 3);
    assert.deepEqual(await names(out('bad-alone.parquet')), ['text', 'x', 'reward', 'reward_error']);
  });

  test('where the first group of best is', async () => {
    const lines = writeFile(directory, 'bad.jsonl', '{"a"\n{"prompt":"p","candidates":["a","b"]}\n');
    assert.equal((await rewardScore(['best', '-q', lines, '-o', out('bad-best.parquet')])).code, 3);
    assert.deepEqual(await names(out('bad-best.parquet')), [
      ...['prompt', 'candidates', 'reward', 'response', 'best_index', 'best_reward', 'reward_margin', 'reward_error'],
    ]);
  });

  test('unless they replace some of its own', async () => {
    const scored = writeFile(directory, 'scored.csv', 'reward,text\n0.5,a\n');
    assert.equal((await rewardScore(['-q', '--rescore', scored, '-o', out('rescored.parquet')])).code, 0);
    assert.deepEqual((await names(out('rescored.parquet'))).slice(0, 2), ['reward', 'text']);
  });
});

test('best writes winners and pairs of Parquet as Parquet where the name asks for it', async () => {
  const best = ['best', '-q', '--exit-zero'];
  const group = [...best, '--text', 'text', '--group', 'flag', '--gather', basic];
  const asLines = await rewardScore(group);
  assert.equal((await rewardScore([...group, '-o', out('best.parquet')])).code, 0);
  const winners = (await linesOf(out('best.parquet'), '--text', 'text')).map(
    (line) => JSON.parse(line) as { id: number },
  );
  assert.deepEqual(
    winners.map(({ id }) => id),
    jsonLines(asLines.stdout).map(({ id }) => id),
  );
  const candidates = writeFile(directory, 'candidates.jsonl', '{"prompt":"p","candidates":["a","b c","d"]}\n');
  assert.equal((await rewardScore([...best, '--pairs', candidates, '-o', out('pairs.parquet')])).code, 0);
  const [pair] = await linesOf(out('pairs.parquet'));
  assert.deepEqual(Object.keys(JSON.parse(pair as string) as object), [
    ...['prompt', 'chosen', 'rejected', 'score_chosen', 'score_rejected'],
  ]);
});

mkdirSync(out('refused'));

describe('is refused before anything is written', () => {
  for (const [content, message] of [
    [
      '{"text":"a","x":1}\n{"text":"b","x":"s"}\n',
      /rows\.jsonl:2: .* but x holds numbers and strings; write JSON lines with --to/,
    ],
    ['{"text":"a","x":[{"y":1},{"y":[]}]}\n', /rows\.jsonl:1: .* but x\.y holds numbers and lists/],
    ['{"text":"a","x":18446744073709551615}\n', /x holds 18446744073709551615, which no 64 bits can hold/],
    ['{"text":"a","x":[-1e400]}\n', /rows\.jsonl:1: .* but x holds a number that no double can hold/],
    ['{"text":"a","x":{}}\n', /x holds objects without fields/],
    ['{"text":"a"}\n{"prompt":"a","candidates":["b"]}\n', /:2: .* but some rows have candidates and others none/],
  ] as const) {
    test(message.source, async () => {
      const path = writeFile(directory, 'refused/rows.jsonl', content);
      const { code, stderr } = await rewardScore([path, '-o', out('none.parquet')]);
      assert.equal(code, 2);
      assert.match(stderr, message);
      assert.ok(!existsSync(out('none.parquet.partial')));
    });
  }

  test('a name that two columns have', async () => {
    const path = writeFile(directory, 'refused/doubled.csv', 'text,x,x\na,1,2\n');
    for (const args of [
      ['-o', out('none.parquet')],
      ['--to', 'jsonl'],
    ]) {
      const { code, stdout, stderr } = await rewardScore([path, ...args]);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, /doubled\.csv:1: expected columns of different names .*, got "x" twice; rename one/);
    }
    assert.equal((await rewardScore(['-q', path])).code, 0);
  });

  for (const [args, message] of [
    [['-', '-o', out('none.parquet')], /standard input: expected a regular file for Parquet as output/],
    [[jsonl, '-o', out('none.parquet'), '--shard', '1/2'], /expected --shard with --to jsonl or with Parquet as input/],
    [[jsonl, '-o', out('none.parquet.gz')], /expected a name without \.gz for Parquet/],
    [[jsonl, '--to', 'parquet'], /expected --to parquet with -o FILE/],
  ] as const) {
    test(message.source, async () => {
      const { code, stderr } = await rewardScore([...args], { stdin: '{"text":"a"}\n' });
      assert.equal(code, 2);
      assert.match(stderr, message);
    });
  }
});
