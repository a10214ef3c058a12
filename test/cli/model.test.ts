/** `model`: what it tells of models, and the cache of prepared ones, whatever happens to it. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { encoderNamed, makeEncoder } from '../support/encoder-models.js';
import { readOracle } from '../support/oracle.js';
import { jsonLines, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';

const directory = temporaryDirectory();
const fixture = join(root, 'fixtures/tiny-gpt2');
const text = { stdin: '"User: hi\\nBot: hello\\n"\n' };

/** A cache of its own for each test, and runs that use it. */
let caches = 0;
function newCache() {
  const cache = join(directory, `cache-${caches++}`);
  const env = { REWARD_SCORE_CACHE: cache };
  return {
    cache,
    run: (...args: string[]) => rewardScore(args, { ...text, env }),
    prepared: () => (existsSync(join(cache, 'prepared')) ? readdirSync(join(cache, 'prepared')) : []),
  };
}

function copyOfFixture(name: string): string {
  const path = join(directory, name);
  cpSync(fixture, path, { recursive: true });
  return path;
}

const json = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

describe('model info', () => {
  test('says of an encoder what its config states of the loss and of an activation, and that this is not applied', async () => {
    const encoder = encoderNamed('bert');
    const { tokenizerConfig } = readOracle<{ readonly tokenizerConfig: object }>('encoder_rewards.json');
    for (const stated of [
      { sentence_transformers: { activation_fn: 'torch.nn.modules.activation.Sigmoid', version: '5.0.0' } },
      { sbert_ce_default_activation_function: 'torch.nn.modules.activation.Sigmoid' },
    ]) {
      const model = temporaryDirectory();
      makeEncoder(model, { ...encoder, config: { ...encoder.config, ...stated, problem_type: 'regression' } });
      cpSync(join(root, 'test/oracle/encoder_tokenizer.json'), join(model, 'tokenizer.json'));
      writeFile(model, 'tokenizer_config.json', JSON.stringify(tokenizerConfig));
      const { code, stdout } = await rewardScore(['model', 'info', model]);
      assert.equal(code, 0);
      assert.match(stdout, /^problemType +regression$/m);
      assert.match(stdout, /^activation +Sigmoid, which is not applied$/m);
    }
  });

  test('tells architecture, size, labels, files and cache state', async () => {
    const { run } = newCache();
    const before = json((await run('model', 'info', fixture, '--json')).stdout);
    assert.deepEqual(
      [before.architecture, before.parameters, before.labels, before.positions, before.vocabulary, before.prepared],
      ['GPT2ForSequenceClassification', 50_080, ['LABEL_0'], 256, 512, []],
    );
    assert.deepEqual(before.weights, [join(fixture, 'model.safetensors')]);
    await run('-q', '-m', fixture);
    const { prepared } = json((await run('model', 'info', fixture, '--json')).stdout);
    assert.equal((prepared as unknown[]).length, 1);
    const words = await run('model', 'info', fixture);
    assert.match(words.stdout, /^architecture GPT2ForSequenceClassification$/m);
    assert.match(words.stdout, /^prepared +fp32, 0\.3 MB, last used \d{4}-\d\d-\d\d$/m);
    assert.match(words.stdout, /^licence +not stated in the model card$/m);
    assert.equal(words.code, 0);
  });

  for (const [metadata, licence, warned] of [
    ['license: cc-by-nc-4.0', 'cc-by-nc-4.0', true],
    ['language: en\nlicense: "apache-2.0" # free', 'apache-2.0', false],
    ['license: other\nlicense_name: my-non-commercial-terms', 'my-non-commercial-terms', true],
    ['license: incense-2.0', 'incense-2.0', false],
  ] as const) {
    test(`licence ${licence}`, async () => {
      const path = copyOfFixture(`licence-${licence}`);
      writeFile(path, 'README.md', `---\n${metadata}\n---\n# A model\nlicense: not this one\n`);
      const { stdout, stderr } = await newCache().run('model', 'info', path);
      assert.match(stdout, new RegExp(`^licence +${licence}$`, 'm'));
      assert.equal(stderr, warned ? `reward-score: the licence, ${licence}, does not allow commercial use\n` : '');
    });
  }
});

