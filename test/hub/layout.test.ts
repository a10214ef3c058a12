/** What is downloaded, and how it stands in the cache: as huggingface_hub 2.4.0 writes and reads it. */
import assert from 'node:assert/strict';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gitHash, sha256 } from '../support/hub-double.js';
import { HubFixture, modelFiles, wantedFiles, weights } from '../support/hub-fixture.js';

const etagOf = (name: keyof typeof modelFiles): string =>
  (name === 'model.safetensors' ? sha256 : gitHash)(modelFiles[name]);

describe('a model', () => {
  test('has its wanted files linked to blobs that their etags name, and a ref to its commit', async () => {
    const fixture = await HubFixture.start();
    const { directory, revision } = await fixture.resolve();
    assert.deepEqual([directory, revision], [fixture.snapshot, fixture.hub.commit]);
    assert.deepEqual(readdirSync(directory).sort(), wantedFiles);
    for (const name of wantedFiles) {
      assert.equal(readlinkSync(join(directory, name)), `../../blobs/${etagOf(name as keyof typeof modelFiles)}`);
      assert.ok(readFileSync(join(directory, name)).equals(fixture.hub.contentOf(name)), name);
    }
    assert.equal(readdirSync(join(fixture.modelDirectory, 'blobs')).length, wantedFiles.length);
    assert.equal(readFileSync(join(fixture.modelDirectory, 'refs/main'), 'utf8'), revision);
    assert.match(fixture.notices.join(), /^downloading org\/model from 127\.0\.0\.1:\d+ into .*cache-\w+$/);
  });

  test('is asked for once more, and not downloaded again', async () => {
    const fixture = await HubFixture.start();
    await fixture.resolve();
    fixture.hub.requests.length = 0;
    fixture.notices.length = 0;
    await fixture.resolve();
    assert.deepEqual(fixture.hub.asked, ['GET /api/models/org/model/revision/main']);
    assert.deepEqual(fixture.notices, []);
  });

  test('of a new commit brings only what changed', async () => {
    const fixture = await HubFixture.start();
    const old = await fixture.resolve();
    fixture.hub.commit = 'd'.repeat(40);
    fixture.hub.files = { ...modelFiles, 'config.json': '{"model_type":"gpt2","new":true}' };
    fixture.hub.requests.length = 0;
    const { directory, revision } = await fixture.resolve();
    assert.notEqual(directory, old.directory);
    assert.deepEqual(readdirSync(directory).sort(), wantedFiles);
    assert.equal(readFileSync(join(fixture.modelDirectory, 'refs/main'), 'utf8'), revision);
    const got = fixture.hub.asked.filter((request) => request.startsWith('GET /org'));
    assert.deepEqual(got, ['GET /org/model/resolve/COMMIT/config.json']);
  });

  test('by a tag or a pull request has a ref of that name', async () => {
    const fixture = await HubFixture.start();
    for (const name of ['v1.0', 'refs/pr/3']) {
      await fixture.resolve({ id: `org/model@${name}` });
      assert.equal(readFileSync(join(fixture.modelDirectory, 'refs', name), 'utf8'), fixture.hub.commit);
    }
    assert.deepEqual(
      fixture.hub.asked.filter((request) => request.startsWith('GET /api')),
      ['GET /api/models/org/model/revision/v1.0', 'GET /api/models/org/model/revision/refs/pr/3'],
    );
  });

  test('by its commit needs no network once it is there, and no ref', async () => {
    const fixture = await HubFixture.start();
    const id = `org/model@${fixture.hub.commit}`;
    await fixture.resolve({ id });
    fixture.hub.requests.length = 0;
    assert.equal((await fixture.resolve({ id })).directory, fixture.snapshot);
    assert.deepEqual(fixture.hub.requests, []);
    assert.deepEqual(readdirSync(fixture.modelDirectory).sort(), ['blobs', 'snapshots']);
  });

  test('that was renamed is found, and cached under the name that was asked for', async () => {
    const fixture = await HubFixture.start();
    const { directory } = await fixture.resolve({ id: 'old-name' });
    assert.equal(directory, join(fixture.cache, 'models--old-name/snapshots', fixture.hub.commit));
    assert.deepEqual(readdirSync(directory).sort(), wantedFiles);
  });
});

