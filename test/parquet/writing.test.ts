/** Parquet as it is written: the columns' own bytes, with the results after them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { parquet } from '../../dist/parquet/container.js';
import { type ColumnChunk, type Footer, readFooter } from '../../dist/parquet/footer.js';
import { type ByteSource, openFileSource } from '../../dist/platform/byte-source.js';
import { jsonLines, rewardScore, root, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();
const directory = temporaryDirectory();
const files = join(root, 'test/oracle/parquet');
const pathOf = (name: string): string => join(files, `${name}.parquet`);
const out = (name: string): string => join(directory, name);

async function withFooter<T>(path: string, use: (footer: Footer, source: ByteSource) => Promise<T>): Promise<T> {
  const source = await openFileSource(path);
  try {
    return await use(await readFooter(source), source);
  } finally {
    await source.close();
  }
}

/** The bytes of each column in each row group. */
const chunksOf = (path: string): Promise<string[][]> =>
  withFooter(path, async ({ groups }, source) => {
    const bytesOf = async ({ start, length, leaf }: ColumnChunk): Promise<string> =>
      `${leaf.path.join('.')}: ${(await source.readAt(start, length)).toString('base64')}`;
    return Promise.all(groups.map(({ chunks }) => Promise.all(chunks.map(bytesOf))));
  });

async function score(name: string, args: readonly string[], output = out(`${name}.out.parquet`)): Promise<string> {
  const { code, stderr } = await rewardScore(['-q', '-j', '1', '--exit-zero', ...args, pathOf(name), '-o', output]);
  assert.equal(code, 0, stderr);
  return output;
}

/** The rows of a file that was written, as the program reads them again. */
async function rowsOf(path: string, ...args: readonly string[]): Promise<Record<string, unknown>[]> {
  const { stdout, stderr } = await rewardScore(['-q', '--exit-zero', '--reward-field', 'again', ...args, path]);
  assert.notEqual(stdout, '', stderr);
  return jsonLines(stdout);
}

/** The rows of a file as they are stored. */
async function storedIn(path: string): Promise<Record<string, unknown>[]> {
  const file = { name: path, chunks: Readable.from([]), open: () => openFileSource(path), columns: undefined };
  const pieces: Buffer[] = [];
  for await (const piece of parquet.decode(file, undefined)) pieces.push(piece);
  return jsonLines(Buffer.concat(pieces).toString());
}

const text = ['--text', 'text'];
/** Some of them are empty. */
const prompts = ['--text', 'prompt'];
const answered = ['--prompt', 'prompt', '--response', 'response'];

describe('the columns of the input are in the output byte for byte', () => {
  for (const [name, args] of [
    ['basic-zstd-v2', text],
    ['nested-lz4-v1', answered],
    ['groups-of-7', text],
    ['page-index', text],
    ['duckdb-nested-zstd', answered],
    ['polars-basic-zstd', text],
    ['fastparquet-plain-snappy', text],
    ['no-arrow-schema', answered],
  ] as const) {
    test(name, async () => {
      const [before, after] = [await chunksOf(pathOf(name)), await chunksOf(await score(name, args))];
      assert.deepEqual(
        after.map((group) => group.slice(0, -2)),
        before,
      );
      assert.ok(
        after.every((group) => /^reward:/.test(group.at(-2) ?? '') && /^reward_error:/.test(group.at(-1) ?? '')),
      );
    });
  }
});

describe('the results', () => {
  test('are those of the same rows as JSON lines, within rounding', async () => {
    const lines = await rewardScore(['-q', '--exit-zero', ...text, pathOf('groups-of-7')]);
    const rows = await rowsOf(await score('groups-of-7', text), ...text);
    for (const [i, { reward }] of jsonLines(lines.stdout).entries()) {
      assert.ok(Math.abs((rows[i]?.reward as number) - (reward as number)) < 1e-5);
    }
    assert.equal(rows.length, 20);
  });

  test('have details beside them, and reasons for those that are missing', async () => {
    const rows = await storedIn(await score('nested-zstd-v1', [...prompts, '--details']));
    const bad = rows.filter(({ reward }) => reward === null);
    const good = rows.filter(({ reward }) => reward !== null);
    assert.ok(bad.length > 0 && good.length > 0);
    for (const row of bad) assert.equal(row.reward_error, '{"code":"EMPTY_TEXT","message":"prompt is empty"}');
    for (const row of good) {
      assert.ok(Number.isInteger(row.reward_tokens) && row.reward_error === null, JSON.stringify(row));
    }
  });

  test('replace the columns of an earlier run with --rescore, and are refused without', async () => {
    const first = await score('groups-of-5', text);
    const refused = await rewardScore(['-q', ...text, first, '-o', out('again.parquet')]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /expected no field reward, which the reward is written to/);
    const again = await rewardScore(['-q', ...text, '--rescore', first, '-o', out('again.parquet')]);
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(await chunksOf(out('again.parquet')), await chunksOf(first));
  });
});

