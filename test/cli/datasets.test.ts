/** Data sets of a hub as inputs: the same rewards as of the files themselves, and no more of them fetched than is needed. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readFooter } from '../../dist/parquet/footer.js';
import { writeFile as writeParquet } from '../../dist/parquet/write-file.js';
import { openFileSource } from '../../dist/platform/byte-source.js';
import type { DatasetOptions } from '../support/hub-datasets.js';
import { HubDouble, sha256 } from '../support/hub-double.js';
import type { Run } from '../support/in-process.js';
import { rewardScore, root, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();
const directory = temporaryDirectory();
const out = (name: string): string => join(directory, name);
const succeeded = ({ code, stderr }: Run): void => assert.equal(code, 0, stderr);
const lines = (from: number, until: number): string =>
  Array.from({ length: until - from }, (_, i) => `{"id":${from + i},"text":"row ${from + i} says hello"}\n`).join('');

const PAD_BYTES = 60_000;
/** Three row groups, mostly of a column that is not scored. */
const padded = await paddedParquet('groups-of-7');

async function paddedParquet(name: string): Promise<Buffer> {
  const source = await openFileSource(join(root, 'test/oracle/parquet', `${name}.parquet`));
  const footer = await readFooter(source);
  await writeParquet(out('padded.parquet'), {
    footer,
    groups: footer.groups.map((group, index) => ({ source, group, index })),
    columns: [{ name: 'pad', type: 'text', isList: false }],
    kept: undefined,
    nextRows: async (rows) => ({ keep: undefined, values: [new Array(rows).fill('x'.repeat(PAD_BYTES))] }),
  });
  await source.close();
  return readFileSync(out('padded.parquet'));
}

const data = 'hf://datasets/org/data';
const branches = {
  main: {
    'a/1.jsonl': lines(0, 40),
    'a/2.jsonl': lines(40, 60),
    'z.jsonl.gz': gzipSync(lines(60, 90)),
    'rows.csv': 'text\nhello\ngood day\n',
  },
  'refs/convert/parquet': {
    'default/train/0000.parquet': padded,
    'default/train/0001.parquet': padded,
    'en/partial-test/0000.parquet': padded,
  },
};

class Fixture {
  readonly hub: HubDouble;
  readonly #more: Readonly<Record<string, string>>;

  private constructor(hub: HubDouble, more: Readonly<Record<string, string>>) {
    this.hub = hub;
    this.#more = more;
  }

  static async start(options: Partial<DatasetOptions> = {}, env: Readonly<Record<string, string>> = {}) {
    return new Fixture(await HubDouble.start({ files: {}, datasets: { 'org/data': { branches, ...options } } }), env);
  }

