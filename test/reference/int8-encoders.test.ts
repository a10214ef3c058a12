/** Encoders in integers: near their rewards in float32, with the largest channels kept apart. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openTensors, readCheckpoint } from '../../dist/model/checkpoint/checkpoint.js';
import { ElementType } from '../../dist/model/graph/graph.js';
import { quantizeNetwork } from '../../dist/model/int8/graph.js';
import { rowOf } from '../../dist/model/int8/matrix.js';
import { chooseOutliers } from '../../dist/model/int8/outliers.js';
import { makeInt8 } from '../../dist/model/int8/prepare.js';
import { encoderNamed, makeEncoder } from '../support/encoder-models.js';
import { readOracle } from '../support/oracle.js';
import { jsonLines, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';

const directory = temporaryDirectory();
const { tokenizerConfig } = readOracle<{ readonly tokenizerConfig: object }>('encoder_rewards.json');

/** Wide enough for quality to mean something. */
const wide = { hidden_size: 64, intermediate_size: 128, num_attention_heads: 4 };

function modelOf(name: string, differs: object): string {
  const path = join(directory, name);
  const encoder = encoderNamed(name);
  makeEncoder(path, { ...encoder, config: { ...encoder.config, ...differs } });
  cpSync(join(root, 'test/oracle/encoder_tokenizer.json'), join(path, 'tokenizer.json'));
  writeFile(path, 'tokenizer_config.json', JSON.stringify(tokenizerConfig));
  return path;
}

const models = [
  // 1,024 inner activations are stored with zeros after them in float32, as BERT base's 3,072 are.
  ['bert', { ...wide, intermediate_size: 1024 }],
  ['xlm-roberta', wide],
  ['distilbert', { dim: 64, hidden_dim: 128, n_heads: 4 }],
  ['electra-small', { ...wide, embedding_size: 32 }],
  ['modernbert', wide],
  ['modernbert-mean', wide],
  ['deberta', { ...wide, pooler_hidden_size: 64 }],
  ['deberta-own-keys', { ...wide, pooler_hidden_size: 64 }],
] as const;

describe('rewards', () => {
  for (const [name, differs] of models) {
    test(`${name}: near those in float32, and not the same`, async () => {
      const model = modelOf(name, differs);
      const checkpoint = readCheckpoint(model);
      const place = join(directory, `${name}-int8`);
      mkdirSync(place);
      const tensors = openTensors(checkpoint);
      const work = { network: checkpoint.network, tensors, tokenizerDirectory: model, directory: place };
      try {
        const quality = await makeInt8({ ...work, heartbeat: () => undefined });
        assert.ok((quality.spearman as number) > 0.99, JSON.stringify(quality));
        assert.ok((quality.largestDifference as number) < 0.4, JSON.stringify(quality));
        assert.ok((quality.largestDifference as number) > 0);
      } finally {
        tensors.close();
      }
    });
  }

  test('are the same through the program, whatever the neighbours and their order', async () => {
    const model = modelOf('bert', wide);
    const lines = readFileSync(join(root, 'fixtures/conversations.jsonl'), 'utf8').trim().split('\n').slice(0, 12);
    const texts = lines.map((line) => `${JSON.stringify({ text: line.slice(0, 120) })}\n`);
    const rewardsOf = async (rows: readonly string[]): Promise<number[]> => {
      const run = await rewardScore(['-q', '-m', model, '-j', '1', '--precision', 'int8'], { stdin: rows.join('') });
      assert.equal(run.code, 0, run.stderr);
      return jsonLines(run.stdout).map(({ reward }) => reward as number);
    };
    const together = await rewardsOf(texts);
    assert.deepEqual((await rewardsOf([...texts].reverse())).reverse(), together);
    for (const [i, text] of texts.entries()) {
      const [alone] = (await rewardsOf([text])) as [number];
      assert.ok(Math.abs(alone - (together[i] as number)) < 0.02, `${alone} alone, ${together[i]} among others`);
    }
  });
});

test('what depends on no token stays in float32: distances have no rows for nodes', () => {
  const { network } = readCheckpoint(modelOf('deberta-own-keys', { ...wide, pooler_hidden_size: 64 }));
  const { matrices, floats } = quantizeNetwork(network, { weightType: ElementType.uint8 });
  const inIntegers = matrices.map(({ tensor }) => tensor).filter((tensor) => /attention\.self/.test(tensor));
  assert.ok(inIntegers.length > 0 && inIntegers.every((tensor) => !tensor.includes('pos_')), inIntegers.join());
  const inFloat = floats.map(({ name }) => name);
  assert.ok(inFloat.includes('deberta.encoder.layer.0.attention.self.pos_key_proj.weight'));
});

test('a matrix that nodes and distances share is there in both forms', () => {
  const { network } = readCheckpoint(modelOf('deberta', { ...wide, pooler_hidden_size: 64 }));
  const { matrices, floats } = quantizeNetwork(network, { weightType: ElementType.uint8 });
  const shared = 'deberta.encoder.layer.0.attention.self.query_proj.weight';
  assert.ok(matrices.some(({ tensor }) => tensor === shared));
  assert.ok(floats.some(({ name }) => name === shared));
});

test('the largest channels are chosen, one for each sixteen, at most eight', () => {
  const sizes = Float32Array.from({ length: 40 }, (_, i) => (i === 7 ? 100 : i === 3 ? 50 : i / 40));
  assert.deepEqual(chooseOutliers(sizes).channels, [3, 7]);
  assert.deepEqual(
    [...chooseOutliers(sizes).others].flatMap((factor, channel) => (factor === 0 ? [channel] : [])),
    [3, 7],
  );
  assert.deepEqual(chooseOutliers(new Float32Array(15).fill(1)).channels, []);
  assert.equal(chooseOutliers(new Float32Array(1000).fill(1)).channels.length, 8);
});

test('the weights of an input channel are read from either way of storing a matrix', () => {
  const values = Float32Array.from([1, 2, 3, 4, 5, 6]);
  assert.deepEqual([...rowOf(values, { transposed: false, inner: 3, outer: 2 }, 1)], [3, 4]);
  assert.deepEqual([...rowOf(values, { transposed: true, inner: 3, outer: 2 }, 1)], [2, 5]);
});