describe('which files', () => {
  const shards = {
    'config.json': '{}',
    'model.safetensors.index.json': JSON.stringify({
      weight_map: { a: 'model-1.safetensors', b: 'model-2.safetensors', c: 'model-1.safetensors' },
    }),
    'model-1.safetensors': 'one',
    'model-2.safetensors': 'two!',
    'model-3.safetensors': 'of another variant',
    'pytorch_model.bin': 'pickle',
  };

  test('shards that the index names, with the progress of all of them', async () => {
    const fixture = await HubFixture.start({ files: shards });
    const seen: unknown[] = [];
    const { directory } = await fixture.resolve({ onProgress: (progress) => seen.push(progress) });
    assert.deepEqual(readdirSync(directory).sort(), Object.keys(shards).slice(0, 4).sort());
    assert.deepEqual(seen, [
      { file: 'model-1.safetensors', doneBytes: 3, totalBytes: 7 },
      { file: 'model-2.safetensors', doneBytes: 7, totalBytes: 7 },
    ]);
  });

  test('an index may name nothing but files of the repository', async () => {
    for (const [name, message] of [
      ['../../../evil', /expected weight_map to name files, got "..\/..\/..\/evil"/],
      ['model-9.safetensors', /its index names model-9\.safetensors, which the repository does not have/],
    ] as const) {
      const index = JSON.stringify({ weight_map: { a: name } });
      const fixture = await HubFixture.start({ files: { ...shards, 'model.safetensors.index.json': index } });
      await assert.rejects(fixture.resolve(), { kind: 'run', message });
    }
  });

  test('pickle where there are no safetensors; vocab.json and merges.txt where there is no tokenizer.json', async () => {
    const files = {
      'config.json': '{}',
      'pytorch_model.bin': 'pickle',
      'vocab.json': '{}',
      'merges.txt': '',
      'chat_template.jinja': 'x',
      'chat_template.json': '{}',
    };
    const fixture = await HubFixture.start({ files: { ...files, 'flax_model.msgpack': '', 'LICENSE.txt': '' } });
    const { directory } = await fixture.resolve();
    assert.deepEqual(readdirSync(directory).sort(), Object.keys(files).sort());
  });

  test('of a tokenizer, its files and config.json, on which its class depends', async () => {
    const fixture = await HubFixture.start();
    const { directory } = await fixture.resolve({ purpose: 'tokenizer' });
    assert.deepEqual(readdirSync(directory).sort(), ['config.json', 'tokenizer.json', 'tokenizer_config.json']);
    // What a tokenizer needs is no whole model.
    await assert.rejects(fixture.resolve({ offline: true }), { message: /no model\.safetensors in / });
    assert.deepEqual(readdirSync((await fixture.resolve()).directory).sort(), wantedFiles);
  });

  test('a repository without what is needed is told so', async () => {
    for (const [files, purpose, message] of [
      [
        { 'README.md': '' },
        'model',
        /^org\/model: expected a repository with a model \(config\.json\), found none in c0ffee0$/,
      ],
      [
        { 'config.json': '', 'tf_model.h5': '' },
        'model',
        /expected a repository with weights \(model\.safetensors or pytorch_model\.bin\)/,
      ],
      [{ 'config.json': '' }, 'tokenizer', /expected a repository with a tokenizer/],
    ] as const) {
      const fixture = await HubFixture.start({ files });
      await assert.rejects(fixture.resolve({ purpose }), { kind: 'usage', message });
    }
  });
});

