/** What a prepared model is known by, whether it is whole, and what killed processes leave. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { readCheckpoint } from '../../dist/model/checkpoint/checkpoint.js';
import { preparationFor } from '../../dist/model/precision.js';
import { fileStateOf, matchesFileState } from '../../dist/model/prepared/file-state.js';
import { hashFiles } from '../../dist/model/prepared/hashes.js';
import { type PreparedModel, prepareModel } from '../../dist/model/prepared/prepare.js';
import { inspectPrepared, placeOf } from '../../dist/model/prepared/store.js';
import { temporaryPlace, unfinishedPlace } from '../../dist/model/prepared/unfinished.js';
import { tokenizerFiles } from '../../dist/model/tokenizer/directory.js';
import { root, temporaryDirectory, writeFile } from '../support/run.js';

const directory = temporaryDirectory();
process.env.REWARD_SCORE_CACHE = join(directory, 'cache');
process.env.TMPDIR = join(directory, 'temporary');
mkdirSync(process.env.TMPDIR);

/** Of no process: Linux gives out numbers up to 2^22. */
const DEAD = 2 ** 22 + 1;

function copyOfFixture(name: string): string {
  const path = join(directory, name);
  cpSync(join(root, 'fixtures/tiny-gpt2'), path, { recursive: true });
  return path;
}

const prepare = (model: string, precision: 'fp32' | 'int8' = 'fp32', useCache = true): Promise<PreparedModel> =>
  prepareModel(readCheckpoint(model), preparationFor(precision, model), {
    useCache,
    notify: () => undefined,
    heartbeat: () => undefined,
  });

function overwrite(path: string, position: number, bytes: Uint8Array): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, position);
  closeSync(file);
}

const changeLastByte = (path: string): void => overwrite(path, statSync(path).size - 1, Buffer.from([1]));

test('weights of the same size, time and inode are hashed anew', async () => {
  const memory = join(directory, 'hashes');
  const path = writeFile(directory, 'weights', 'one model');
  const then = new Date(1_700_000_000_000);
  utimesSync(path, then, then);
  const before = statSync(path, { bigint: true });
  const first = await hashFiles([path], memory);
  assert.equal(await hashFiles([path], memory), first);

  writeFileSync(path, 'two model');
  utimesSync(path, then, then);

  const after = statSync(path, { bigint: true });
  assert.deepEqual([after.size, after.mtimeNs, after.ino], [before.size, before.mtimeNs, before.ino]);
  assert.notEqual(await hashFiles([path], memory), first);
});

describe('the prepared model', () => {
  const { tokenizer, config, specialTokens, addedTokens, chatTemplate } = tokenizerFiles;
  const editConfig = (edit: object) => (model: string) => {
    const path = join(model, 'config.json');
    writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), ...edit }));
  };
  const write = (name: string, content: string) => (model: string) => void writeFile(model, name, content);

  for (const [what, change, another] of [
    ['weights', (model: string) => changeLastByte(join(model, 'model.safetensors')), ['fp32', 'int8']],
    ['the epsilon of config.json', editConfig({ layer_norm_epsilon: 0.01 }), ['fp32', 'int8']],
    ['the activation of config.json', editConfig({ activation_function: 'relu' }), ['fp32', 'int8']],
    // Texts decide what int8 is tuned to.
    [tokenizer, (model: string) => appendFileSync(join(model, tokenizer), '\n'), ['int8']],
    [config, write(config, '{"pad_token":"!"}'), ['int8']],
    [specialTokens, write(specialTokens, '{"pad_token":"!"}'), ['int8']],
    [addedTokens, write(addedTokens, '{"<x>":1}'), ['int8']],
    // These decide what is scored, and not how.
    [chatTemplate, write(chatTemplate, 'a'), []],
    ['the label of config.json', editConfig({ id2label: { 0: 'other' } }), []],
    ['the pad token of config.json', editConfig({ pad_token_id: 7 }), []],
  ] as const) {
    test(`is another one where ${what} is: ${another.join(' and ') || 'in no precision'}`, async () => {
      const model = copyOfFixture(`changed-${what.replaceAll(' ', '-')}`);
      change(model);
      const differing: string[] = [];
      for (const precision of ['fp32', 'int8'] as const) {
        const { directory: before } = await prepare(join(root, 'fixtures/tiny-gpt2'), precision);
        if ((await prepare(model, precision)).directory !== before) differing.push(precision);
      }
      assert.deepEqual(differing, another);
    });
  }
});