describe('rows that are left out', () => {
  /** What a run with these flags writes as JSON lines, as far as rewards go: the windows of the two are others. */
  async function check(name: string, args: readonly string[], flags: readonly string[]): Promise<string[][]> {
    const as = (format: string): string[] => [
      '-q',
      '-j',
      '1',
      '--exit-zero',
      ...args,
      ...flags,
      pathOf(name),
      '-o',
      out(`${name}.${format}`),
    ];
    for (const format of ['jsonl', 'parquet']) {
      const { code, stderr } = await rewardScore([...as(format), '--summary', out(`${format}.json`)]);
      assert.deepEqual([code, stderr], [0, '']);
    }
    const [kept, dropped] = ['jsonl', 'parquet'].map((format) => {
      const { kept, dropped, rows } = JSON.parse(readFileSync(out(`${format}.json`), 'utf8')) as Record<string, number>;
      return { kept, dropped, rows };
    });
    assert.deepEqual(kept, dropped);
    const expected = jsonLines(readFileSync(out(`${name}.jsonl`), 'utf8'));
    const rows = await rowsOf(out(`${name}.parquet`), ...args);
    const withoutRewards = ({ reward: _, reward_error: __, again: ___, ...row }: Record<string, unknown>) => row;
    assert.deepEqual(rows.map(withoutRewards), expected.map(withoutRewards));
    return chunksOf(out(`${name}.parquet`));
  }

  /** The median of the rewards, of the text that they are of. */
  const bound = ['--min-reward', '0.6'];

  for (const [name, args, flags] of [
    ['pages-basic-v1', text, bound],
    ['pages-nested-v2', prompts, ['--on-error', 'skip']],
    ['encoding-delta_byte_array-v2', text, ['--limit', '13']],
    ['encoding-split-v1', text, ['--top-percent', '30']],
    ['encoding-dictionary-v2', text, ['--top-percent', '50']],
    ['polars-basic-lz4', text, bound],
    ['fastparquet-plain-snappy', text, ['--top-percent', '40', '--limit', '15']],
  ] as const) {
    test(`${name} with ${flags.join(' ')}`, async () => {
      const groups = await check(name, args, flags);
      assert.notDeepEqual(
        groups.map((group) => group.slice(0, -2)),
        await chunksOf(pathOf(name)),
      );
    });
  }

  test('a row group that loses none is copied, and one that loses all is left out', async () => {
    const [, second] = await chunksOf(pathOf('groups-of-7'));
    const groups = await check('groups-of-7', text, ['--limit', '14']);
    assert.equal(groups.length, 2);
    assert.deepEqual(groups[1]?.slice(0, -2), second);
  });

  test('in shards, and after an interruption, give the bytes of one run', async () => {
    const flags = [...prompts, '--on-error', 'skip'];
    const whole = await score('groups-of-9-nested', flags, out('whole-2.parquet'));
    const shards = [1, 2].map((i) => out(`part-${i}.parquet`));
    for (const [i, path] of shards.entries())
      await score('groups-of-9-nested', [...flags, '--shard', `${i + 1}/2`], path);
    await rewardScore(['merge', ...shards, '-o', out('merged-2.parquet')]);
    assert.deepEqual(readFileSync(out('merged-2.parquet')), readFileSync(whole));
    const args = ['-q', '-j', '1', '--exit-zero', ...flags, pathOf('groups-of-9-nested'), '-o', out('going.parquet')];
    assert.equal((await rewardScore([...args, '--max-errors', '1'])).code, 1);
    assert.equal((await rewardScore([...args, '--resume'])).code, 0);
    assert.deepEqual(readFileSync(out('going.parquet')), readFileSync(whole));
  });
});