describe('the cache of prepared models', () => {
  test('prepare, list, use, prune', async () => {
    const { run, prepared } = newCache();
    const made = await run('model', 'prepare', fixture);
    assert.equal(made.code, 0, made.stderr);
    assert.equal(prepared().length, 1);
    assert.ok(existsSync(join(made.stdout.trim(), 'model.onnx')));
    // The float32 weights, and behind them each matrix (12 x 32 x 32 elements in each of 2 layers) packed for sessions to map.
    const { files } = json(readFileSync(join(made.stdout.trim(), 'about.json'), 'utf8')) as {
      files: Record<string, { bytes: number }>;
    };
    assert.ok((files['weights.bin']?.bytes ?? 0) >= 4 * (50_080 + 2 * 12 * 32 * 32));
    const used = await run('-q', '-m', fixture, '--to', 'scores');
    assert.equal(prepared().length, 1, 'a run uses what was prepared');
    assert.equal(used.code, 0);
    const [listed] = JSON.parse((await run('model', 'list', '--json')).stdout) as Record<string, unknown>[];
    assert.deepEqual([listed?.model, listed?.precision], [fixture, 'fp32']);

    assert.equal((await run('model', 'prune')).stdout, '', 'it was used today');
    const about = join(made.stdout.trim(), 'about.json');
    const longAgo = new Date(Date.now() - 31 * 86_400_000);
    utimesSync(about, longAgo, longAgo);
    await run('-q', '-m', fixture);
    assert.equal((await run('model', 'prune')).stdout, '', 'a use is noted');
    utimesSync(about, longAgo, longAgo);
    assert.match((await run('model', 'prune')).stdout, /^removed 0\.3 MB {2}.*tiny-gpt2$/m);
    assert.equal(prepared().length, 0);
  });

  test('prune takes what an interrupted run left, and not what another is making', async () => {
    const { cache, run, prepared } = newCache();
    await run('model', 'prepare', fixture);
    cpSync(join(cache, 'prepared', prepared()[0] as string), join(cache, `prepared/aa.${2 ** 22 + 1}.x.tmp`), {
      recursive: true,
    });
    cpSync(join(cache, 'prepared', prepared()[0] as string), join(cache, `prepared/bb.${process.pid}.x.tmp`), {
      recursive: true,
    });
    await run('model', 'prune');
    assert.deepEqual(
      prepared().filter((name) => name.endsWith('.tmp')),
      [`bb.${process.pid}.x.tmp`],
    );
    assert.equal((await run('model', 'list')).stdout.trim().split('\n').length, 1);
  });

  test('eight processes at once make it once, and all score', async () => {
    const { run, prepared } = newCache();
    const runs = await Promise.all(Array.from({ length: 8 }, () => run('-m', fixture, '-j', '1', '--to', 'scores')));
    assert.deepEqual(new Set(runs.map(({ stdout }) => stdout)).size, 1);
    assert.ok(runs.every(({ code }) => code === 0));
    assert.equal(prepared().length, 1, String(prepared()));
  });

  test('a changed checkpoint is prepared anew, one with the same bytes elsewhere is not', async () => {
    const { run, prepared } = newCache();
    const path = copyOfFixture('changed');
    const before = await run('-q', '-m', path, '--to', 'scores');
    await run('-q', '-m', fixture);
    assert.equal(prepared().length, 1);
    const weights = join(path, 'model.safetensors');
    const bytes = readFileSync(weights);
    bytes.writeUInt16LE(0x3c00, bytes.length - 2); // the last element, as float16, becomes 1
    writeFileSync(weights, bytes);
    const after = await run('-q', '-m', path, '--to', 'scores');
    assert.notEqual(after.stdout, before.stdout);
    assert.equal(prepared().length, 2);
  });

  for (const [name, damage] of [
    ['cut short', (path: string) => truncateSync(join(path, 'weights.bin'), 1000)],
    ['longer', (path: string) => appendFileSync(join(path, 'weights.bin'), 'x')],
    [
      'overwritten at its end',
      (path: string) => {
        const bytes = readFileSync(join(path, 'weights.bin'));
        bytes.fill(0xff, bytes.length - 10);
        writeFileSync(join(path, 'weights.bin'), bytes);
      },
    ],
    ['without a description', (path: string) => truncateSync(join(path, 'about.json'), 0)],
  ] as const) {
    test(`a prepared model that is ${name} is made anew`, async () => {
      const { cache, run, prepared } = newCache();
      const good = await run('-q', '-m', fixture, '--to', 'scores');
      damage(join(cache, 'prepared', prepared()[0] as string));
      const again = await run('-m', fixture, '--to', 'scores');
      assert.equal(again.stdout, good.stdout);
      assert.match(again.stderr, /is damaged: it is made anew/);
      assert.doesNotMatch((await run('-m', fixture)).stderr, /damaged/);
    });
  }

  test('a lock of a process that is gone holds nobody up', async () => {
    const { cache, run, prepared } = newCache();
    await run('model', 'prepare', fixture);
    const [key] = prepared();
    await run('model', 'prune', '--all');
    for (const holder of [
      { host: hostname(), pid: 2 ** 22 + 1, started: '1' },
      { host: hostname(), pid: process.pid, started: 'another time' },
    ]) {
      const lock = writeFile(join(cache, 'prepared'), `${key}.lock`, JSON.stringify(holder));
      const run1 = await run('model', 'prepare', fixture);
      assert.equal(run1.code, 0, run1.stderr);
      assert.ok(!existsSync(lock));
      await run('model', 'prune', '--all');
    }
  });

  test('where it cannot be written, the run goes on without, and says so', async () => {
    const blocked = writeFile(directory, 'a-file', '');
    const run = await rewardScore(['-m', fixture, '--to', 'scores'], {
      ...text,
      env: { REWARD_SCORE_CACHE: join(blocked, 'cache') },
    });
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, /^-?[\d.]+\n$/);
    assert.match(run.stderr, /the prepared model cannot be kept in .*: it is made anew for this run/);
  });

  test('--no-cache leaves nothing behind', async () => {
    const { run, prepared } = newCache();
    const temporary = temporaryDirectory();
    const plain = await rewardScore(['-q', '-m', fixture, '--no-cache', '--to', 'scores'], {
      ...text,
      env: { TMPDIR: temporary },
    });
    assert.equal(plain.stdout, (await run('-q', '-m', fixture, '--to', 'scores')).stdout);
    // Nor do onnxruntime's telemetry files (mat-debug-*, .ses) appear: it is switched off.
    const left = readdirSync(temporary).filter((name) => name !== 'node-compile-cache'); // Node's own, from 22 on
    assert.deepEqual(left, []);
    assert.equal(prepared().length, 1);
  });
});

