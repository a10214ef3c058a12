/** .onnx files that are not there, or that cannot be scored: what is wrong with them is said by name. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { copyExportedModel, input, type SmallGraph, writeSmallModel } from '../support/exported-models.js';
import { rewardScore, temporaryDirectory, writeFile } from '../support/run.js';
import { testWrongUses, UNLOADABLE, type WrongUse } from '../support/wrong-use.js';

const directory = temporaryDirectory();
const wrongUses = (what: string, uses: readonly WrongUse[]): void => testWrongUses(what, directory, uses);

let made = 0;
const small = (graph: SmallGraph, config: object = {}): string => {
  made++;
  return writeSmallModel(join(directory, `small-${made}`), graph, config);
};

const without = (...names: string[]): string => {
  const file = small({});
  for (const name of names) rmSync(join(dirname(file), name));
  return file;
};

mkdirSync(join(directory, 'directory.onnx'));
execFileSync('mkfifo', [join(directory, 'pipe.onnx')]);
const noConfig = without('config.json');
const noTokenizer = without('tokenizer.json', 'tokenizer_config.json');
const bert = copyExportedModel(directory, 'bert');
const optimum = copyExportedModel(directory, 'position-ids');
const twoLabels = small({ outputShape: ['batch', 2] }, { num_labels: 2 });
const fewPositions = small({}, { max_position_embeddings: 5 });

wrongUses('files that are not there', [
  { args: ['-m', './missing.onnx'], stderr: './missing.onnx: expected an .onnx file, found nothing of that name' },
  { args: ['-m', 'org/name.onnx'], stderr: 'org/name.onnx: expected an .onnx file, found nothing of that name' },
  {
    args: ['-m', join(directory, 'pipe.onnx')],
    stderr: `${directory}/pipe.onnx: expected an .onnx file, got neither a file nor a directory`,
  },
  {
    args: ['-m', join(directory, 'directory.onnx')],
    stderr:
      `${directory}/directory.onnx: expected a model directory in Hugging Face form ` +
      '(config.json, model.safetensors, tokenizer.json), found no config.json',
  },
  ...[dirname(bert), dirname(dirname(optimum))].map((folder, i) => ({
    args: ['-m', folder],
    stderr:
      `${folder}: expected model.safetensors or pytorch_model.bin, or the index of several such files, found ` +
      `${['model.onnx', 'onnx/model.onnx'][i]}; name that file, as it is, with --model`,
  })),
  {
    args: ['-m', noConfig],
    stderr:
      `${noConfig}: expected the config.json that the model was exported with beside it or in the folder above, ` +
      'found none',
  },
  {
    args: ['-m', noTokenizer],
    stderr:
      `${dirname(noTokenizer)} and ${directory}: expected tokenizer.json, or vocab.json and merges.txt, found neither; ` +
      'name a directory that has them with --tokenizer',
  },
]);

// An id that could be one on the hub is none where it names an .onnx file: nothing is asked there.
const modelCommands = (name: string): string[][] => [
  ['model', 'info', name],
  ['model', 'prepare', name],
  ['model', 'check', name, '--against', writeFile(directory, 'against.jsonl', '{"text":"a","reward":1}\n')],
];
wrongUses(
  'files that commands on models do not find',
  ['./missing.onnx', 'org/name.onnx'].flatMap((name) =>
    modelCommands(name).map((args) => ({
      args,
      env: { HF_ENDPOINT: 'http://127.0.0.1:1' },
      stderr: `${name}: expected an .onnx file, found nothing of that name`,
    })),
  ),
);

test('commands on models take an .onnx file', async () => {
  const file = copyExportedModel(join(directory, 'commands'), 'plain');
  const [info, prepare, check] = modelCommands(file) as [string[], string[], string[]];
  const shown = await rewardScore([...info, '--json']);
  assert.equal(shown.code, 0, shown.stderr);
  const { weights, labels, prepared } = JSON.parse(shown.stdout) as Record<string, unknown>;
  assert.deepEqual({ weights, labels, prepared }, { weights: [file], labels: ['LABEL_0'], prepared: [] });
  const { code, stdout, stderr } = await rewardScore(prepare);
  assert.deepEqual([code, stdout], [0, `${file}\n`]);
  assert.match(stderr, /\nreward-score: there is nothing to prepare\n$/);
  const compared = await rewardScore([...check, '-q', '--tolerance', '1e9']);
  assert.equal(compared.code, 0, compared.stderr);
  assert.match(compared.stdout, /^rows 1, rewards compared 1, rows without one 0\n/);
});

wrongUses('what config.json says', [
  {
    args: ['-m', bert],
    stderr:
      'expected --logit to say which label is the reward, or all for a reward of each; the model has 0 (bad), 1 (good)',
  },
  {
    args: ['-m', twoLabels, '--logit', 'good'],
    stderr: 'expected --logit to be one of 0 (LABEL_0), 1 (LABEL_1), or all, got good',
  },
  {
    args: ['-m', fewPositions, '--max-length', '6'],
    stderr: "expected --max-length of at most 5, the model's positions, got 6",
  },
  {
    args: ['-q', '-m', bert, '--logit', '0', '--max-length', '2'],
    stderr: 'expected --max-length above 2, the number of tokens that the tokenizer adds to every text, got 2',
  },
  ...(
    [
      [{ vocab_size: null }, 'vocab_size to be a positive integer, got undefined'],
      [{ n_positions: 'many' }, 'n_positions to be a positive integer, got "many"'],
      [{ pad_token_id: 'pad' }, 'pad_token_id to be a token id, got "pad"'],
      [{ id2label: {} }, 'id2label to be an object with a name for each of 0, 1, …, got {}'],
    ] as const
  ).map(([config, what]): WrongUse => {
    const file = small({}, config);
    return {
      args: ['-m', file],
      code: UNLOADABLE,
      stderr: `${dirname(file)}/config.json: expected ${what}; this checkpoint cannot be scored as it is`,
    };
  }),
]);

const refused = (graph: SmallGraph, what: string, config: object = {}): WrongUse => {
  const file = small(graph, config);
  return {
    args: ['-q', '-j', '1', '-m', file, '--logit', '0'],
    code: UNLOADABLE,
    stderr: `${file}: expected ${what}; export it again as a text classifier with dynamic axes`,
  };
};

const LOGITS = 'logits of float32 [batch, 1], one for each label of config.json';
const KNOWN = 'input_ids, attention_mask, position_ids, token_type_ids';

wrongUses('graphs of another kind', [
  refused(
    { inputs: [input('input_ids'), input('past_key_values.0.key')] },
    `no inputs but ${KNOWN}, got past_key_values.0.key`,
  ),
  refused({ inputs: [input('attention_mask')] }, 'an input input_ids, got attention_mask'),
  refused(
    { inputs: [{ ...input('input_ids'), type: 1 }] },
    'input_ids of int64 or int32, got input_ids of float32 [batch, sequence]',
  ),
  refused(
    { inputs: [input('input_ids', ['batch', 128])] },
    'input_ids of [batch, sequence], both of any size, got input_ids of int64 [batch, 128]',
  ),
  refused(
    { inputs: [input('input_ids', [4, 'sequence'])], outputShape: [4, 1] },
    'input_ids of [batch, sequence], both of any size, got input_ids of int64 [4, sequence]',
  ),
  refused({ outputName: 'score', moreOutputs: ['states'] }, 'an output logits, or a single one, got score, states'),
  refused(
    { body: (graph, ids) => graph.add('Unsqueeze', [ids, graph.int64s([2])]), outputShape: ['batch', 'sequence', 1] },
    `${LOGITS}, got logits of float32 [batch, sequence, 1]`,
  ),
  refused({ outputShape: ['batch', 1] }, `${LOGITS.replace('1]', '2]')}, got logits of float32 [batch, 1]`, {
    num_labels: 2,
    id2label: { 0: 'a', 1: 'b' },
  }),
  // What the file does not say, the first run shows.
  refused({ body: (_, ids) => ids, outputShape: ['batch', 'labels'] }, `${LOGITS.replace('batch', '1')}, got [1, 3]`),
]);

const broken = (content: string): string => writeFile(dirname(small({})), 'model.onnx', content);
const noData = copyExportedModel(join(directory, 'no-data'), 'bert');
rmSync(`${noData}.data`);

wrongUses('files that cannot be loaded', [
  {
    args: ['-q', '-j', '1', '-m', broken('')],
    code: UNLOADABLE,
    stderr: /model\.onnx: expected an ONNX model, found no graph; export or download it again$/,
  },
  {
    args: ['-q', '-j', '1', '-m', broken('version https://git-lfs.github.com/spec/v1\noid sha256:0\n')],
    code: UNLOADABLE,
    stderr: /model\.onnx: expected an ONNX model: .+; export or download it again$/,
  },
  {
    args: ['-q', '-j', '1', '-m', noData, '--logit', '0'],
    code: UNLOADABLE,
    stderr: `${noData}: expected its weights beside it in model.onnx.data, found no such file`,
  },
]);
