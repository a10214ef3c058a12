/** Classifiers that other tools exported, against the rewards of onnxruntime for Python (test/oracle/README.md). */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { loadRewardModel, type RewardModel } from '../../dist/index.js';
import { readTokenizerFiles } from '../../dist/model/tokenizer/files.js';
import { Tokenizer } from '../../dist/model/tokenizer/tokenizer.js';
import { copyExportedModel, copyWithNaN, input, reference, writeSmallModel } from '../support/exported-models.js';
import type { Run } from '../support/in-process.js';
import { jsonLines, rewardScore, temporaryDirectory, writeFile } from '../support/run.js';

/** For models of 8 dimensions: |difference| <= this x max(1, |reward|). */
const TOLERANCE = 1e-5;

const { texts, models } = reference;
const directory = temporaryDirectory();
const linesOf = (rows: readonly string[]): string => rows.map((text) => `${JSON.stringify({ text })}\n`).join('');
const allTexts = writeFile(directory, 'texts.jsonl', linesOf(texts));

/** Of two labels. */
// The reference cut at the left, and an encoder is cut as its tokenizer says.
const flagsOf = (name: string): string[] => (name === 'bert' ? ['--logit', 'good', '--truncation-side', 'left'] : []);

const isClose = (reward: unknown, expected: number): boolean =>
  typeof reward === 'number' && Math.abs(reward - expected) <= TOLERANCE * Math.max(1, Math.abs(expected));

function assertRewards(run: Run, expected: readonly number[], rows: readonly string[] = texts): void {
  assert.equal(run.code, 0, run.stderr);
  const rewards = jsonLines(run.stdout).map(({ reward }) => reward);
  assert.equal(rewards.length, expected.length);
  for (const [i, reward] of rewards.entries()) {
    assert.ok(isClose(reward, expected[i] as number), `${rows[i]}: expected ${expected[i]}, got ${reward}`);
  }
}

const PADDED =
  /model\.onnx is run as it was exported, with padding and nothing shared: slower where rows begin alike\n/g;
const alone = (reason: string): RegExp =>
  new RegExp(
    `model\\.onnx is run as it was exported, one row at a time \\(${reason}\\): slow where rows are short .*\\n`,
    'g',
  );

const notices: Readonly<Record<string, RegExp>> = {
  quantized: alone('DynamicQuantizeLinear makes rewards depend on what else is in a batch'),
  'last-position': alone('padded batches would change its rewards, or fail'),
};

describe('rewards equal the reference', { concurrency: availableParallelism() }, () => {
  for (const [name, expected] of Object.entries(models)) {
    test(name, async () => {
      const summaryFile = join(directory, `${name}.json`);
      const file = copyExportedModel(directory, name);

      const run = await rewardScore(['-m', file, '-j', '2', ...flagsOf(name), '--summary', summaryFile, allTexts]);

      assertRewards(run, expected.rewards);
      assert.equal(run.stderr.match(notices[name] ?? PADDED)?.length, 1, run.stderr);
      const { model, scoring, tokens, computedTokens } = JSON.parse(readFileSync(summaryFile, 'utf8'));
      assert.equal(model.name, file);
      assert.equal(model.sha256, expected.sha256);
      assert.equal(model.parameters, expected.parameters);
      assert.equal(model.precision, 'as exported');
      assert.equal(
        model.architecture,
        name === 'bert' ? 'BertForSequenceClassification' : 'GPT2ForSequenceClassification',
      );
      assert.equal(scoring.pooling, 'as exported');
      // Equal rows go through once; but for those with a pad token in them, each is padded to a multiple of 8.
      assert.deepEqual([tokens, computedTokens], name === 'bert' ? [377, 371] : [349, name in notices ? 285 : 315]);
    });
  }
});

describe('where the model stands', () => {
  test('by a relative path, its tokenizer named', async () => {
    const file = copyExportedModel(join(directory, 'relative'), 'plain');
    const elsewhere = join(directory, 'tokenizer');
    mkdirSync(elsewhere);
    for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
      renameSync(join(dirname(file), name), join(elsewhere, name));
    }
    const args = ['-q', '-m', basename(file), '--tokenizer', elsewhere, allTexts];

    assertRewards(await rewardScore(args, { cwd: dirname(file) }), models.plain?.rewards ?? []);
  });
});

