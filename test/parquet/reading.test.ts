/** Parquet as it is read: files of four writers, whose rows are known from the values that were written. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { parquet } from '../../dist/parquet/container.js';
import { openFileSource } from '../../dist/platform/byte-source.js';
import { jsonLines, rewardScore, root, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();
const directory = temporaryDirectory();
const oracle = join(root, 'test/oracle');
interface Written {
  readonly tables: Readonly<Record<string, readonly string[]>>;
  readonly files: Readonly<Record<string, string>>;
}
const writtenIn = (name: string) => JSON.parse(readFileSync(join(oracle, `${name}.json`), 'utf8')) as Written;
const { tables, files } = writtenIn('parquet');
const pathOf = (name: string): string => join(oracle, 'parquet', `${name}.parquet`);

async function linesOf(path: string, columns?: ReadonlySet<string>): Promise<string[]> {
  const chunks: Buffer[] = [];
  const file = { name: path, chunks: nothing(), open: () => openFileSource(path), columns };
  for await (const chunk of parquet.decode(file, undefined)) chunks.push(chunk);
  return Buffer.concat(chunks).toString().split('\n').slice(0, -1);
}

async function* nothing(): AsyncGenerator<Buffer> {}

test('there are files of many kinds', () => assert.ok(Object.keys(files).length >= 60));

describe('every file gives the lines that were written into it', () => {
  for (const folder of ['parquet', 'spark']) {
    const written = writtenIn(folder);
    for (const [name, table] of Object.entries(written.files)) {
      test(name, async () =>
        assert.deepEqual(await linesOf(join(oracle, folder, `${name}.parquet`)), written.tables[table]),
      );
    }
  }
});

test('of the columns, only those that are wanted are read', async () => {
  const lines = await linesOf(pathOf('basic-zstd-v2'), new Set(['text', 'absent']));
  assert.deepEqual(
    lines,
    (tables.basic ?? []).map((line) => JSON.stringify({ text: (JSON.parse(line) as { text: string }).text })),
  );
});

describe('the command line', () => {
  test('writes JSON lines: each row as it was, with its reward', async () => {
    const { code, stdout } = await rewardScore(['-q', '--text', 'text', pathOf('groups-of-7')]);
    assert.equal(code, 0);
    const lines = stdout.trimEnd().split('\n');
    const rewards = jsonLines(stdout).map(({ reward }) => reward);
    assert.ok(rewards.every(Number.isFinite));
    assert.deepEqual(
      lines,
      (tables.basic ?? []).map((line, i) => `${line.slice(0, -1)},"reward":${rewards[i]}}`),
    );
  });

  test('gives the rewards that the same rows have as JSON lines', async () => {
    const rows = writeFile(directory, 'rows.jsonl', (tables.nested ?? []).map((line) => `${line}\n`).join(''));
    const args = ['-q', '--to', 'scores', '--prompt', 'prompt', '--response', 'response'];
    const [fromParquet, fromLines] = [
      await rewardScore([...args, pathOf('pages-nested-v2')]),
      await rewardScore([...args, rows]),
    ];
    assert.deepEqual(fromParquet, fromLines);
    assert.equal(fromLines.stdout.split('\n').length, 21);
  });

  test('reads messages that are a list of structures, or lists of their fields', async () => {
    const read = await rewardScore(['-q', '--to', 'scores', '--messages', 'roles', pathOf('nested-zstd-v1')]);
    const rows = (tables.nested ?? []).map((line) => {
      const { roles, response } = JSON.parse(line) as {
        readonly roles: { readonly role: readonly string[]; readonly content: readonly string[] };
        readonly response: string;
      };
      const messages = roles.role.map((role, i) => ({ role, content: roles.content[i] }));
      return `${JSON.stringify({ messages, response })}\n`;
    });
    const expected = await rewardScore(['-q', '--to', 'scores', '--exit-zero'], { stdin: rows.join('') });
    assert.equal(read.stdout, expected.stdout);
    assert.match(read.stdout, /^-?\d/m);
  });

  test('chooses, evaluates, explains and counts rows of Parquet too, and has shares of them', async () => {
    const path = pathOf('groups-of-7');
    const best = await rewardScore([
      'best',
      '-q',
      '--exit-zero',
      '--group',
      'flag',
      '--gather',
      '--text',
      'text',
      path,
      '-o',
      join(directory, 'best'),
    ]);
    assert.equal(best.code, 0, best.stderr);
    assert.deepEqual(
      jsonLines(readFileSync(join(directory, 'best'), 'utf8')).map((row) => row.best_index),
      [6, undefined, 10, undefined],
    );
    const evaluated = await rewardScore([
      'eval',
      '-q',
      '--json',
      '--text',
      'text',
      '--label-field',
      'id',
      '--limit',
      '6',
      path,
    ]);
    assert.match(evaluated.stdout, /"spearman"/);
    const explained = await rewardScore(['explain', '--text', 'text', '--row', '9', path]);
    assert.equal(explained.code, 0, explained.stderr);
    const counted = await rewardScore(['--dry-run', '--text', 'text', path]);
    assert.match(counted.stderr, /20 rows/);
    const whole = await rewardScore(['-q', '--text', 'text', path]);
    const shares = [1, 2].map((i) => join(directory, `share-${i}.jsonl`));
    for (const [i, share] of shares.entries()) {
      await rewardScore(['-q', '--text', 'text', path, '--shard', `${i + 1}/2`, '-o', share]);
    }
    await rewardScore(['merge', ...shares, '-o', join(directory, 'merged.jsonl')]);
    assert.equal(readFileSync(join(directory, 'merged.jsonl'), 'utf8'), whole.stdout);
  });

  test('knows a file by its first bytes, whatever its name', async () => {
    const path = writeFile(directory, 'rows.data', readFileSync(pathOf('rows-1')));
    const { code, stdout } = await rewardScore(['-q', '--text', 'text', path]);
    assert.equal(code, 0);
    assert.equal(jsonLines(stdout).length, 1);
  });

  test('says of a file without rows that it has none', async () => {
    const { code, stdout } = await rewardScore([pathOf('rows-0')]);
    assert.deepEqual([code, stdout], [0, '']);
  });

  const whole = readFileSync(pathOf('basic-zstd-v2'));
  const refused: readonly (readonly [what: string, bytes: Buffer, message: RegExp])[] = [
    ['cut', whole.subarray(0, -100), /expected a whole Parquet file, but it does not end with PAR1; it was cut/],
    ['cut near its beginning', whole.subarray(0, 9), /but it has 9 bytes; it was cut/],
    [
      'encrypted with its footer',
      Buffer.concat([Buffer.from('PARE'), whole.subarray(4, -4), Buffer.from('PARE')]),
      /not encrypted, got an encrypted one; decrypt it first/,
    ],
    [
      'compressed',
      gzipSync(whole),
      /expected parquet, got a file that is compressed as a whole \(gzip\); decompress it/,
    ],
    [
      'cut to some bytes',
      whole.subarray(0, 3),
      /expected parquet, got a file of 3 bytes; if it was cut, fetch it again/,
    ],
    ['encrypted', Buffer.concat([whole.subarray(0, -4), Buffer.from('PARE')]), /not encrypted, got an encrypted one/],
    [
      'of another kind',
      Buffer.from('{"text":"a"}\n'),
      /expected parquet, got something else; say which it is with --from/,
    ],
    ['empty', Buffer.alloc(0), /expected parquet, got an empty file; fetch or write it again/],
    ['without a footer', Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(40), whole.subarray(-8)]), /its footer/],
  ];
  for (const [what, bytes, message] of refused) {
    test(`refuses a file that is ${what}`, async () => {
      const { code, stdout, stderr } = await rewardScore([writeFile(directory, 'refused.parquet', bytes)]);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, message);
    });
  }

  test('names the column and the row group of a page that is damaged', async () => {
    const bytes = readFileSync(pathOf('checksums'));
    const path = writeFile(directory, 'damaged.parquet', bytes);
    bytes.fill(0x55, 40, 60);
    const { code, stderr } = await rewardScore(['-q', writeFile(directory, 'damaged.parquet', bytes)]);
    assert.notEqual(code, 0);
    assert.match(stderr, /the column prompt of row group 0 cannot be read/);
    assert.ok(stderr.includes(path));
  });

  test('refuses Parquet from a pipe, and columns of bytes in the place of text', async () => {
    const piped = await rewardScore([], { stdin: readFileSync(pathOf('rows-1')) });
    assert.equal(piped.code, 2);
    assert.match(piped.stderr, /standard input: expected a regular file, as Parquet is read from its end/);
    const bytes = await rewardScore(['--text', 'binary', pathOf('encoding-plain-v1')]);
    assert.equal(bytes.code, 2);
    assert.match(bytes.stderr, /expected the column binary to hold text, got bytes/);
  });

  test('writes flat columns as cells, digit for digit, with a column of rewards', async () => {
    const args = ['-q', '--exit-zero', '--text', 'text', pathOf('encoding-dictionary-v2')];
    const [{ stdout: csv }, lines] = [await rewardScore([...args, '--to', 'csv']), await rewardScore(args)];
    const again = await rewardScore(['-q', '--exit-zero', '--from', 'csv', '--to', 'jsonl', '--rescore'], {
      stdin: csv,
    });
    const cells = lines.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => line.replace(/,"reward_error":\{.*\}\}$/, '}'))
      // Every number is a string of the same digits, as 2^64 - 1 is not one of JavaScript's.
      .map((line) =>
        line.replaceAll(/:(-?[\d.e+]+|true|false|null)(?=[,}])/g, (_, v) => `:"${v === 'null' ? '' : v}"`),
      );
    const withoutRewards = (text: string) => jsonLines(text).map(({ reward: _, reward_error: __, ...row }) => row);
    assert.deepEqual(withoutRewards(again.stdout), withoutRewards(cells.join('\n')));
    assert.match(csv, /^text,i8,.*,nothing,reward\n.*\nlow,-11,249,,18446744073709551614,.*,-?\d\.\d+\n/);
  });

  test('refuses nested columns as cells, and --from another format', async () => {
    const csv = await rewardScore(['--text', 'text', '--to', 'csv', pathOf('rows-1')]);
    assert.equal(csv.code, 2);
    assert.match(
      csv.stderr,
      /expected columns that fit into cells for csv, got lists or structures in tags; write JSON/,
    );
    const other = await rewardScore(['--from', 'jsonl', pathOf('rows-1')]);
    assert.equal(other.code, 2);
    assert.match(other.stderr, /expected jsonl, got Parquet; say which it is with --from/);
  });
});
