/** `--output-dir`: a scored file for each input, each as a run of its own would write it. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { rewardScore, root, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();
const directory = temporaryDirectory();
const out = (name: string): string => join(directory, name);

function input(name: string, content: string | Uint8Array): string {
  mkdirSync(dirname(out(name)), { recursive: true });
  return writeFile(directory, name, content);
}

const rows = (texts: readonly string[]): string => texts.map((text) => `${JSON.stringify({ text })}\n`).join('');
const inputs = [
  input('in/a/x.jsonl', rows(['one', 'two', ''])),
  input('in/a/y.ndjson', rows(['three', '', 'four'])),
  input('in/b/z.csv.gz', gzipSync('text,id\nfive,1\nsix,2\n')),
  input('in/b/w.json', '[{"text":"seven"},\n {"text":""}]'),
  input('in/p.parquet', readFileSync(join(root, 'test/oracle/parquet/groups-of-7.parquet'))),
];
const targets = ['a/x.jsonl', 'a/y.ndjson', 'b/z.csv.gz', 'b/w.jsonl', 'p.parquet'];
/** The column is named, as the rows of the Parquet have other texts too. */
const run = (args: readonly string[]) => rewardScore(['-q', '-j', '1', '--text', 'text', ...args]);

interface Summary {
  readonly rows: number;
  readonly failed: number;
  readonly resumed: boolean;
  readonly complete: boolean;
  readonly inputs: readonly { readonly path: string; readonly rows: number; readonly sha256: string | null }[];
}
const summaryOf = (name: string) => JSON.parse(readFileSync(out(name), 'utf8')) as Summary;

async function alone(path: string, name: string): Promise<Buffer> {
  const target = out(`alone-${name.replaceAll('/', '-')}`);
  const { stderr } = await run(['--errors', out('alone.errors'), path, '-o', target]);
  assert.equal(stderr, '');
  return readFileSync(target);
}