describe('damage', () => {
  test('anywhere in a small prepared model shows, and it is made anew', async () => {
    const model = copyOfFixture('damaged');
    const { directory: prepared } = await prepare(model);
    const weights = join(prepared, 'weights.bin');
    const whole = readFileSync(weights);
    assert.ok(whole.length > 4 * 65_536, 'the middle is far from both ends');
    assert.equal(inspectPrepared(prepared), 'whole');

    overwrite(weights, whole.length >> 1, Buffer.from([~(whole[whole.length >> 1] as number)]));

    assert.equal(inspectPrepared(prepared), 'damaged');
    assert.equal((await prepare(model)).directory, prepared);
    assert.deepEqual(readFileSync(weights), whole);
  });

  const MEGABYTE = 1 << 20;

  /** A file of zeros that takes no room. */
  function largeFile(name: string, bytes: number): string {
    const path = writeFile(directory, name, '');
    truncateSync(path, bytes);
    return path;
  }

  test('at either end of a large file shows always, in its middle in time', () => {
    const path = largeFile('large', 40 * MEGABYTE + 5);
    const state = fileStateOf(path);
    assert.equal(state.blocks.length, 8 * 41);
    assert.ok(matchesFileState(path, state));
    for (const position of [0, 40 * MEGABYTE + 4]) {
      overwrite(path, position, Buffer.from([1]));
      assert.ok(!matchesFileState(path, state), `at byte ${position}`);
      overwrite(path, position, Buffer.from([0]));
    }
    overwrite(path, 20 * MEGABYTE, Buffer.from([1]));
    // 30 of the other 39 blocks are looked at each time: never seen in 40 times would be once in 10^25.
    assert.ok(Array.from({ length: 40 }, () => matchesFileState(path, state)).includes(false));
  });

  test('a file of another size does not match', () => {
    const path = largeFile('cut', 3 * MEGABYTE);
    const state = fileStateOf(path);
    truncateSync(path, 2 * MEGABYTE);
    assert.ok(!matchesFileState(path, state));
  });
});

describe('what killed processes left', () => {
  /** A directory as this process would name it, of another process, and of another machine. */
  const namesOf = (own: string, pid: number) => ({
    own,
    dead: own.replace(String(pid), String(DEAD)),
    elsewhere: own.replace(String(pid), String(DEAD)).replace(/([.-])[0-9a-f]{8}-/, '$100000000-'),
  });

  function make(paths: Readonly<Record<string, string>>): void {
    for (const path of Object.values(paths)) {
      mkdirSync(path, { recursive: true });
      writeFile(path, 'weights.bin', 'as large as a model');
    }
  }

  test('in the store goes before the next model is prepared; what others are making stays', async () => {
    const paths = namesOf(unfinishedPlace(placeOf('aa')), process.pid);
    make(paths);
    const model = copyOfFixture('store');
    const bytes = readFileSync(join(model, 'model.safetensors'));
    bytes.writeUInt16LE(0x3c00, bytes.length - 2); // another model, which is prepared for itself
    writeFileSync(join(model, 'model.safetensors'), bytes);

    await prepare(model);

    const left = readdirSync(dirname(paths.own)).filter((name) => name.endsWith('.tmp'));
    assert.deepEqual(left.sort(), [basename(paths.own), basename(paths.elsewhere)].sort());
  });

  test('in the folder for temporary files goes before the next one is prepared there', async () => {
    const paths = namesOf(temporaryPlace(), process.pid);
    make(paths);

    const { directory: prepared, temporary } = await prepare(copyOfFixture('temporary-one'), 'fp32', false);

    assert.ok(temporary && existsSync(join(prepared, 'about.json')));
    assert.deepEqual(
      readdirSync(dirname(prepared))
        .filter((name) => name.startsWith('reward-score-'))
        .sort(),
      [prepared, paths.own, paths.elsewhere].map((path) => basename(path)).sort(),
    );
  });
});