  score(...args: readonly string[]): Promise<Run> {
    return rewardScore([...args, '-j', '1'], {
      env: { HF_ENDPOINT: this.hub.endpoint, HF_HOME: out('home'), ...this.#more },
    });
  }

  get dataset() {
    const dataset = this.hub.datasets.get('org/data');
    assert.ok(dataset !== undefined);
    return dataset;
  }

  /** Bytes that the storage was asked for. */
  get fetched(): number {
    return this.hub.requests.reduce((sum, { by, range }) => {
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
      return by === 'storage' ? sum + Number(to) - Number(from) + 1 : sum;
    }, 0);
  }
}

test('converted Parquet: the bytes of a run over the files themselves, as Parquet and as JSON lines', async () => {
  const fixture = await Fixture.start({ gatedBy: 'hf_secret' }, { HF_TOKEN: 'hf_secret' });
  const own = [0, 1].map((i) => writeFile(directory, `own-${i}.parquet`, padded));
  const [summary, errors] = [out('summary.json'), out('errors.jsonl')];
  const args = ['--text', 'text', '--exit-zero', '--errors', errors];
  const commit = fixture.dataset.commitOf('refs/convert/parquet');
  for (const ending of ['parquet', 'jsonl']) {
    const [expected, got] = [out(`expected.${ending}`), out(`got.${ending}`)];
    succeeded(await rewardScore(['-q', '-j', '1', ...args, ...own, '-o', expected]));
    const run = await fixture.score(...args, data, '-o', got, '--summary', summary);
    succeeded(run);
    assert.match(run.stderr, new RegExp(`^reward-score: ${data}: 2 files, 2\\.4 MB, commit ${commit}\n`));
    assert.ok(readFileSync(got).equals(readFileSync(expected)), ending);
    assert.deepEqual(
      JSON.parse(readFileSync(summary, 'utf8')).inputs,
      ['0000', '0001'].map((file) => ({
        path: `${data}@${commit}/default/train/${file}.parquet`,
        bytes: padded.length,
        sha256: null,
        commit,
        etag: sha256(padded),
        rows: 20,
      })),
    );
  }
  const { requests } = fixture.hub;
  assert.ok(requests.every(({ by, authorization }) => (authorization === undefined) === (by === 'storage')));
});

test('of Parquet, only columns that are scored are fetched; what is converted in part is a notice', async () => {
  const fixture = await Fixture.start();
  const args = ['--text', 'text', '--exit-zero', '--to', 'scores'];
  const ofSplit = [...args, '--subset', 'en', '--split', 'test', data];
  const local = await rewardScore(['-q', '-j', '1', ...args, out('padded.parquet')]);
  const run = await fixture.score(...ofSplit);
  assert.deepEqual([run.code, run.stdout], [0, local.stdout], run.stderr);
  assert.match(run.stderr, /the hub has converted only its beginning to Parquet, and no more is read/);
  // The beginning of the file twice, its end, and the column of each row group.
  assert.ok(fixture.fetched < 200_000 && padded.length > 1_200_000, `${fixture.fetched} of ${padded.length} bytes`);
  const strict = await fixture.score('--strict', ...ofSplit);
  assert.deepEqual([strict.code, strict.stdout], [2, '']);
});

test('JSON lines, compressed too, in the order of their paths, with the digests of what came', async () => {
  const fixture = await Fixture.start();
  const summary = out('lines.json');
  const run = await fixture.score('--to', 'scores', '--summary', summary, `${data}/**/*.jsonl*`);
  succeeded(run);
  const named = Object.entries(branches.main).filter(([name]) => name.includes('jsonl'));
  const own = named.map(([name, content]) => writeFile(directory, name.replace('/', '-'), content));
  assert.equal(run.stdout, (await rewardScore(['-q', '-j', '1', '--to', 'scores', ...own])).stdout);
  const commit = fixture.dataset.commitOf('main');
  const { inputs } = JSON.parse(readFileSync(summary, 'utf8')) as { inputs: Record<string, unknown>[] };
  assert.deepEqual(
    inputs.map(({ path, sha256: digest }) => [path, digest]),
    named.map(([name, content]) => [`${data}@${commit}/${name}`, sha256(content)]),
  );
});

describe('a run that goes on', () => {
  test('reads the commit that it began with, and refuses another', async () => {
    const fixture = await Fixture.start();
    const all = writeFile(directory, 'all.jsonl', lines(0, 40));
    succeeded(await rewardScore(['-q', '-j', '1', all, '-o', out('all.scored.jsonl')]));
    const output = out('resumed.jsonl');
    const args = [`${data}/a/1.jsonl`, '-o', output];
    succeeded(await fixture.score('-q', '--limit', '7', ...args));
    const moved = fixture.dataset.push('main', { 'a/1.jsonl': lines(100, 140) });
    const other = await fixture.score('-q', '--resume', `${data}@${moved}/a/1.jsonl`, '-o', output);
    assert.equal(other.code, 2);
    assert.match(
      other.stderr,
      new RegExp(`cannot go on: ${data}@.{40}/a/1\\.jsonl was read, and now ${data}@${moved}/a`),
    );
    succeeded(await fixture.score('--resume', ...args));
    assert.ok(readFileSync(output).equals(readFileSync(out('all.scored.jsonl'))));
    const again = await fixture.score('--resume', ...args);
    assert.match(again.stderr, /is finished: nothing is left to do/);
  });

  test('in shards that are merged has the bytes of one run; shards of two commits are not of one', async () => {
    const fixture = await Fixture.start();
    const [one, two, whole] = ['one', 'two', 'undivided'].map((name) => out(`${name}.parquet`)) as [
      string,
      string,
      string,
    ];
    const args = ['-q', '--text', 'text', '--exit-zero', data];
    succeeded(await fixture.score(...args, '-o', whole));
    succeeded(await fixture.score(...args, '--shard', '1/2', '-o', one));
    succeeded(await fixture.score(...args, '--shard', '2/2', '-o', two));
    succeeded(await rewardScore(['merge', one, two, '-o', out('merged.parquet')]));
    assert.ok(readFileSync(out('merged.parquet')).equals(readFileSync(whole)));
    fixture.dataset.push('refs/convert/parquet', branches['refs/convert/parquet']);
    succeeded(await fixture.score(...args, '--overwrite', '--shard', '2/2', '-o', two));
    const refused = await rewardScore(['merge', one, two, '-o', out('mixed.parquet')]);
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      /not a shard of the run of .*: hf:.*0000\.parquet was read, and now hf:.*0000\.parquet is/,
    );
  });
});