describe('an encoder', () => {
  const file = copyExportedModel(join(directory, 'encoder'), 'bert');
  const run = (row: object, ...more: string[]): Promise<Run> =>
    rewardScore(['-q', '-m', file, '-j', '1', '--logit', 'good', ...more], { stdin: `${JSON.stringify(row)}\n` });

  test('is given a text that is made of two where that is asked for', async () => {
    const joined = await run({ prompt: 'a sea', response: ' and a walk' }, '--template', 'none');
    const whole = await run({ text: 'a sea and a walk' });
    assert.equal(joined.code, 0, joined.stderr);
    assert.deepEqual(jsonLines(joined.stdout)[0]?.reward, jsonLines(whole.stdout)[0]?.reward);
  });
});

describe('weights that are links', () => {
  /** The model of two files, its data a link to a file in another folder; returns the graph's path. */
  function modelWithLink(name: string, folder: string, graphIsLink: boolean): string {
    const repository = join(directory, name);
    const snapshot = join(repository, 'snapshots/abc');
    const file = join(snapshot, basename(copyExportedModel(join(repository, 'made'), 'bert')));
    mkdirSync(join(repository, 'snapshots'));
    renameSync(join(repository, 'made/bert'), snapshot);
    mkdirSync(join(repository, folder));
    for (const [path, blob] of [
      [file, 'aaaa'],
      [`${file}.data`, 'bbbb'],
    ] as const) {
      if (path === file && !graphIsLink) continue;
      renameSync(path, join(repository, folder, blob));
      symlinkSync(join('../..', folder, blob), path);
    }
    return file;
  }

  for (const [what, graphIsLink] of [
    ['of a graph that is a link too', true],
    ['of a graph that is a file of its own', false],
  ] as const) {
    test(`into the blobs of a cache, ${what}`, async () => {
      const file = modelWithLink(`cache-${graphIsLink}`, 'blobs', graphIsLink);
      const run = await rewardScore(['-q', '-m', file, '-j', '2', ...flagsOf('bert'), allTexts]);
      assertRewards(run, models.bert?.rewards ?? []);
    });
  }

  test('to any other place are refused, as onnxruntime does', async () => {
    const file = modelWithLink('elsewhere', 'secrets', false);
    const run = await rewardScore(['-q', '-m', file, '--logit', 'good', allTexts]);
    assert.equal(run.code, 1);
    assert.match(run.stderr, /escapes model directory/);
  });
});

describe("a row's reward does not depend on its neighbours or their order", () => {
  const opened: RewardModel[] = [];
  after(() => Promise.all(opened.map((model) => model.close())));

  async function open(file: string, logit?: string): Promise<RewardModel> {
    const model = await loadRewardModel(file, { workers: 1, cache: false, ...(logit !== undefined && { logit }) });
    opened.push(model);
    return model;
  }

  /** Texts of the reference, and others that are like them and not: many of a length, some with pad tokens. */
  const rows = fc.array(
    fc.oneof(
      fc.constantFrom(...texts),
      fc
        .array(fc.constantFrom('a', ' the', ' walk', '!', '<|endoftext|>', ' sea'), { minLength: 1, maxLength: 80 })
        .map((words) => words.join('')),
    ),
    { minLength: 1, maxLength: 60 },
  );

  for (const name of Object.keys(models)) {
    test(name, async () => {
      const model = await open(copyExportedModel(join(directory, 'neighbours'), name), flagsOf(name)[1]);
      const isSame = name in notices ? Object.is : isClose;
      await fc.assert(
        fc.asyncProperty(rows, async (rows) => {
          const together = await model.score(rows);
          const backwards = (await model.score(rows.toReversed())).toReversed();
          for (const [i, row] of rows.entries()) {
            const [single] = await model.score([row]);
            assert.ok(single?.ok);
            for (const among of [together[i], backwards[i]]) {
              assert.ok(
                among?.ok && isSame(among.reward, single.reward as number),
                `${row}: ${among} ${single.reward}`,
              );
            }
          }
        }),
        { numRuns: 12 },
      );
    });
  }

  const withEot = (text: string): boolean => text.includes('<|endoftext|>');

  test('beside one that gives NaN', async () => {
    const tokenizer = new Tokenizer(readTokenizerFiles(dirname(copyExportedModel(join(directory, 'ids'), 'plain'))));
    const [poison] = tokenizer.encode('naïve') as [number];
    const model = await open(copyWithNaN(directory, 'nan-in-token', poison));

    const poisoned = texts.map((text) => `naïve ${text}`); // many as long as others, and so in their batches
    const results = await model.score([...texts, ...poisoned]);

    for (const [i, text] of texts.entries()) {
      const hasIt = (tokens: readonly number[]): boolean => tokens.slice(-64).includes(poison);
      const isClean = !hasIt(tokenizer.encode(text));
      const result = results[i];
      assert.equal(result?.ok, isClean, text);
      if (result?.ok) assert.ok(isClose(result.reward, models.plain?.rewards[i] as number), text);
      const other = results[texts.length + i];
      assert.equal(other?.ok, !hasIt(tokenizer.encode(poisoned[i] as string)), poisoned[i]);
    }
  });

  test('where the padding itself is NaN', async () => {
    const model = await open(copyWithNaN(directory, 'nan-in-padding', 511));

    const results = await model.score(texts);

    for (const [i, result] of results.entries()) {
      const text = texts[i] as string;
      const [single] = await model.score([text]);
      assert.equal(result.ok, single?.ok, text);
      if (!withEot(text)) assert.ok(result.ok && isClose(result.reward, models.plain?.rewards[i] as number), text);
    }
  });

  test('where rows meet in the graph', async () => {
    const file = writeSmallModel(join(directory, 'rows-meet'), {
      // Less the largest of the whole batch: no operator says so.
      body: (graph, ids) => {
        const mean = graph.add('ReduceMean', [ids, graph.int64s([1])], { keepdims: { int: 1 } });
        return graph.add('Sub', [mean, graph.add('ReduceMax', [ids], { keepdims: { int: 0 } })]);
      },
    });
    const run = await rewardScore(['-m', file], { stdin: '"a"\n"bcd"\n"a"\n' });
    const [first, , third] = jsonLines(run.stdout);
    assert.equal(first?.reward, 0);
    assert.equal(third?.reward, 0);
    assert.match(run.stderr, alone('padded batches would change its rewards, or fail'));
  });
});