describe('why an earlier run gave no reward gives way to what this run says', () => {
  test('where its column is copied from Parquet', async () => {
    const earlier = await score('nested-zstd-v1', prompts, out('earlier.parquet'));
    const args = ['-q', '-j', '1', '--exit-zero', '--text', 'response', '--reward-field', 'other', earlier, '-o'];
    const { code, stderr } = await rewardScore([...args, out('other.parquet')]);
    assert.deepEqual([code, stderr], [0, '']);
    const rows = await storedIn(out('other.parquet'));
    for (const { other, reward_error: error } of rows) assert.equal(other === null, error !== null);
    assert.ok(rows.some(({ reward, other }) => reward === null && other !== null));
    await rewardScore([...args, out('listed.parquet'), '--errors', out('listed.jsonl')]);
    const withoutReasons = ({ reward_error: _, ...row }: Record<string, unknown>) => row;
    assert.deepEqual(await storedIn(out('listed.parquet')), rows.map(withoutReasons));
  });

  test('where rows of JSON have it as an object', async () => {
    const reason = '"reward_error":{"code":"X"}';
    const input = writeFile(directory, 'earlier.jsonl', `{"text":"a",${reason}}\n{"text":"",${reason}}\n`);
    const { stderr } = await rewardScore(['-q', '-j', '1', '--exit-zero', input, '-o', out('from-lines.parquet')]);
    assert.equal(stderr, '');
    const [good, bad] = await storedIn(out('from-lines.parquet'));
    assert.deepEqual([typeof good?.reward, good?.reward_error], ['number', null]);
    assert.deepEqual([bad?.reward, JSON.parse(bad?.reward_error as string).code], [null, 'EMPTY_TEXT']);
  });
});

describe('a run to Parquet', () => {
  test('in shards that are merged has the bytes of the whole run, in any order', async () => {
    const whole = await score('groups-of-7', text, out('whole.parquet'));
    const shards = [1, 2, 3].map((i) => out(`shard-${i}.parquet`));
    for (const [i, path] of shards.entries()) await score('groups-of-7', [...text, '--shard', `${i + 1}/3`], path);
    const { code, stderr } = await rewardScore(['merge', ...[...shards].reverse(), '-o', out('merged.parquet')]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(readFileSync(out('merged.parquet')), readFileSync(whole));
    const more = await rewardScore([...text, '--shard', '3/4', pathOf('groups-of-7'), '-o', out('shard-4.parquet')]);
    assert.equal(more.code, 2);
    assert.match(
      more.stderr,
      /expected --shard of at most 3, as many as there are row groups, got 3\/4; with --to jsonl/,
    );
  });

  test('that was stopped goes on to the same bytes, and leaves nothing beside them', async () => {
    const whole = await score('groups-of-9-nested', prompts, out('whole-1.parquet'));
    const args = ['-q', '-j', '1', ...prompts, pathOf('groups-of-9-nested'), '-o', out('stopped.parquet')];
    const stopped = await rewardScore([...args, '--max-errors', '1']);
    assert.equal(stopped.code, 1, stopped.stderr);
    assert.ok(readdirSync(directory).includes('stopped.parquet.partial'));
    const resumed = await rewardScore([...args, '--resume']);
    assert.equal(resumed.code, 3, resumed.stderr);
    assert.deepEqual(readFileSync(out('stopped.parquet')), readFileSync(whole));
    const again = await rewardScore([...args, '--resume']);
    assert.match(again.stderr, /^$/);
    assert.deepEqual(
      readdirSync(directory).filter((name) => name.startsWith('stopped')),
      ['stopped.parquet', 'stopped.parquet.run.json'],
    );
  });

  test('of several files of the same columns is one file', async () => {
    const inputs = ['groups-of-7', 'groups-of-5'].map(pathOf);
    const joined = await rewardScore(['-q', ...text, ...inputs, '-o', out('joined.parquet')]);
    assert.equal(joined.code, 0, joined.stderr);
    assert.equal(await withFooter(out('joined.parquet'), async ({ rows }) => rows), 40);
    const other = await rewardScore([
      '-q',
      ...text,
      pathOf('groups-of-7'),
      pathOf('rows-1'),
      pathOf('no-statistics'),
      '-o',
      out('joined.parquet'),
    ]);
    assert.equal(other.code, 0, other.stderr);
    const different = await rewardScore([
      '-q',
      ...text,
      pathOf('groups-of-7'),
      pathOf('encoding-plain-v1'),
      '-o',
      out('x.parquet'),
    ]);
    assert.equal(different.code, 2);
    assert.match(different.stderr, /encoding-plain-v1.parquet: expected the columns of .*groups-of-7.parquet/);
  });

  test('of a file without rows is a file without rows', async () => {
    const path = await score('rows-0', text);
    assert.equal(await withFooter(path, async ({ rows, schema }) => rows + schema.leaves.length), 9);
  });

  for (const [args, message] of [
    [['--to', 'parquet'], /expected --to parquet with -o FILE/],
    [['-o', out('x.parquet'), '--stream'], /expected --to parquet without --stream/],
    [['-o', out('x.json')], /expected an output that ends in .jsonl/],
  ] as const) {
    test(`refuses ${args.join(' ').replace(directory, '')}`, async () => {
      const { code, stderr } = await rewardScore([...text, pathOf('rows-1'), ...args]);
      assert.equal(code, 2);
      assert.match(stderr, message);
      rmSync(out('x.parquet'), { force: true });
    });
  }
});
