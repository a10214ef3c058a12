/** `--keep` with Parquet: which columns are read, copied and made. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readFooter } from '../../dist/parquet/footer.js';
import { openFileSource } from '../../dist/platform/byte-source.js';
import { jsonLines, rewardScore, root, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();
const directory = temporaryDirectory();
const out = (name: string): string => join(directory, name);
const pathOf = (name: string): string => join(root, `test/oracle/parquet/${name}.parquet`);
const nested = pathOf('groups-of-9-nested');
const answered = ['--prompt', 'prompt', '--response', 'response', '--exit-zero', '-q', '-j', '1'];

/** The columns of a file with the bytes of their chunks. */
async function columnsOf(path: string): Promise<Map<string, string[]>> {
  const source = await openFileSource(path);
  try {
    const { schema, groups } = await readFooter(source);
    const columns = new Map(schema.root.children.map(({ element }) => [element.name, [] as string[]]));
    for (const { start, length, leaf } of groups.flatMap(({ chunks }) => chunks)) {
      columns.get(leaf.path[0] as string)?.push((await source.readAt(start, length)).toString('base64'));
    }
    return columns;
  } finally {
    await source.close();
  }
}

async function lines(args: readonly string[], code = 0): Promise<Record<string, unknown>[]> {
  const run = await rewardScore(args);
  assert.deepEqual([run.code, run.stderr], [code, '']);
  return jsonLines(run.stdout);
}

describe('Parquet to Parquet', () => {
  test('copies the columns that are kept, in the order of the flag, and says of itself that it has no others', async () => {
    const path = out('kept.parquet');
    await lines([...answered, nested, '--keep', 'struct,response', '-o', path]);
    const [before, after] = [await columnsOf(nested), await columnsOf(path)];
    assert.deepEqual([...after.keys()], ['struct', 'response', 'reward', 'reward_error']);
    for (const name of ['struct', 'response']) assert.deepEqual(after.get(name), before.get(name));
    const all = await lines([...answered, nested, '--to', 'jsonl']);
    const again = await lines(['-q', '--exit-zero', path, '--text', 'response', '--to', 'jsonl', '--rescore']);
    assert.deepEqual(
      again.map(({ struct, response }) => ({ struct, response })),
      all.map(({ struct, response }) => ({ struct, response })),
    );
  });

  test('row groups that lose rows, a share of them, and the best rows', async () => {
    const kept = [...answered, '--keep', 'struct'];
    await lines([...kept, nested, '--limit', '10', '-o', out('ten.parquet')]);
    assert.deepEqual([...(await columnsOf(out('ten.parquet'))).keys()], ['struct', 'reward', 'reward_error']);
    await lines([...kept, nested, '-o', out('whole.parquet')]);
    const parts = ['1/2', '2/2'].map((shard) => ({ shard, path: out(`part-${shard[0]}.parquet`) }));
    for (const { shard, path } of parts) await lines([...kept, nested, '--shard', shard, '-o', path]);
    await lines(['merge', '-q', ...parts.map(({ path }) => path), '-o', out('merged.parquet')]);
    assert.deepEqual(readFileSync(out('merged.parquet')), readFileSync(out('whole.parquet')));
    await lines([...kept, nested, '--top-percent', '20', '-o', out('top.parquet')]);
    assert.deepEqual([...(await columnsOf(out('top.parquet'))).keys()], ['struct', 'reward', 'reward_error']);
  });

  test('a column of an earlier run gives way where it is not kept, and that of its reasons always', async () => {
    const scored = out('scored.parquet');
    await lines([...answered, nested, '-o', scored]);
    const args = [...answered, scored, '--reward-field', 'second', '-o', out('second.parquet')];
    await lines(args);
    const all = [...(await columnsOf(scored)).keys()].filter((name) => name !== 'reward_error');
    assert.deepEqual([...(await columnsOf(out('second.parquet'))).keys()], [...all, 'second', 'reward_error']);
    await lines([...args, '--keep', 'reward,lists']);
    assert.deepEqual(
      [...(await columnsOf(out('second.parquet'))).keys()],
      ['reward', 'lists', 'second', 'reward_error'],
    );
  });
});