describe('model check', () => {
  const scoredBy = async (...args: string[]): Promise<string> => {
    const { stdout } = await rewardScore(['-q', '-m', fixture, ...args, join(root, 'fixtures/conversations.jsonl')]);
    return stdout;
  };

  test('rewards that are reproduced: exit code 0', async () => {
    const file = writeFile(directory, 'scored.jsonl', `${await scoredBy()}\n{"text":"without"}\n`);
    const run = await rewardScore(['model', 'check', fixture, '--against', file]);
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, /^rows 7, rewards compared 9, rows without one 1$/m);
    assert.match(run.stdout, /^all within 0\.0001$/m);
  });

  test('rewards that are not: which rows, how far off, exit code 3', async () => {
    const rows = jsonLines(await scoredBy());
    (rows[0] as { reward: number }).reward += 0.5;
    (rows[3] as { reward: number[] }).reward[1] = 99;
    const file = writeFile(directory, 'altered.jsonl', rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const run = await rewardScore(['model', 'check', fixture, '--against', file, '--json']);
    assert.equal(run.code, 3);
    const { beyond, worst } = json(run.stdout) as { beyond: number; worst: { line: number; expected: number }[] };
    assert.equal(beyond, 2);
    assert.deepEqual(
      worst.map(({ line }) => line),
      [4, 1],
    );
  });

  test('with the settings that the rewards were made with, and not with others', async () => {
    const file = writeFile(directory, 'short.jsonl', await scoredBy('--max-length', '8', '--reward-field', 'r'));
    const args = ['model', 'check', fixture, '--against', file, '--reward-field', 'r'];
    assert.equal((await rewardScore([...args, '--max-length', '8'])).code, 0);
    assert.equal((await rewardScore(args)).code, 3);
  });

  test('another pooling rule, frozen into an exported model, shows in the rows that it reads elsewhere', async () => {
    const exported = (name: string): string => join(root, 'test/oracle/foreign', name, 'model.onnx');
    const rows = '{"text":"User: hi<|endoftext|>Bot: hello"}\n{"text":"User: how are you?\\nBot: fine\\n"}\n';
    const args = ['--tokenizer', fixture];
    const { stdout } = await rewardScore(['-q', '-m', exported('plain'), ...args], { stdin: rows });
    const file = writeFile(directory, 'pooled.jsonl', stdout);
    const same = await rewardScore(['model', 'check', exported('plain'), '--against', file, ...args]);
    assert.equal(same.code, 0, same.stderr);
    const other = await rewardScore(['model', 'check', exported('old-pooling'), '--against', file, ...args, '--json']);
    assert.equal(other.code, 3, other.stderr);
    const { worst } = json(other.stdout) as { worst: { line: number }[] };
    assert.deepEqual(
      worst.map(({ line }) => line),
      [1],
    );
  });

  test('a file without rewards is wrong use', async () => {
    const run = await rewardScore(
      ['-q', 'model', 'check', fixture, '--against', join(root, 'fixtures/conversations.jsonl')].slice(1),
    );
    assert.equal(run.code, 2);
    assert.match(run.stderr, /expected rows with reward, found none; name it by --reward-field/);
  });
});
