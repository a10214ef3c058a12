/** A file of Parquet says its columns before any row, as a header does: what they lack is refused at the start. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { jsonLines, rewardScore, root, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();
const directory = temporaryDirectory();
const out = (name: string): string => join(directory, name);

/** A file of Parquet with these rows, and a column `old` after their fields. */
async function written(name: string, rows: readonly object[], ...args: readonly string[]): Promise<string> {
  const lines = writeFile(directory, `${name}.jsonl`, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const path = out(`${name}.parquet`);
  const { code, stderr } = await rewardScore([
    ...['-q', '--exit-zero', '--reward-field', 'old', '--errors', out('errors'), ...args, lines, '-o', path],
  ]);
  assert.equal(code, 0, stderr);
  return path;
}

describe('is refused before anything is written, with all columns', () => {
  let unfit = '';
  let asked = '';
  before(async () => {
    unfit = await written('unfit', [{ Text: 'a', Reward: 1 }], '--text', 'Text');
    asked = await written('asked', [{ gid: 'a', response: 'b', n: 1 }], '--prompt', 'gid');
  });

  for (const to of ['jsonl', 'scores', 'parquet'] as const) {
    for (const [what, args, message] of [
      [
        'a file of which no column is scored',
        () => [unfit],
        /unfit\.parquet: expected columns to score: text, messages, .*; got "Text", "Reward", "old"; name others with --text/,
      ],
      [
        'a column that a flag names and that is not there',
        () => [asked, '--prompt', 'gidd'],
        /asked\.parquet: expected a column "gidd" \(--prompt\), got "gid", "response", "n", "old"; did you mean gid\?/,
      ],
      [
        'a field of system messages that is not there',
        () => [asked, '--prompt', 'gid', '--system', 'rules'],
        /asked\.parquet:1: expected a field "rules" \(--system\), got \["gid","response","n","old"\]/,
      ],
    ] as const) {
      test(`${what}, to ${to}`, async () => {
        const output = out(`none-${to}`);
        const { code, stdout, stderr } = await rewardScore([...args(), '--to', to, '-o', output]);
        assert.deepEqual([code, stdout], [2, '']);
        assert.match(stderr, message);
        assert.ok(!existsSync(output) && !existsSync(`${output}.partial`));
      });
    }
  }

  test('one that no row is in', async () => {
    const empty = join(root, 'test/oracle/parquet/rows-0.parquet');
    assert.match(
      (await rewardScore([empty, '--text', 'texts'])).stderr,
      /expected a column "texts" .*; did you mean text\?/,
    );
    assert.equal((await rewardScore([empty, '--text', 'text'])).code, 0);
  });
});

test('a column is there where the first row has nothing in it', async () => {
  const path = await written(
    'nulls',
    [
      { text: 'a', body: null, deep: { x: null } },
      { text: 'b', body: 'b', deep: { x: 'c' } },
    ],
    '--text',
    'text',
  );
  for (const name of ['body', 'deep.x']) {
    const { code, stdout } = await rewardScore(['-q', '--text', name, path]);
    assert.equal(code, 3);
    assert.deepEqual(
      jsonLines(stdout).map(({ reward }) => typeof reward),
      ['object', 'number'],
    );
  }
});

test('rows that carry their rewards need nothing to score', async () => {
  const path = await written('rewards', [{ Text: 'a', id: 1 }], '--text', 'Text');
  assert.equal((await rewardScore(['eval', '-q', '--reward-field', 'old', path])).code, 0);
  const pairs = await written('pairs', [{ Text: 'a', better: 1, worse: 0.5 }], '--text', 'Text');
  assert.equal((await rewardScore(['eval', '-q', '--fields', 'better,worse', pairs])).code, 0);
});

/** A column `m` of a map from string to string, as pyarrow writes [('k', 'a'), ('k', 'b')] and [('l', 'c')]. */
const maps = [
  'UEFSMRUAFTYVSCwVBhUAFQYVBhwAAAAotS/9IBvZAAACAAAAAwICAAAABgIBAAAAawEAAABrAQAAAGwVABU2FUgsFQYVABUGFQYc',
  'AAAAKLUv/SAb2QAAAgAAAAMCAgAAAAYDAQAAAGEBAAAAYgEAAABjFQQZXDUAGAZzY2hlbWEVAgA1AhgBbRUCFQJMLAAAADUEGAlr',
  'ZXlfdmFsdWUVBAAVDCUAGANrZXklAEwcAAAAFQwlAhgFdmFsdWUlAEwcAAAAFgQZHBksJgAcFQwZJQYAGTgBbQlrZXlfdmFsdWUD',
  'a2V5FQwWBhZcFm4mCEkcFQAVABUCADwWBhkmBAIZNgAABgAAACYAHBUMGSUGABk4AW0Ja2V5X3ZhbHVlBXZhbHVlFQwWBhZcFm4m',
  'dkkcFQAVABUCADwWBhkmBAIZRgAAAAYAAAAWuAEWBCYIFtwBACggcGFycXVldC1jcHAtYXJyb3cgdmVyc2lvbiAyNi4wLjEZLBwA',
  'ABwAAAAKAQAAUEFSMQ==',
];

test('a key of a map is known by a row, and twice in the object where it is so in the map', async () => {
  const path = writeFile(directory, 'maps.parquet', Buffer.from(maps.join(''), 'base64'));
  const { code, stdout } = await rewardScore(['-q', '--text', 'm.k', '--exit-zero', path]);
  assert.equal(code, 0);
  assert.match(stdout, /^\{"m":\{"k":"a","k":"b"\},"reward":-?\d\S*\}\n\{"m":\{"l":"c"\},"reward":null,/);
  const other = await rewardScore(['-q', '--text', 'm.l', path]);
  assert.equal(other.code, 2);
  assert.match(other.stderr, /expected a column "m\.l" \(--text\), got "m"/);
});