describe('what is decoded', () => {
  test('only the columns that are scored and those that are kept', async () => {
    const damaged = writeFile(directory, 'damaged.parquet', readFileSync(nested));
    const source = await openFileSource(damaged);
    const { groups } = await readFooter(source);
    await source.close();
    const bytes = readFileSync(damaged);
    const ofMap = groups.flatMap(({ chunks }) => chunks).filter(({ leaf }) => leaf.path[0] === 'map');
    for (const { start, length } of ofMap) bytes.fill(0xff, start, start + length);
    writeFile(directory, 'damaged.parquet', bytes);
    for (const keep of [[], ['--keep', 'response,map']]) {
      assert.equal((await rewardScore([...answered, damaged, '--to', 'jsonl', ...keep])).code, 1);
    }
    const kept = ['--to', 'jsonl', '--keep', 'struct'];
    assert.deepEqual(await lines([...answered, damaged, ...kept]), await lines([...answered, nested, ...kept]));
    const best = ['best', ...answered, '--group', 'struct.x', '--keep', 'lists', damaged];
    assert.deepEqual(Object.keys((await lines(best))[0] ?? {}), ['lists', 'reward', 'best_index', 'reward_margin']);
  });
});

describe('Parquet to CSV', () => {
  test('asks for flat columns among those that are kept alone', async () => {
    const csv = [...answered, nested, '--to', 'csv'];
    const { stdout } = await rewardScore([...csv, '--keep', 'response']);
    assert.match(stdout, /^response,reward\n/);
    const refused = await rewardScore([...csv, '--keep', 'response,lists']);
    assert.deepEqual([refused.code, refused.stdout], [2, '']);
    assert.match(
      refused.stderr,
      /got lists or structures in lists; write JSON lines .*, or only other columns with --keep/,
    );
    const absent = await rewardScore([...csv, '--keep', 'respons']);
    assert.match(
      absent.stderr,
      /nested\.parquet: expected a field "respons" \(--keep\), got .*; did you mean response\?/,
    );
  });
});

describe('new Parquet', () => {
  const mixed = writeFile(
    directory,
    'mixed.jsonl',
    '{"mixed":1,"text":"a","id":1,"g":"x"}\n{"mixed":"b","text":"b","id":2,"g":"x","more":true}\n',
  );

  test('has the types of the fields that are kept, in their order', async () => {
    const refused = await rewardScore(['-q', mixed, '-o', out('mixed.parquet')]);
    assert.match(refused.stderr, /expected columns of one type each for Parquet, but mixed/);
    await lines(['-q', mixed, '--keep', 'text,id', '-o', out('mixed.parquet')]);
    assert.deepEqual([...(await columnsOf(out('mixed.parquet'))).keys()], ['text', 'id', 'reward', 'reward_error']);
    await lines(['-q', mixed, '--keep', 'id', '--top-percent', '50', '-o', out('best-half.parquet')]);
    assert.deepEqual([...(await columnsOf(out('best-half.parquet'))).keys()], ['id', 'reward', 'reward_error']);
    const csv = writeFile(directory, 'rows.csv', 'text,id\na,1\n');
    await lines(['-q', csv, '--keep', 'id', '-o', out('csv.parquet')]);
    assert.deepEqual([...(await columnsOf(out('csv.parquet'))).keys()], ['id', 'reward', 'reward_error']);
    await lines(['best', '-q', mixed, '--group', 'g', '--keep', 'id', '-o', out('best.parquet')]);
    assert.deepEqual(
      [...(await columnsOf(out('best.parquet'))).keys()],
      ['id', 'reward', 'best_index', 'reward_margin', 'reward_error'],
    );
  });
});
