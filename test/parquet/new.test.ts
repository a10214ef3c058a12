/** Parquet that is made of rows without types: JSON lines, CSV, and what `best` writes. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { jsonLines, rewardScore, root, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();
const directory = temporaryDirectory();
const out = (name: string): string => join(directory, name);
const parquet = join(root, 'test/oracle/parquet/basic-zstd-v2.parquet');

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

test('cells of CSV are strings', async () => {
  const csv = writeFile(directory, 'rows.csv', 'text,n\na,1\n');
  assert.equal((await rewardScore(['-q', csv, '-o', out('csv.parquet')])).code, 0);
  assert.match(
    (await linesOf(out('csv.parquet'), '--text', 'text'))[0] as string,
    /^\{"text":"a","n":"1","reward":-?\d/,
  );
});

test('best writes winners and pairs of Parquet as Parquet where the name asks for it', async () => {
  const best = ['best', '-q', '--exit-zero'];
  const group = [...best, '--text', 'text', '--group', 'flag', '--gather', parquet];
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