test('a connection that breaks while rows are scored is taken up again', async () => {
  const rows = `{"text":"hello","unread":"${'x'.repeat(3000)}"}\n`.repeat(100);
  const fixture = await Fixture.start({ branches: { main: { 'long.jsonl.gz': gzipSync(rows, { level: 0 }) } } });
  let parts = 0;
  fixture.hub.intercept = ({ by }, response) => {
    if (by !== 'storage' || ++parts !== 3) return false;
    response.destroy();
    return true;
  };
  const run = await fixture.score('-q', '--to', 'scores', `${data}/long.jsonl.gz`);
  succeeded(run);
  assert.equal(run.stdout.split('\n').length, 101);
  assert.equal(parts, 4, 'two to see what it is, and the second part twice');
});

test('damage on the way, of a file whose sha256 the hub has, is exit code 1', async () => {
  const fixture = await Fixture.start();
  const damaged = gzipSync(lines(60, 90), { level: 1 });
  const { length } = branches.main['z.jsonl.gz'];
  fixture.hub.intercept = ({ by, range }, response) => {
    if (by !== 'storage') return false;
    const bytes = Buffer.concat([damaged, Buffer.alloc(Math.max(0, length - damaged.length))]).subarray(0, length);
    response.writeHead(206, { 'content-range': `${range?.replace('=', ' ')}/${length}`, 'content-length': length });
    response.end(bytes);
    return true;
  };
  const run = await fixture.score('-q', '--to', 'scores', `${data}/z.jsonl.gz`);
  assert.equal(run.code, 1, run.stderr);
});

describe('wrong use is exit code 2, before anything is written', () => {
  for (const [what, args, message] of [
    ['offline', ['--offline', data], /^reward-score: hf:.*: expected files of this machine, as --offline forbids/],
    [
      'a split of a file',
      ['--split', 'x', 'a.jsonl'],
      /^reward-score: expected --split with hf:.*NAME, got a\.jsonl\n$/,
    ],
    [
      'an unknown split',
      ['--split', 'x', data],
      /train \(--split\)|--subset.* with the split x .*found default \(train\), en \(test\)/,
    ],
    ['another address', ['hf://org/data'], /^reward-score: hf:\/\/org\/data: expected hf:\/\/datasets\/ORG\/NAME/],
    ['files of two formats', [`${data}/*.csv`, data], /expected input files of one format, got csv and parquet/],
  ] as const) {
    test(what, async () => {
      const fixture = await Fixture.start();
      const run = await fixture.score('-q', ...args, '-o', out('never.jsonl'));
      assert.deepEqual([run.code, run.stdout], [2, '']);
      assert.match(run.stderr, message);
      assert.ok(!readdirSync(directory).some((name) => name.startsWith('never')));
    });
  }
});

test('eval and explain read them too', async () => {
  const labelled = lines(0, 8).replaceAll(/"id":(\d)/g, (_, id) => `"label":${id % 2}`);
  const fixture = await Fixture.start({ branches: { main: { 'labelled.jsonl': labelled } } });
  const metrics = await fixture.score('eval', '-q', '--json', `${data}/labelled.jsonl`);
  assert.equal(metrics.code, 0, metrics.stderr);
  assert.equal(JSON.parse(metrics.stdout).rows, 8);
  const scored = labelled.replaceAll('}', ',"reward":1}');
  const commit = fixture.dataset.push('scored', { 'scored.jsonl': scored });
  const baseline = ['--baseline', `${data}@${commit}/scored.jsonl`, '--id', 'text'];
  const compared = await fixture.score('eval', '-q', '--json', `${data}/labelled.jsonl`, ...baseline);
  assert.equal(compared.code, 0, compared.stderr);
  const row = await fixture.score('explain', '-q', '--json', '--row', '3', `${data}/*.jsonl`);
  assert.equal(row.code, 0, row.stderr);
  assert.equal(JSON.parse(row.stdout).file, `${data}@${fixture.dataset.commitOf('main')}/labelled.jsonl`);
});
