/** `--keep`: the fields that are written of a row, whatever it was read from and whatever it becomes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { jsonLines, rewardScore, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();
const directory = temporaryDirectory();
const out = (name: string): string => join(directory, name);

/** What is written to standard output; the same as is written to a file of that name. */
async function written(args: readonly string[], stdin: string, code = 0): Promise<string> {
  const run = await rewardScore([...args, '-q'], { stdin });
  assert.deepEqual([run.code, run.stderr], [code, '']);
  return run.stdout;
}

/** The rewards of rows, as they are written without the flag. */
const rewardsOf = async (stdin: string, ...args: readonly string[]): Promise<readonly unknown[]> =>
  jsonLines((await rewardScore(['-q', '--to', 'jsonl', ...args], { stdin })).stdout).map(({ reward }) => reward);

const rows = [
  '{"id": 12345678901234567890, "text":"a b","meta":{"x":[1, 2]},"n":1e0,"s":"\\u00e9 \\"q\\"\\n"}',
  '"bare \\u0041"',
  '{"s":null,"text":"c","id":true}',
  '[1]',
  'nope',
  '{"text":"","n":2.50,"\\u006e":3.0}',
];
const jsonl = rows.map((row) => `${row}\n`).join('');
const unparsed = [
  '{"reward":null,"reward_error":{"code":"BAD_ROW","message":"expected a JSON object or string, got an array","input":"[1]"}}',
  '{"reward":null,"reward_error":{"code":"BAD_JSON","message":"expected a JSON object or string, got no valid JSON: nope","input":"nope"}}',
];

