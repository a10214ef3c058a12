/** Data sets on the hub: which files an address names, and how they are read. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseDatasetAddress } from '../../dist/hub/datasets/address.js';
import { type ByteSource, readOn } from '../../dist/platform/byte-source.js';
import type { RemoteFile } from '../../dist/platform/remote-file.js';
import { Input } from '../../dist/run/input.js';
import { DatasetFixture, type LocateSettings } from '../support/dataset-fixture.js';
import type { Files } from '../support/hub-datasets.js';
import { always, gitHash, refuse, serve, sha256 } from '../support/hub-double.js';

const token = 'hf_a-secret-of-the-user';
const content = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * i) % 251));
const files: Files = {
  'README.md': '# data',
  'data/b.parquet': 'second',
  'data/a.parquet': content,
  'data/.hidden.parquet': 'hidden',
  'data/more/deep/c.parquet': 'third',
  'rows.jsonl': '{"text":"a"}\n',
};
const converted: Files = {
  'default/train/0000.parquet': 'a0',
  'default/train/0001.parquet': 'a1',
  'default/test/0000.parquet': 'b',
  'en/partial-train/0000.parquet': 'c',
  'big/train-part0/0000.parquet': 'd0',
  'big/train-part1/0000.parquet': 'd1',
};
const branches = { main: files, 'refs/convert/parquet': converted };

/** The error, with names in the place of addresses and of commits. */
async function refusalOf(fixture: DatasetFixture, work: Promise<unknown>): Promise<string> {
  let said = '';
  await assert.rejects(work, (error: Error & { kind?: string }) => {
    said = `${error.kind}: ${error.message}`;
    assert.doesNotMatch(
      `${said}${fixture.notices.join()}${error.stack}`,
      new RegExp(token),
      'the token is never shown',
    );
    return true;
  });
  const { endpoint, storage } = fixture.hub;
  return [...fixture.dataset.branches.values()]
    .reduce((text, commit) => text.replaceAll(commit, 'COMMIT').replaceAll(commit.slice(0, 7), 'COMMIT'), said)
    .replaceAll(endpoint, 'HUB')
    .replaceAll(endpoint.slice(7), 'HOST')
    .replaceAll(storage.slice(7), 'STORAGE');
}

describe('an address', () => {
  for (const [text, repository, revision, path] of [
    ['hf://datasets/org/data', 'org/data', 'main', undefined],
    ['hf://datasets/org/data/', 'org/data', 'main', undefined],
    ['hf://datasets/org/data/a/b.parquet', 'org/data', 'main', 'a/b.parquet'],
    ['hf://datasets/org/data@v1.0/**/*.parquet', 'org/data', 'v1.0', '**/*.parquet'],
    ['hf://datasets/org/data@my%2Fbranch/a.csv', 'org/data', 'my/branch', 'a.csv'],
    ['hf://datasets/org/data@refs/pr/3/a.csv', 'org/data', 'refs/pr/3', 'a.csv'],
    [
      'hf://datasets/org/data@refs/convert/parquet/default/train/*',
      'org/data',
      'refs/convert/parquet',
      'default/train/*',
    ],
    ['hf://datasets/org/data@~parquet/default/train/*', 'org/data', 'refs/convert/parquet', 'default/train/*'],
  ] as const) {
    test(text, () => {
      const address = parseDatasetAddress(text);
      assert.deepEqual([address.id.repository, address.id.revision, address.path], [repository, revision, path]);
    });
  }

  for (const text of ['hf://org/data', 'hf://datasets/data', 'hf://models/a/b', 'hf://datasets/a/b..c', 'hf://']) {
    test(`${text} is none`, () => {
      assert.throws(() => parseDatasetAddress(text), { kind: 'usage', message: /expected hf:\/\/datasets\/ORG\/NAME/ });
    });
  }

  test('with a path out of the repository, or a revision that git would refuse, is none', () => {
    assert.throws(() => parseDatasetAddress('hf://datasets/a/b/../c'), {
      kind: 'usage',
      message: /without \. and \.\./,
    });
    assert.throws(() => parseDatasetAddress('hf://datasets/a/b@x..y/c'), { kind: 'usage', message: /after @/ });
  });
});

