/** CSV and TSV without quotes: `--quote none`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonLines, rewardScore, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();
const directory = temporaryDirectory();
const texts = ['say "hi', '"whole"', '"', 'plain, with a comma'];
const tsv = writeFile(directory, 'rows.tsv', `text\t"id"\r\n${texts.map((text, i) => `${text}\t${i}\r\n`).join('')}`);

test('quotes are characters like others: rows keep their bytes, and texts have the rewards of the same texts', async () => {
  const { code, stdout, stderr } = await rewardScore(['-q', '--quote', 'none', tsv]);
  assert.deepEqual([code, stderr], [0, '']);
  const lines = await rewardScore(['-q'], { stdin: texts.map((text) => `${JSON.stringify({ text })}\n`).join('') });
  const rewards = jsonLines(lines.stdout).map(({ reward }) => reward);
  const rows = texts.map((text, i) => `${text}\t${i}\t${rewards[i]}\r\n`);
  assert.equal(stdout, `text\t"id"\treward\r\n${rows.join('')}`);
  const shards = await Promise.all(
    [1, 2].map(async (i) => {
      const path = `${directory}/shard-${i}.tsv`;
      assert.equal((await rewardScore(['-q', '--quote', 'none', '--shard', `${i}/2`, tsv, '-o', path])).code, 0);
      return path;
    }),
  );
  assert.equal((await rewardScore(['merge', ...shards, '-o', `${directory}/merged.tsv`])).code, 0);
});

test('best groups by a cell that begins with a quote', async () => {
  const stdin = 'text\tgroup\na\t"x\nb\t"x\nc\t"y\n';
  const { code, stdout, stderr } = await rewardScore(
    ['best', '-q', '--quote', 'none', '--from', 'tsv', '--group', 'group'],
    { stdin },
  );
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(
    stdout,
    /^text\tgroup\treward\tbest_index\treward_margin\n[ab]\t"x\t[^\t]+\t[01]\t[^\t]+\nc\t"y\t[^\t]+\t0\t\n$/,
  );
});

test('another format has quotes where it needs them, so that every cell can be written', async () => {
  const convert = async (from: string, to: string, stdin: string): Promise<string> => {
    const { code, stdout, stderr } = await rewardScore(['-q', '--quote', 'none', '--from', from, '--to', to], {
      stdin,
    });
    assert.deepEqual([code, stderr], [0, '']);
    return stdout.replaceAll(/-?\d\.\d+$/gm, 'R');
  };
  assert.equal(
    await convert('tsv', 'csv', 'text\tx, "y"\na, b\t1\n"c\td\n'),
    'text,"x, ""y""",reward\n"a, b",1,R\n"""c",d,R\n',
  );
  assert.equal(
    await convert('csv', 'tsv', 'text,i\td\n"a,1\nb\tc,2\n'),
    'text\t"i\td"\treward\n"""a"\t1\tR\n"b\tc"\t2\tR\n',
  );
  const candidates = await rewardScore(['-q', '--quote', 'none', '--from', 'csv', '--to', 'tsv'], {
    stdin: 'prompt,candidates\na,["b"]\n',
  });
  assert.match(candidates.stdout, /^prompt\tcandidates\treward\na\t"\[""b""\]"\t"\[-?\d\.\d+\]"\n$/);
});

test('the separator may be the same: the formats are not', async () => {
  const args = ['-q', '--quote', 'none', '--from', 'csv', '--delimiter', '\\t'];
  const stdin = 'text\tx\n"a\t1\n';
  const same = await rewardScore(args, { stdin });
  assert.match(same.stdout, /^text\tx\treward\n"a\t1\t-?\d\.\d+\n$/);
  const other = await rewardScore([...args, '--to', 'tsv'], { stdin });
  assert.match(other.stdout, /^text\tx\treward\n"""a"\t1\t-?\d\.\d+\n$/);
});

test('a column that is added has no quotes where the others have none', async () => {
  const args = ['-q', '--quote', 'none', '--from', 'csv', '--reward-field', 'a,b'];
  const { code, stderr } = await rewardScore(args, { stdin: 'text\na\n' });
  assert.equal(code, 2);
  assert.match(stderr, /expected columns that can be written without quotes, got "a,b"; leave out --quote none/);
});

for (const [args, stdin, message] of [
  [
    ['--from', 'csv'],
    'prompt,candidates\na,["b"]\n',
    /expected rows without candidates for CSV and TSV without quotes/,
  ],
  [['best', '--from', 'tsv'], 'prompt\tcandidates\na\t["b"]\n', /expected rows without candidates/],
  [[], '{"text":"a"}\n', /expected --quote none with CSV or TSV, got jsonl as input and jsonl as output/],
] as const) {
  test(`refuses ${message.source}`, async () => {
    const { code, stderr } = await rewardScore([...args, '--quote', 'none'], { stdin });
    assert.equal(code, 2);
    assert.match(stderr, message);
  });
}