describe('JSON lines', () => {
  test('have the named members in the order of the flag, in their own bytes, and the reward', async () => {
    const [a, b, c] = await rewardsOf(jsonl);
    assert.deepEqual((await written(['--keep', 's, id,n,meta'], jsonl, 3)).split('\n'), [
      `{"s":"\\u00e9 \\"q\\"\\n","id": 12345678901234567890,"n":1e0,"meta":{"x":[1, 2]},"reward":${a}}`,
      `{"reward":${b}}`,
      `{"s":null,"id":true,"reward":${c}}`,
      ...unparsed,
      '{"\\u006e":3.0,"reward":null,"reward_error":{"code":"EMPTY_TEXT","message":"text is empty"}}',
      '',
    ]);
  });

  test('the one field of a bare string is its text, in its own bytes; line ends stay', async () => {
    const stdin = '{"text":"a","id":1}\r\n"bare \\u0041"\r\n';
    const [a, b] = await rewardsOf(stdin);
    assert.equal(
      await written(['--keep', 'text'], stdin),
      `{"text":"a","reward":${a}}\r\n{"text":"bare \\u0041","reward":${b}}\r\n`,
    );
  });

  test('a JSON array and lines of text have them too', async () => {
    writeFile(directory, 'array.json', '[{"text":"a",\n  "id": 1}, {"text":"b"}]');
    const [a, b] = await rewardsOf('"a"\n"b"\n');
    const array = ['--keep', 'id', out('array.json')];
    assert.equal(await written(array, ''), `{"id": 1,"reward":${a}}\n{"reward":${b}}\n`);
    assert.equal(await written([...array, '--to', 'csv'], ''), `id,reward\n1,${a}\n,${b}\n`);
    const text = ['--from', 'text', '--keep', 'text'];
    assert.equal(await written(text, 'a\r\nb'), `{"text":"a","reward":${a}}\n{"text":"b","reward":${b}}\n`);
    assert.equal(await written([...text, '--to', 'tsv'], 'a\nb\n'), `text\treward\na\t${a}\nb\t${b}\n`);
  });

  test('what belongs to the reward comes with it: details, and the reason unless it is listed elsewhere', async () => {
    const stdin = '{"id":1,"text":"a","reward_tokens":"mine"}\n{"text":"","id":2}\n';
    const args = ['--keep', 'id', '--errors', out('bad.jsonl')];
    const [a] = await rewardsOf(stdin);
    assert.equal(await written(args, stdin, 3), `{"id":1,"reward":${a}}\n{"id":2,"reward":null}\n`);
    assert.equal(jsonLines(readFileSync(out('bad.jsonl'), 'utf8')).length, 1);
    const [detailed] = jsonLines(await written(['--details', '--rescore', ...args], stdin, 3));
    assert.deepEqual(Object.keys(detailed ?? {}), [
      'id',
      ...['reward', 'reward_tokens', 'reward_truncated', 'reward_prompt_tokens'],
    ]);
    assert.notEqual(detailed?.reward_tokens, 'mine');
  });

  test('a reward that is there is replaced, taken in its own bytes, or null, after what is kept', async () => {
    const stdin =
      '{"reward":0.50,"reward_error":{"code":"BAD_ROW","message":"old"},"text":"a","id":1}\n{"text":"b","id":2}\n';
    const [a] = await rewardsOf('"a"\n');
    const [b] = await rewardsOf('"b"\n');
    assert.equal(
      await written(['--keep', 'id', '--rescore'], stdin),
      `{"id":1,"reward":${a}}\n{"id":2,"reward":${b}}\n`,
    );
    const top = await written(['--keep', 'id', '--use-rewards', '-m', 'fixtures/tiny-gpt2'], stdin);
    assert.match(
      top,
      /^\{"id":1,"reward":0\.50,"reward_error":\{"code":"BAD_ROW","message":"old"\}\}\n\{"id":2,"reward":/,
    );
    const later = await written(['--keep', 'id'], stdin.split('\n').toReversed().join('\n').slice(1), 3);
    assert.match(later, /\n\{"id":1,"reward":null,"reward_error":\{"code":"FIELD_EXISTS"/);
  });
});

describe('JSON lines as CSV and TSV', () => {
  test('a string is its text, a number or boolean its JSON, null and absent are empty, the rest is JSON', async () => {
    const [a, b, c] = await rewardsOf(jsonl);
    assert.equal(
      await written(['--keep', 's,id,meta,n', '--to', 'csv'], jsonl, 3),
      [
        's,id,meta,n,reward',
        `"é ""q""\n",12345678901234567890,"{""x"":[1, 2]}",1e0,${a}`,
        `,,,,${b}`,
        `,true,,,${c}`,
        ...[',,,,', ',,,,', ',,,3.0,', ''],
      ].join('\n'),
    );
  });

  test('candidates have an array in one cell, pairs two columns; a row of another form is a bad one', async () => {
    const lists = '{"id":1,"prompt":"a","candidates":["b","c"]}\n{"id":2,"text":"b"}\n';
    const [both] = await rewardsOf(lists);
    assert.equal(
      await written(['--keep', 'id', '--to', 'csv'], lists, 3),
      `id,reward\n1,"${JSON.stringify(both)}"\n2,\n`,
    );
    const pairs = '{"id":1,"chosen":"a","rejected":"b"}\n{"id":2,"text":"b"}\n{"id":3,"chosen":"","rejected":"b"}\n';
    const lines = await written(['--keep', 'id', '--to', 'jsonl'], pairs, 3);
    const [{ reward_chosen: chosen, reward_rejected: rejected }] = jsonLines(lines) as [Record<string, unknown>];
    const errors = out('pairs.errors');
    assert.match(
      await written(['--keep', 'id', '--to', 'csv', '--errors', errors], pairs, 3),
      new RegExp(`^id,reward_chosen,reward_rejected\\n1,${chosen},${rejected}\\n2,,\\n3,,.*\\n$`),
    );
    assert.match(
      readFileSync(errors, 'utf8'),
      /"expected a row that fits the columns, which have rewards for pairs, got one of the form text"/,
    );
  });

  test('without quotes, a value that would end its cell makes a bad row; others do not count', async () => {
    const stdin = '{"text":"a,b","id":"x"}\n{"text":"c","id":"x,y"}\n{"text":"c","id":["x","y"]}\n';
    const args = ['--keep', 'id', '--to', 'csv', '--quote', 'none'];
    assert.match(await written(args, stdin, 3), /^id,reward\nx,-?\d\S*\nx y,\n\["x" "y"\],\n$/);
  });

  test('the refusal without the flag names it', async () => {
    const { code, stderr } = await rewardScore(['--to', 'csv'], { stdin: '"a"\n' });
    assert.equal(code, 2);
    assert.match(stderr, /got csv: its rows have no common columns; say which fields are columns with --keep/);
  });
});

describe('CSV and TSV', () => {
  const csv = '\ufeffID, Text ,"x y",z\r\n1,hello,"q,""1",\r\n2,two,short\r\n3,a,b,c,d\r\n4,"un';

  test('have the named columns in the order of the flag, in their own bytes', async () => {
    const [a] = await rewardsOf('"hello"\n');
    const [b] = await rewardsOf('"b"\n');
    assert.equal(
      await written(['--from', 'csv', '--keep', 'X Y, id'], csv, 3),
      `\ufeff"x y",ID,reward\r\n"q,""1",1,${a}\r\nshort,2,\r\nb,3,\r\n,,\r\n`,
    );
    assert.equal(
      await written(['--from', 'csv', '--to', 'tsv', '--keep', 'x y,id'], csv, 3),
      `\ufeffx y\tID\treward\r\n"q,""1"\t1\t${a}\r\nshort\t2\t\r\nb\t3\t\r\n\t\t\r\n`,
    );
    const tsv = ['--from', 'tsv', '--to', 'csv', '--quote', 'none', '--keep', 'id'];
    // What is not kept may hold anything.
    assert.equal(await written(tsv, 'id\ttext\tn,m\n7\tb\tc,d\n'), `id,reward\n7,${b}\n`);
  });

  test('become JSON lines of the named columns', async () => {
    const [a] = await rewardsOf('"hello"\n');
    const lines = (await written(['--from', 'csv', '--to', 'jsonl', '--keep', 'z,text'], csv, 3)).split('\n');
    assert.equal(lines[0], `{"z":""," Text ":"hello","reward":${a}}`);
    assert.match(lines[1] ?? '', /^\{"reward":null,"reward_error":\{"code":"BAD_CSV".*"input":"2,two,short"\}\}$/);
  });

  test('a column of rewards that is replaced stands after what is kept', async () => {
    const [a] = await rewardsOf('"a"\n');
    const args = ['--from', 'csv', '--rescore', '--keep', 'id'];
    assert.equal(await written(args, 'reward,text,id\n1,a,x\n'), `id,reward\nx,${a}\n`);
  });
});

describe('what is refused before anything is written', () => {
  const pair = '{"id":1,"prompt":"a","candidates":["b","c"],"reward":[1,2]}\n';
  for (const [args, stdin, message] of [
    [['--keep', 'id,id'], jsonl, /--keep <fields>.*Expected names of fields, each once: a,b,c/],
    [['--keep', 'id,'], jsonl, /Expected names of fields, each once/],
    [['--keep', 'ids'], jsonl, /:1: expected a field "ids" \(--keep\), got \["id","text".*; did you mean id\?/],
    [['--keep', 'id'], '"bare"\n', /:1: expected a field "id" \(--keep\), got \["text"\]/],
    [['--keep', 'meta.x'], jsonl, /expected a field "meta\.x" \(--keep\)/],
    [
      ['--keep', 'idd', '--from', 'csv'],
      'ID,text\n',
      /expected a field "idd" \(--keep\), got \["ID","text"\]; did you mean ID\?/,
    ],
    [['--keep', 'id,ID', '--from', 'csv'], 'ID,text\n', /:1: expected each column once \(--keep\), got id twice/],
    [['--keep', 'id', '--from', 'csv'], 'id,text,ID\n', /expected one column id \(--keep\), got several of that name/],
    [['--keep', 'reward'], jsonl, /expected --keep without reward: what the run writes stands under that name/],
    [['--keep', 'id, Score', '--reward-field', 'score', '--from', 'csv'], 'id,text\n', /expected --keep without Score/],
    [['--keep', 'reward_chosen'], jsonl, /expected --keep without reward_chosen/],
    [['--keep', 'reward_tokens', '--details'], jsonl, /expected --keep without reward_tokens/],
    [['--keep', 'reward_error'], jsonl, /expected --keep without reward_error/],
    [['--keep', 'id', '--to', 'scores'], jsonl, /expected --keep with --to jsonl, csv, tsv or parquet/],
    [['--keep', 'id', '--report', out('page.html'), '-o', out('x.jsonl')], jsonl, /expected --report without --keep/],
    [['best', '--keep', 'best_index'], pair, /expected --keep without best_index/],
    [['best', '--keep', 'prompt', '--pairs'], pair, /expected --keep without prompt/],
    [
      ['best', '--keep', 'candidates', '--pairs'],
      pair,
      /:1: expected --keep without candidates, which the pair is made of/,
    ],
    [['eval', '--keep', 'id'], jsonl, /unknown option '--keep'|expected .*--keep/],
  ] as const) {
    test(args.join(' '), async () => {
      const run = await rewardScore(args, { stdin });
      assert.equal(run.code, 2);
      assert.equal(run.stdout, '');
      assert.match(run.stderr, message);
    });
  }

  test('the variable does what the flag does', async () => {
    const run = await rewardScore([], { stdin: jsonl, env: { REWARD_SCORE_KEEP: 'ids' } });
    assert.deepEqual([run.code, /expected a field "ids"/.test(run.stderr)], [2, true]);
  });
});

describe('a run', () => {
  const many = writeFile(
    directory,
    'many.jsonl',
    Array.from({ length: 90 }, (_, i) =>
      i % 30 === 7 ? '{"id":0,"text":""}\n' : `{"id":${i},"text":"row ${i}"}\n`,
    ).join(''),
  );
  const keep = ['-q', '-j', '1', '--keep', 'id'];

  for (const name of ['whole.jsonl', 'whole.csv']) {
    test(`shards of ${name} make the bytes of one run, and --resume compares the flag`, async () => {
      const file = (part: string): string => out(name.replace('whole', part));
      assert.equal((await rewardScore([...keep, many, '-o', file('whole')])).code, 3);
      const parts = ['1/2', '2/2'].map((shard) => ({ shard, path: file(`part-${shard[0]}`) }));
      for (const { shard, path } of parts) await rewardScore([...keep, many, '--shard', shard, '-o', path]);
      const merged = await rewardScore(['merge', '-q', ...parts.map(({ path }) => path), '-o', file('merged')]);
      assert.equal(merged.code, 0, merged.stderr);
      assert.deepEqual(readFileSync(file('merged')), readFileSync(file('whole')));
      const stopped = [...keep, many, '-o', file('stopped'), '--max-errors', '2'];
      assert.equal((await rewardScore(stopped)).code, 1);
      const other = await rewardScore(['-q', many, '--keep', 'id,text', '-o', file('stopped'), '--resume']);
      assert.equal(other.code, 2);
      assert.match(other.stderr, /--keep was id and is id,text/);
      assert.equal((await rewardScore([...keep, many, '-o', file('stopped'), '--resume'])).code, 3);
      assert.deepEqual(readFileSync(file('stopped')), readFileSync(file('whole')));
    });
  }

  test('filters, --on-error skip and --output-dir write the fields that are kept', async () => {
    const whole = (await written(['--keep', 'id', many], '', 3)).trimEnd().split('\n');
    const good = whole.filter((line) => !line.includes('null'));
    const lines = (text: string): string[] => text.trimEnd().split('\n');
    assert.deepEqual(lines(await written(['--keep', 'id', '--on-error', 'skip', many], '', 3)), good);
    assert.deepEqual(lines(await written(['--keep', 'id', '--min-reward', '-1000', many], '', 3)), good);
    await rewardScore([...keep, '--top-percent', '10', many, '-o', out('top.csv')]);
    const [header, ...top] = lines(readFileSync(out('top.csv'), 'utf8'));
    assert.deepEqual([header, top.length], ['id,reward', 9]);
    const other = writeFile(directory, 'other.jsonl', '{"id":1,"text":"row 1"}\n');
    await rewardScore([...keep, many, other, '--output-dir', out('folder')]);
    assert.deepEqual(lines(readFileSync(out('folder/many.jsonl'), 'utf8')), whole);
    assert.match(readFileSync(out('folder/other.jsonl'), 'utf8'), /^\{"id":1,"reward":-?\d[^,]*\}\n$/);
  });
});

describe('best', () => {
  const list = '{"id": 1,"prompt":"a","candidates":["x","yy"],"z":{"q":1}}\n';

  test('writes of the winner what is kept, and what it adds', async () => {
    const rowsOfGroups = '{"n":1.0,"g":"x","text":"a"}\n{"n":2.0,"g":"x","text":"b"}\n';
    const [winner] = jsonLines(await written(['best', '--group', 'g'], rowsOfGroups));
    const { n, reward, best_index, reward_margin } = winner as Record<string, number>;
    assert.equal(
      await written(['best', '--group', 'g', '--keep', 'n'], rowsOfGroups),
      `{"n":${n}.0,"reward":${reward},"best_index":${best_index},"reward_margin":${reward_margin}}\n`,
    );
    assert.equal(await written(['best', '--group', 'g', '--keep', 'n', '-o', out('best.csv')], rowsOfGroups), '');
    assert.equal(
      readFileSync(out('best.csv'), 'utf8'),
      `n,reward,best_index,reward_margin\n${n}.0,${reward},${best_index},${reward_margin}\n`,
    );
  });

  test('of a row with candidates, with rewards of its own in their own bytes', async () => {
    const carried = list.replace('"prompt"', '"reward":[1.0,2.50],"prompt"');
    assert.equal(
      await written(['best', '--keep', 'z,id'], carried),
      '{"z":{"q":1},"id": 1,"reward":[1.0,2.50],"response":"yy","best_index":1,"best_reward":2.5,"reward_margin":1.5}\n',
    );
  });

  test('--pairs has what is kept beside the pair', async () => {
    assert.match(
      await written(['best', '--pairs', '--keep', 'z,id'], list),
      /^\{"z":\{"q":1\},"id": 1,"prompt":"a","chosen":"(x|yy)","rejected":"(x|yy)","score_chosen":[^,]+,"score_rejected":[^,]+\}\n$/,
    );
  });
});