describe('the files', () => {
  const pathsOf = async (fixture: DatasetFixture, address: string, settings?: LocateSettings): Promise<string[]> =>
    (await fixture.locate(address, settings)).files.map(({ path }) => path.split('@')[1]?.slice(41) ?? '');

  test('of a pattern are listed page by page, in the commit of their branch, and sorted', async () => {
    const fixture = await DatasetFixture.start({ branches, pageSize: 2 });
    const { files: found } = await fixture.locate('hf://datasets/org/data/**/*.parquet');
    const commit = fixture.dataset.commitOf('main');
    const facts = (name: string) => {
      const bytes = Buffer.from(files[name] ?? '');
      return [`hf://datasets/org/data@${commit}/${name}`, bytes.length, sha256(bytes), commit];
    };
    assert.deepEqual(
      found.map(({ path, size, etag, commit: own }) => [path, size, etag, own]),
      ['data/a.parquet', 'data/b.parquet', 'data/more/deep/c.parquet'].map(facts),
    );
    assert.equal(fixture.hub.requests.filter(({ path }) => path.includes('/tree/')).length, 5, 'nine entries');
  });

  test('are asked for by the folder before the pattern alone', async () => {
    const fixture = await DatasetFixture.start({ branches });
    assert.deepEqual(await pathsOf(fixture, 'hf://datasets/org/data/data/*.parquet'), [
      'data/a.parquet',
      'data/b.parquet',
    ]);
    assert.ok(fixture.hub.requests.every(({ path }) => !path.includes('/tree/') || path.endsWith('/data')));
    assert.deepEqual(await pathsOf(fixture, 'hf://datasets/org/data/data/.*'), ['data/.hidden.parquet']);
    const [row] = (await fixture.locate('hf://datasets/org/data/rows.jsonl')).files;
    assert.deepEqual([row?.size, row?.etag], [13, gitHash('{"text":"a"}\n')]);
  });

  test('may be called what is a pattern too, and then are meant alone', async () => {
    const names = [
      'data/rows[1].jsonl',
      'data/rows1.jsonl',
      'what?/rows.jsonl',
      'whats/rows.jsonl',
      '*.jsonl',
      'a.jsonl',
    ];
    const main = Object.fromEntries(names.map((name) => [name, `{"text":"${name}"}\n`]));
    const fixture = await DatasetFixture.start({ branches: { main } });
    for (const name of ['data/rows[1].jsonl', 'what?/rows.jsonl', '*.jsonl']) {
      assert.deepEqual(await pathsOf(fixture, `hf://datasets/org/data/${name}`), [name]);
    }
    assert.deepEqual(await pathsOf(fixture, 'hf://datasets/org/data/data/rows[12].jsonl'), ['data/rows1.jsonl']);
  });

  test('of a whole data set are its converted Parquet', async () => {
    const fixture = await DatasetFixture.start({ branches, pageSize: 2 });
    const whole = 'hf://datasets/org/data';
    const commit = fixture.dataset.commitOf('refs/convert/parquet');
    assert.deepEqual(await pathsOf(fixture, whole), ['default/train/0000.parquet', 'default/train/0001.parquet']);
    assert.deepEqual(await pathsOf(fixture, `${whole}@${commit}`, { split: 'test' }), ['default/test/0000.parquet']);
    const parts = ['big/train-part0/0000.parquet', 'big/train-part1/0000.parquet'];
    assert.deepEqual(await pathsOf(fixture, whole, { subset: 'big' }), parts);
    const partial = await fixture.locate(whole, { subset: 'en' });
    assert.deepEqual([partial.isPartial, partial.files[0]?.commit], [true, commit]);
    assert.equal(
      await refusalOf(fixture, fixture.locate(whole, { subset: 'en', split: 'test' })),
      'usage: hf://datasets/org/data: expected the subset en (subset) with the split test (split), ' +
        'found big (train), default (test, train), en (train)',
    );
  });

  test('of a run that is gone on with are of its commit, if they are asked for by the same address', async () => {
    const fixture = await DatasetFixture.start({ branches });
    const before = fixture.dataset.commitOf('main');
    const begun = [
      { path: 'rows.jsonl' },
      { path: `hf://datasets/org/data@${before}/rows.jsonl`, asked: 'hf://datasets/org/data/rows.jsonl' },
    ];
    const after = fixture.dataset.push('main', { 'rows.jsonl': 'other' });
    const commitOf = async (address: string): Promise<string | undefined> =>
      (await fixture.locate(address, { begun })).files[0]?.commit;
    assert.equal(await commitOf('hf://datasets/org/data/rows.jsonl'), before);
    assert.equal(await commitOf(`hf://datasets/org/data@${after}/rows.jsonl`), after);
    assert.equal(await commitOf('hf://datasets/org/data@main/rows.jsonl'), after);
  });

  const data = 'hf://datasets/org/data';
  for (const [what, address, settings, message] of [
    [
      'no such data set',
      'hf://datasets/org/typo/a',
      {},
      /^usage: .*: found no data set HUB\/datasets\/org\/typo; if it is private, set HF_TOKEN/,
    ],
    ['no such branch', `${data}@v9/a`, {}, /^usage: .*: HUB\/datasets\/org\/data has no revision v9$/],
    [
      'no such file',
      `${data}/data`,
      {},
      /^usage: .*: found no file data in commit COMMIT; of a folder, name the files: data\/\*$/,
    ],
    ['no file of the pattern', `${data}/none/*.csv`, {}, /^usage: .*: found no such files among 0 in commit COMMIT$/],
    ['a branch without a path', `${data}@main`, {}, /^usage: .*: expected a path after the revision/],
    [
      'a subset of a path',
      `${data}/data/*`,
      { split: 'x' },
      /^usage: .*: expected split with a data set without a path/,
    ],
    [
      'no network allowed',
      data,
      { offline: true },
      /^usage: .*: expected files of this machine, as offline forbids the network/,
    ],
    ['no network by a variable', data, { variables: { HF_HUB_OFFLINE: '1' } }, /as HF_HUB_OFFLINE forbids/],
    [
      'no hub',
      data,
      { variables: { HF_ENDPOINT: 'http://127.0.0.1:65529' } },
      /^run: .*: 127\.0\.0\.1:65529 cannot be reached \(ECONNREFUSED\)$/,
    ],
  ] as const) {
    test(`${what}: a refusal that says so, at once`, async () => {
      const fixture = await DatasetFixture.start({ branches });
      assert.match(await refusalOf(fixture, fixture.locate(address, settings)), message);
      assert.deepEqual(fixture.pauses, []);
    });
  }

  test('that were not converted, or are gated, are refused before they are read', async () => {
    const plain = await DatasetFixture.start({ branches: { main: files } });
    assert.match(
      await refusalOf(plain, plain.locate(data)),
      /^usage: .*which it has not; name its files: hf:.*data\/PATH$/,
    );
    const gated = await DatasetFixture.start({ branches, gatedBy: token });
    const refused = (variables: Record<string, string>) =>
      refusalOf(gated, gated.locate(`${data}/data/*.parquet`, { variables }));
    assert.match(
      await refused({}),
      /^usage: .*: access is restricted: accept the licence at HUB\/datasets\/org\/data,/,
    );
    assert.match(await refused({ HF_TOKEN: 'hf_other' }), /^usage: .*: the access token from HF_TOKEN may not read it/);
    assert.equal((await gated.locate(data, { variables: { HF_TOKEN: token } })).files.length, 2);
  });

  test('on a page of another host are listed without the token', async () => {
    const fixture = await DatasetFixture.start({ branches });
    const page = [{ type: 'file', oid: gitHash('a'), size: 1, path: 'data/next.parquet' }];
    fixture.hub.intercept = ({ by, path }, response) => {
      if (!path.includes('/tree/')) return false;
      if (by === 'hub') response.setHeader('link', `<${fixture.hub.storage}/tree/next>; rel="next"`).end('[]');
      else response.end(JSON.stringify(page));
      return true;
    };
    const located = fixture.locate(`${data}/data/*.parquet`, { variables: { HF_TOKEN: token } });
    assert.match(await refusalOf(fixture, located), /found no file data\/next\.parquet/);
    const [next] = fixture.hub.requests.filter(({ by }) => by === 'storage');
    assert.deepEqual([next?.path, next?.authorization], ['/tree/next', undefined]);
  });

  test('are listed again after 429, a server error, and a listing that breaks off', async () => {
    const fixture = await DatasetFixture.start({ branches });
    let failures = 0;
    fixture.hub.intercept = ({ path }, response) => {
      if (!path.includes('/tree/') || ++failures > 3) return false;
      if (failures === 1) refuse(response.setHeader('retry-after', '7'), 429);
      else if (failures === 2) refuse(response, 503);
      else response.destroy();
      return true;
    };
    assert.equal((await fixture.locate(data)).files.length, 2);
    assert.deepEqual(fixture.pauses, [7000, 2000, 4000]);
  });
});