describe('a cache that Python wrote', () => {
  /** As hf_hub_download leaves it, which also has locks, a tag and notes of files that are not there. */
  function writeAsPython(fixture: HubFixture, names: readonly (keyof typeof modelFiles)[]): void {
    for (const folder of ['blobs', 'refs', `snapshots/${fixture.hub.commit}`, `.no_exist/${fixture.hub.commit}`]) {
      mkdirSync(join(fixture.modelDirectory, folder), { recursive: true });
    }
    writeFileSync(join(fixture.modelDirectory, 'refs/main'), fixture.hub.commit);
    writeFileSync(join(fixture.modelDirectory, '.no_exist', fixture.hub.commit, 'chat_template.jinja'), '');
    for (const name of names) {
      writeFileSync(fixture.blob(etagOf(name)), modelFiles[name]);
      symlinkSync(`../../blobs/${etagOf(name)}`, join(fixture.snapshot, name));
    }
  }

  test('is used offline as it is', async () => {
    const fixture = await HubFixture.start();
    writeAsPython(fixture, ['config.json', 'model.safetensors']);
    const settings = [
      { offline: true },
      { variables: { HF_HUB_OFFLINE: '1' } },
      { offline: true, id: `org/model@${fixture.hub.commit}` },
    ];
    for (const setting of settings) {
      assert.deepEqual(await fixture.resolve(setting), { directory: fixture.snapshot, revision: fixture.hub.commit });
    }
    assert.deepEqual(fixture.hub.requests, []);
  });

  test('gets what it lacks, and keeps what it has', async () => {
    const fixture = await HubFixture.start();
    writeAsPython(fixture, ['config.json', 'model.safetensors']);
    const { ino } = lstatSync(fixture.blob(etagOf('model.safetensors')));
    await fixture.resolve();
    assert.equal(lstatSync(fixture.blob(etagOf('model.safetensors'))).ino, ino);
    assert.ok(
      fixture.hub.asked.every(
        (request) => !/safetensors|config\.json$/.test(request) || /tokenizer_config/.test(request),
      ),
    );
    assert.deepEqual(readdirSync(fixture.snapshot).sort(), wantedFiles);
  });

  test('may have the blob without the link, or the link without the blob', async () => {
    const fixture = await HubFixture.start();
    writeAsPython(fixture, ['config.json', 'model.safetensors']);
    rmSync(join(fixture.snapshot, 'model.safetensors'));
    rmSync(fixture.blob(etagOf('config.json')));
    await fixture.resolve();
    assert.ok(!fixture.hub.asked.some((request) => request.startsWith('storage')), 'the weights were there');
    assert.equal(readFileSync(join(fixture.snapshot, 'config.json'), 'utf8'), modelFiles['config.json']);
  });

  test('has a blob of the wrong size replaced', async () => {
    const fixture = await HubFixture.start();
    writeAsPython(fixture, ['config.json']);
    writeFileSync(fixture.blob(etagOf('model.safetensors')), weights.subarray(1));
    await fixture.resolve();
    assert.ok(readFileSync(join(fixture.snapshot, 'model.safetensors')).equals(weights));
  });
});

test('without symbolic links the snapshot has the files themselves, and another snapshot copies', async () => {
  const fixture = await HubFixture.start();
  const variables = { HF_HUB_DISABLE_SYMLINKS: '1' };
  // A blob that another snapshot may need is copied; one that is new is moved, as Python does.
  mkdirSync(join(fixture.modelDirectory, 'blobs'), { recursive: true });
  writeFileSync(fixture.blob(etagOf('config.json')), modelFiles['config.json']);
  const { directory } = await fixture.resolve({ variables });
  for (const name of wantedFiles) {
    assert.ok(lstatSync(join(directory, name)).isFile(), name);
    assert.ok(readFileSync(join(directory, name)).equals(fixture.hub.contentOf(name)), name);
  }
  assert.deepEqual(readdirSync(join(fixture.modelDirectory, 'blobs')), [etagOf('config.json')]);
  fixture.hub.requests.length = 0;
  await fixture.resolve({ variables });
  assert.equal(fixture.hub.requests.length, 1);
});