describe('what a graph or its config does not allow', () => {
  test('batches: of one row', async () => {
    const shape = [1, 'sequence'];
    const file = writeSmallModel(join(directory, 'one-row'), {
      inputs: [{ name: 'input_ids', type: 7, shape }],
      outputShape: [1, 1],
    });
    const run = await rewardScore(['-m', file], { stdin: '"a"\n"bcd"\n' });
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stderr, alone('it was exported for one'));
  });

  test('batches: traced with one row', async () => {
    const file = writeSmallModel(join(directory, 'traced'), {
      body: (graph, ids) => {
        const mean = graph.add('ReduceMean', [ids, graph.int64s([1])], { keepdims: { int: 1 } });
        return graph.add('Reshape', [mean, graph.int64s([1, 1])]);
      },
      outputShape: ['batch', 'labels'],
    });
    const run = await rewardScore(['-m', file], { stdin: '"a"\n"bcd"\n' });
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stderr, alone('padded batches would change its rewards, or fail'));
    assert.doesNotMatch(run.stderr, /^(?!reward-score: )./m, 'onnxruntime itself complained');
  });

  test('rows as long as config.json says', async () => {
    const file = copyExportedModel(join(directory, 'positions'), 'plain');
    const config = join(dirname(file), 'config.json');
    writeFileSync(config, readFileSync(config, 'utf8').replace('"n_positions": 64', '"n_positions": 100'));
    const long = JSON.stringify('ab '.repeat(300));
    const run = await rewardScore(['-q', '-m', file], { stdin: long });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /^reward-score: .+ cannot be run on 1 x 100 tokens: .+ name fewer with --max-length\n$/);
    assert.equal((await rewardScore(['-q', '-m', file, '--max-length', '64'], { stdin: long })).code, 0);
  });

  test('as many tokens as positions that are numbered after the pad token', async () => {
    const config = { model_type: 'roberta', pad_token_id: 1, max_position_embeddings: 20 };
    const file = writeSmallModel(join(directory, 'after-pad'), {}, config);
    const { code, stderr } = await rewardScore(['-m', file], { stdin: JSON.stringify('ab '.repeat(300)) });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /, 18 tokens \(max_position_embeddings\)/);
    const numbered = writeSmallModel(
      join(directory, 'numbered'),
      { inputs: [input('input_ids'), input('position_ids')] },
      config,
    );
    const run = await rewardScore(['-q', '-m', numbered], { stdin: '"a"\n' });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /expected no input position_ids of .*, which numbers positions by its tokens, got one/);
  });

  test('padding: no pad token', async () => {
    const file = writeSmallModel(join(directory, 'no-pad'), {}, { pad_token_id: null });
    const run = await rewardScore(['-m', file], { stdin: '"a"\n"bcd"\n' });
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stderr, alone('its config\\.json names no pad_token_id'));
  });
});