describe('the bytes', () => {
  const address = 'hf://datasets/org/data/data/a.parquet';

  async function opened(variables: Record<string, string> = {}) {
    const fixture = await DatasetFixture.start({ branches });
    const { files: found } = await fixture.locate(address, { variables });
    fixture.hub.requests.length = 0;
    const [file] = found as [RemoteFile];
    return { fixture, file, source: file.open() };
  }
  const rangesOf = ({ hub }: DatasetFixture): string[] =>
    hub.requests.flatMap(({ by, range }) => (by === 'storage' ? [range?.slice('bytes='.length) ?? 'all'] : []));

  async function whole(source: ByteSource): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of readOn(source, 0, 60_000)) chunks.push(chunk);
    await source.close();
    return Buffer.concat(chunks);
  }

  test('come in growing parts, each once, and the token goes to the hub alone', async () => {
    const { fixture, source } = await opened({ HF_TOKEN: token });
    assert.ok((await whole(source)).equals(content));
    assert.deepEqual(rangesOf(fixture), ['0-65535', '65536-327679', '327680-1376255', '1376256-2999999']);
    for (const { by, authorization } of fixture.hub.requests) {
      assert.equal(authorization, by === 'hub' ? `Bearer ${token}` : undefined);
    }
  });

  test('of a shard are read from where it begins', async () => {
    const { fixture, file } = await opened();
    const input = new Input({ ...file, etag: gitHash(content) }, { stdin: process.stdin, stdout: process.stdout });
    const chunks: Buffer[] = [];
    for await (const chunk of input.content(2_900_000)) chunks.push(chunk);
    assert.ok(Buffer.concat(chunks).equals(content.subarray(2_900_000)));
    assert.deepEqual([rangesOf(fixture), input.sha256], [['2900000-2965535', '2965536-2999999'], undefined]);
  });

  test('of several regions are read side by side, and nothing outside of them', async () => {
    const { fixture, source } = await opened();
    const [one, two]: [Buffer[], Buffer[]] = [[], []];
    for (let at = 0; at < 200_000; at += 20_000) {
      one.push(await source.readAt(100_000 + at, 20_000, 300_000));
      // Overlapping, as a reader of pages does.
      two.push(await source.readAt(1_000_000 + at, 30_000, 1_210_000));
    }
    assert.ok(Buffer.concat(one).equals(content.subarray(100_000, 300_000)));
    assert.ok(two.every((bytes, i) => bytes.equals(content.subarray(1_000_000 + 20_000 * i).subarray(0, 30_000))));
    assert.deepEqual(rangesOf(fixture).sort(), [
      '100000-165535',
      '1000000-1065535',
      '1065536-1209999',
      '165536-299999',
    ]);
    fixture.hub.requests.length = 0;
    const end = content.length;
    assert.ok((await source.readAt(end - 8, 8)).equals(content.subarray(-8)));
    assert.ok((await source.readAt(end - 5000, 4992)).equals(content.subarray(-5000, -8)));
    assert.deepEqual(rangesOf(fixture), [`${end - 65_536}-${end - 1}`]);
    await source.close();
  });

  test('go on where a connection was cut, also after 429, or an expired address', async () => {
    const { fixture, source } = await opened();
    let failures = 0;
    fixture.hub.intercept = ({ by, method, range }, response) => {
      if (by !== 'storage' || ++failures > 4) return false;
      if (failures === 1) {
        response.writeHead(206, { 'content-range': 'bytes 0-65535/3000000', 'content-length': 65_536 });
        response.write(content.subarray(0, 1000), () => response.destroy());
      } else if (failures === 2) refuse(response.setHeader('retry-after', '3'), 429);
      else if (failures === 3) refuse(response, 403);
      else response.destroy();
      return method === 'GET' && range !== undefined;
    };
    assert.ok((await whole(source)).equals(content));
    assert.deepEqual(rangesOf(fixture).slice(0, 5), ['0-65535', ...new Array(4).fill('1000-65535')]);
    assert.deepEqual(fixture.pauses, [1000, 3000, 4000, 8000]);
  });

  for (const [what, answer, message] of [
    [
      'that never come',
      always((response) => response.destroy()),
      /^run: hf:.*@COMMIT\/data\/a\.parquet: the connection to HOST broke \(.*\), and trying again did not help; resume goes on/,
    ],
    [
      'of a server that does not send parts',
      always((response) => serve('GET', content, undefined, response)),
      /^run: .*: expected bytes 0 to 65535 from HOST, got the whole file: it does not send parts of files; download it/,
    ],
    [
      'of another part',
      always((response) => serve('GET', content, 'bytes=7-65542', response)),
      /^run: .*: expected bytes 0 to 65535 from HOST, got others/,
    ],
    [
      'of a file that is shorter by now',
      always((response) => serve('GET', content.subarray(0, 90_000), 'bytes=0-65535', response)),
      /^run: .*: expected 3000000 bytes, as the hub said at first, got 90000 from HOST: the file has changed; start anew$/,
    ],
    [
      'of a file with another content by now',
      always((response) =>
        response
          .writeHead(302, { location: '/x', 'x-linked-etag': `"${sha256('other')}"`, 'x-linked-size': 3e6 })
          .end(),
      ),
      /^run: .*: expected [0-9a-f]{64}, as the hub said at first, got [0-9a-f]{64} from the hub: the file has changed/,
    ],
    [
      'that are more than was asked for',
      always((response) => {
        response.writeHead(206, { 'content-range': 'bytes 0-65535/3000000' });
        response.end(content);
      }),
      /^run: .*: expected 65536 bytes from HOST, got more; try again$/,
    ],
    [
      'that a token may no longer read',
      always((response) => refuse(response, 401)),
      /^run: .*: found no data set HUB\/datasets\/org\/data/,
    ],
  ] as const) {
    test(`${what}: an error that says so`, async () => {
      const { fixture, source } = await opened();
      fixture.hub.intercept = answer;
      assert.match(await refusalOf(fixture, whole(source)), message);
    });
  }

  test('are not waited for once the reader has stopped', async () => {
    const { fixture, file } = await opened();
    const stop = new AbortController();
    const reason = new Error('enough');
    fixture.hub.intercept = always(() => stop.abort(reason));
    await assert.rejects(whole(file.open(stop.signal)), reason);
  });
});