describe('a folder of outputs', () => {
  test('has what runs of their own would have written, at the paths of the inputs, and one summary', async () => {
    const args = ['in/*/*', 'in/p.parquet'].map(out);
    const { code, stderr } = await run([
      ...args,
      ...['--output-dir', out('new/folder'), '--summary', out('s.json'), '--errors', out('bad.jsonl')],
    ]);
    assert.deepEqual([code, stderr], [3, '']);
    for (const [i, target] of targets.entries()) {
      const written = readFileSync(out(`new/folder/${target}`));
      assert.ok(written.equals(await alone(inputs[i] as string, target)), target);
    }
    assert.match(gunzipSync(readFileSync(out('new/folder/b/z.csv.gz'))).toString(), /^text,id,reward\nfive,1,-?\d/);
    const summary = summaryOf('s.json');
    assert.deepEqual([summary.rows, summary.failed, summary.complete, summary.resumed], [30, 3, true, false]);
    assert.deepEqual(
      summary.inputs.map((one) => [one.path, one.rows, typeof one.sha256]),
      [0, 1, 3, 2, 4].map((i) => [inputs[i], [3, 3, 2, 2, 20][i], 'string']),
    );
    const bad = readFileSync(out('bad.jsonl'), 'utf8').trimEnd().split('\n');
    assert.deepEqual(
      bad.map((line) => (JSON.parse(line) as { file: string }).file),
      [inputs[0], inputs[1], inputs[3]],
    );
  });

  test('is gone on with: what is finished stays, and the interrupted file is finished', async () => {
    const args = [...inputs, '--output-dir', out('resumed'), '--summary', out('r.json')];
    // The second bad row of the run is in the second file.
    const stopped = await run([...args, '--max-errors', '2']);
    assert.equal(stopped.code, 1);
    assert.match(stopped.stderr, /y\.ndjson:2: EMPTY_TEXT: text is empty; gave up there/);
    assert.equal(summaryOf('r.json').complete, false);
    assert.deepEqual(readdirSync(out('resumed')), ['.reward-score', 'a']);
    assert.deepEqual(readdirSync(out('resumed/a')), ['x.jsonl']);
    const first = statSync(out('resumed/a/x.jsonl'));
    const refused = await run(args);
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      /\.reward-score\/a\/y\.ndjson\.partial: holds the work of an unfinished run; --resume/,
    );
    const resumed = await run([...args, '--resume']);
    assert.deepEqual([resumed.code, resumed.stderr], [3, '']);
    assert.equal(statSync(out('resumed/a/x.jsonl')).ino, first.ino);
    for (const target of ['a/x.jsonl', 'a/y.ndjson', 'b/w.jsonl']) {
      assert.deepEqual(
        readFileSync(out(`resumed/${target}`), 'utf8').replaceAll(/,"reward_error":\{[^}]*\}/g, ''),
        readFileSync(out(`new/folder/${target}`), 'utf8'),
      );
    }
    const [before, again] = [summaryOf('r.json'), await run([...args, '--resume'])];
    assert.equal(again.code, 3);
    const after = summaryOf('r.json');
    assert.deepEqual([after.resumed, after.rows, after.inputs], [true, 30, before.inputs]);
    assert.ok(!existsSync(out('resumed/.reward-score/a/x.jsonl')));
  });

  test('goes on with a file that has grown', async () => {
    const path = input('growing/g.jsonl', rows(['a']));
    const args = [path, input('growing/h.jsonl', rows(['b'])), '--output-dir', out('grown')];
    assert.equal((await run(args)).code, 0);
    input('growing/g.jsonl', rows(['a', 'c']));
    assert.equal((await run([...args, '--resume'])).code, 0);
    assert.equal(readFileSync(out('grown/g.jsonl'), 'utf8').split('\n').length, 3);
  });

  test('stops at --limit, and writes nothing in a dry run', async () => {
    const limited = await run([...inputs.slice(0, 3), '--output-dir', out('limited'), '--limit', '4']);
    assert.equal(limited.code, 3);
    assert.equal(readFileSync(out('limited/a/y.ndjson'), 'utf8').split('\n').length, 2);
    assert.ok(!existsSync(out('limited/b/z.csv.gz')));
    const dry = await run([...inputs, '--output-dir', out('dry'), '--dry-run', '--summary', out('d.json')]);
    assert.equal(dry.code, 3);
    assert.equal(summaryOf('d.json').rows, 30);
    assert.ok(!existsSync(out('dry')));
  });

  for (const [args, message] of [
    [[...inputs, '-o', out('x.jsonl')], /expected --output-dir without -o: each input has a file/],
    [[...inputs, '--shard', '1/2'], /expected --output-dir without --shard/],
    [[...inputs, '--top-percent', '5'], /expected --output-dir without --top-percent: which rows are the best, all/],
    [['-'], /expected --output-dir with files: standard input has no name/],
    [
      [input('twin/x.jsonl', rows(['a'])), input('twin/x.json', rows(['a']))],
      /x\.jsonl and .*x\.json would both be written there/,
    ],
    [[inputs[0], '--errors', out('none/x.jsonl')], /expected --errors to be another file than an output/],
  ] as const) {
    test(`refuses ${args
      .slice(args.length === 7 ? 5 : 0)
      .join(' ')
      .replaceAll(directory, '')}`, async () => {
      const { code, stderr } = await run([...(args as readonly string[]), '--output-dir', out('none')]);
      assert.equal(code, 2);
      assert.match(stderr, message);
      assert.ok(!existsSync(out('none')));
    });
  }

  test('refuses the folder of the inputs, and leaves no folders behind where a file is wrong', async () => {
    const own = await run([inputs[0] as string, '--output-dir', dirname(inputs[0] as string)]);
    assert.equal(own.code, 2);
    assert.match(own.stderr, /expected --output-dir to be another folder than that of the inputs/);
    const wrong = input('wrong/b.csv', 'id\n1\n');
    const { code } = await run([inputs[0] as string, wrong, '--output-dir', out('none')]);
    assert.equal(code, 2);
    assert.ok(!existsSync(out('none')));
  });
});
