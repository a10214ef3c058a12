/** Models that are not there, or are and cannot be loaded: what is wrong with them is said by name. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, temporaryDirectory, writeFile } from '../support/run.js';
import { testWrongUses, UNLOADABLE, type WrongUse } from '../support/wrong-use.js';

const directory = temporaryDirectory();
const fixture = join(root, 'fixtures/tiny-gpt2');

const wrongUses = (what: string, uses: readonly WrongUse[]): void => testWrongUses(what, directory, uses);

const folder = join(directory, 'folder');
mkdirSync(folder);

/** A copy of the small model, with changes. */
function model(name: string, change: (path: string) => void): string {
  const path = join(directory, name);
  cpSync(fixture, path, { recursive: true });
  change(path);
  return path;
}

const without = (...names: string[]): string =>
  model(`without-${names.join('-')}`, (path) => {
    for (const name of names) rmSync(join(path, name));
  });

const editConfig = (path: string, edit: object): void => {
  const config = JSON.parse(readFileSync(join(path, 'config.json'), 'utf8')) as object;
  writeFileSync(join(path, 'config.json'), JSON.stringify({ ...config, ...edit }));
};

const bare = without('config.json');
const noWeights = without('model.safetensors');
const pickled = model('pickled', (path) => {
  rmSync(join(path, 'model.safetensors'));
  writeFileSync(join(path, 'pytorch_model.bin'), '');
});
const noTokenizer = without('tokenizer.json');
const fileAsModel = writeFile(directory, 'model.gguf', '');

wrongUses('models that are not there', [
  {
    args: ['-m', './missing'],
    stderr: './missing: expected a model directory, found nothing of that name',
  },
  {
    args: ['-m', `${fileAsModel}/x`],
    stderr: `${fileAsModel}/x: expected a model directory, found nothing of that name`,
  },
  {
    args: ['-m', fileAsModel],
    stderr: `${fileAsModel}: expected a model directory in Hugging Face form, got a file`,
  },
  {
    args: ['-m', bare],
    stderr:
      `${bare}: expected a model directory in Hugging Face form ` +
      '(config.json, model.safetensors, tokenizer.json), found no config.json',
  },
  {
    args: ['-m', noWeights],
    stderr:
      `${noWeights}: expected model.safetensors or pytorch_model.bin, ` +
      'or the index of several such files, found no weights',
  },
  {
    args: ['-m', pickled],
    code: UNLOADABLE,
    stderr:
      `${pickled}/pytorch_model.bin: expected a file of torch.save, ` +
      'found neither a zip archive nor a pickle; download it again',
  },
  {
    args: ['-m', noTokenizer],
    stderr:
      `${noTokenizer}: expected tokenizer.json, or vocab.json and merges.txt, found neither; ` +
      'name a directory that has them with --tokenizer',
  },
  {
    args: ['--tokenizer', folder],
    stderr: `${folder}: expected tokenizer.json, or vocab.json and merges.txt, found neither`,
  },
]);

const sigmoids = { id2label: { 0: 'bad', 1: 'good' } };
const twoLabels = model('two-labels', (path) => editConfig(path, sigmoids));

wrongUses('labels', [
  {
    args: ['-m', twoLabels],
    stderr:
      'expected --logit to say which label is the reward, or all for a reward of each; the model has 0 (bad), 1 (good)',
  },
  ...['2', 'Good', '-1'].map((logit) => ({
    args: ['-m', twoLabels, '--logit', logit],
    stderr: `expected --logit to be one of 0 (bad), 1 (good), or all, got ${logit}`,
  })),
]);

/** Whatever activation functions there are. */
const ACTIVATIONS = 'one of (names)';

/** One field of config.json that the network cannot be built with, and what was expected of it. */
const refusedFields: readonly [field: string, value: unknown, expected: string, other?: object][] = [
  ['add_cross_attention', true, 'false'],
  ['is_encoder_decoder', true, 'false'],
  ['quantization_config', { quant_method: 'gptq' }, 'absent'],
  ['pruned_heads', { 0: [1] }, 'absent'],
  ['activation_function', 'gelu_newer', ACTIVATIONS],
  ['activation_function', ['gelu'], ACTIVATIONS],
  ['n_head', 3, 'a divisor of n_embd (32)'],
  ['n_head', '2', 'a positive integer'],
  ['n_embd', 0, 'a positive integer'],
  ['n_layer', 1.5, 'a positive integer'],
  ['n_inner', -1, 'a positive integer'],
  ['n_positions', true, 'a positive integer'],
  ['vocab_size', '512', 'a positive integer'],
  ['layer_norm_epsilon', 0, 'a positive number'],
  ['layer_norm_epsilon', '1e-5', 'a positive number'],
  ['scale_attn_weights', 'yes', 'true or false'],
  ['scale_attn_by_inverse_layer_idx', 0, 'true or false'],
  ['pad_token_id', -1, 'a token id'],
  ['eos_token_id', '511', 'a token id'],
  ['id2label', { 1: 'good' }, 'an object with a name for each of 0, 1, …'],
  ['id2label', { 0: 5 }, 'an object with a name for each of 0, 1, …'],
  ['id2label', 'good', 'an object with a name for each of 0, 1, …'],
  ['num_labels', 0, 'a positive integer', { id2label: null }],
];

const architectures: readonly [edit: object, got: string][] = [
  [{ architectures: ['GPT2Model'] }, '["GPT2Model"]'],
  [{ architectures: ['BertForMaskedLM'], model_type: 'bert' }, '["BertForMaskedLM"]'],
  [{ architectures: null, model_type: 'bloom' }, '"bloom"'],
  [{ architectures: null, model_type: null }, 'null'],
];

/** The line, with names that the program lists in the place of `(names)`. */
const withNames = (line: string, names: RegExp): RegExp => {
  const [before = '', after] = line.split('(names)').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${before}${after === undefined ? '' : names.source + after}$`);
};

const withConfig = (name: string, content: string): string =>
  model(name, (path) => writeFileSync(join(path, 'config.json'), content));

wrongUses('configs that cannot be loaded', [
  ...refusedFields.map(([field, value, expected, other], i): WrongUse => {
    const path = model(`config-${i}`, (path) => editConfig(path, { [field]: value, ...other }));
    const line =
      `${path}/config.json: expected ${field} to be ${expected}, got ${JSON.stringify(value)}; ` +
      'this checkpoint cannot be scored as it is';
    return { args: ['-m', path], code: UNLOADABLE, stderr: withNames(line, /\w+(?:, \w+)*/) };
  }),
  ...architectures.map(([edit, got], i) => {
    const path = model(`architecture-${i}`, (path) => editConfig(path, edit));
    const line = `${path}/config.json: expected an architecture that is built here, got ${got} (built: (names))`;
    return {
      args: ['-m', path],
      code: UNLOADABLE,
      stderr: withNames(line, /(\w+, )*GPT2ForSequenceClassification(, \w+)*/),
    };
  }),
  ...[withConfig('broken-config', '{"model_type":\n"gpt2"'), withConfig('empty-config', '')].map((path) => ({
    args: ['-m', path],
    code: UNLOADABLE,
    stderr: /\/config\.json: expected JSON \(.+\)$/,
  })),
  { args: ['-m', withConfig('array-config', '[]')], code: UNLOADABLE, stderr: /config\.json: expected a JSON object$/ },
]);

interface Tensor {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** The small model with other entries in the header of its weights; each tensor keeps its own bytes unless it has new ones. */
const withTensors = (name: string, edit: (tensors: Record<string, Tensor>) => void): string =>
  model(name, (path) => {
    const weights = join(path, 'model.safetensors');
    const bytes = readFileSync(weights);
    const length = Number(bytes.readBigUInt64LE());
    const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<string, Tensor>;
    edit(header);
    writeFileSync(weights, safetensors(JSON.stringify(header), bytes.subarray(8 + length)));
  });

function safetensors(header: string, data: Uint8Array, claimed = header.length): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(claimed));
  return Buffer.concat([length, Buffer.from(header), data]);
}

const withWeights = (name: string, content: (bytes: Buffer) => Uint8Array): string =>
  model(name, (path) => {
    const weights = join(path, 'model.safetensors');
    writeFileSync(weights, content(readFileSync(weights)));
  });

const brokenFile = (path: string, what: string): WrongUse => ({
  args: ['-q', '-j', '1', '-m', path],
  code: UNLOADABLE,
  stderr: `${path}/model.safetensors: not a whole safetensors file: ${what}; download it again`,
});

const wholeBytes = readFileSync(join(fixture, 'model.safetensors')).length;
const wholeHeader = Number(readFileSync(join(fixture, 'model.safetensors')).readBigUInt64LE());

const wrongTensors = (path: string, problems: string): WrongUse => ({
  args: ['-q', '-j', '1', '-m', path],
  code: UNLOADABLE,
  stderr: `${path}/model.safetensors: expected the tensors of a GPT2ForSequenceClassification; ${problems}`,
});

const rename = (tensors: Record<string, Tensor>, from: string, to: string): void => {
  tensors[to] = tensors[from] as Tensor;
  delete tensors[from];
};

const doublePrecision = withTensors('f64', (tensors) => {
  tensors['score.weight'] = { dtype: 'F64', shape: [1, 32], data_offsets: [0, 8 * 32] };
});

const shortVocabulary = model('short-vocabulary', (path) => {
  const tokenizer = JSON.parse(readFileSync(join(path, 'tokenizer.json'), 'utf8')) as {
    model: { vocab: Record<string, number> };
  };
  tokenizer.model.vocab.zzzz = 512;
  writeFileSync(join(path, 'tokenizer.json'), JSON.stringify(tokenizer));
});
const brokenTokenizer = model('broken-tokenizer', (path) => writeFileSync(join(path, 'tokenizer.json'), '{"model":'));
const arrayTokenizer = model('array-tokenizer', (path) => writeFileSync(join(path, 'tokenizer.json'), '[]'));
const emptyTokenizer = model('empty-tokenizer', (path) => writeFileSync(join(path, 'tokenizer.json'), '{}'));

/** The first eight tensors of a block, as a list of them shows. */
const blockTensors = [
  ...['ln_1.weight [32]', 'ln_1.bias [32]', 'attn.c_attn.weight [32, 96]', 'attn.c_attn.bias [96]'],
  ...['attn.c_proj.weight [32, 32]', 'attn.c_proj.bias [32]', 'ln_2.weight [32]', 'ln_2.bias [32]'],
];

wrongUses('weights and tokenizers that cannot be loaded', [
  brokenFile(
    withWeights('tiny-file', () => Buffer.from('abc')),
    'expected at least 8 bytes, got 3',
  ),
  brokenFile(
    withWeights('long-header', () => safetensors('{}', Buffer.alloc(0), 1_000_000)),
    'its header claims 1000000 bytes, the file has 10',
  ),
  brokenFile(
    withWeights('endless-header', () => Buffer.alloc(64, 0xff)),
    'its header claims 18446744073709552000 bytes, the file has 64',
  ),
  {
    args: ['-q', '-j', '1', '-m', withWeights('no-json', () => safetensors('not JSON', Buffer.alloc(0)))],
    code: UNLOADABLE,
    stderr: /model\.safetensors: not a whole safetensors file: its header is not JSON \(.+\); download it again$/,
  },
  brokenFile(
    withWeights('array-header', () => safetensors('[]', Buffer.alloc(0))),
    'its header is not an object',
  ),
  brokenFile(
    withWeights('bad-entry', () => safetensors('{"score.weight":{"dtype":"F32"}}', Buffer.alloc(0))),
    'its header has a malformed entry for score.weight',
  ),
  {
    args: ['-q', '-j', '1', '-m', withWeights('truncated', (bytes) => bytes.subarray(0, -10))],
    code: UNLOADABLE,
    stderr: new RegExp(
      `/model\\.safetensors: not a whole safetensors file: \\S+ ends at byte ${wholeBytes}, ` +
        `the file has ${wholeBytes - 10}; download it again$`,
    ),
  },
  {
    args: ['-q', '-j', '1', '-m', withWeights('truncated-header', (bytes) => bytes.subarray(0, 500))],
    code: UNLOADABLE,
    stderr: new RegExp(`: its header claims ${wholeHeader} bytes, the file has 500; download it again$`),
  },
  wrongTensors(
    withTensors('missing', (tensors) => {
      delete tensors['score.weight'];
      delete tensors['transformer.h.1.mlp.c_fc.bias'];
    }),
    'missing: transformer.h.1.mlp.c_fc.bias [128], score.weight [1, 32]',
  ),
  wrongTensors(
    withTensors('extra', (tensors) => {
      tensors['lm_head.weight'] = tensors['score.weight'] as Tensor;
      tensors['transformer.h.0.attn.bias'] = tensors['score.weight'] as Tensor; // a buffer of old versions
    }),
    'unexpected: lm_head.weight [1, 32]',
  ),
  wrongTensors(
    withTensors('renamed', (tensors) => rename(tensors, 'score.weight', 'classifier.weight')),
    'missing: score.weight [1, 32]; unexpected: classifier.weight [1, 32]; without its head there is no reward, and a random one is never used: name a checkpoint that was saved with it',
  ),
  wrongTensors(
    withTensors('misshapen', (tensors) => {
      (tensors['score.weight'] as Tensor).shape = [32, 1];
      (tensors['transformer.ln_f.bias'] as Tensor).shape = [4, 8];
    }),
    'of another shape: transformer.ln_f.bias [4, 8] where config.json means [32], ' +
      'score.weight [32, 1] where config.json means [1, 32]',
  ),
  wrongTensors(
    model('other-sizes', (path) => editConfig(path, { n_positions: 128, n_layer: 1 })),
    `unexpected: ${blockTensors.map((name) => `transformer.h.1.${name}`).join(', ')}, …; ` +
      'of another shape: transformer.wpe.weight [256, 32] where config.json means [128, 32]',
  ),
  {
    args: ['-q', '-j', '1', '-m', doublePrecision],
    code: UNLOADABLE,
    stderr: `${doublePrecision}/model.safetensors: expected tensor score.weight in F32, F16 or BF16, got F64`,
  },
  {
    args: ['-q', '-j', '1', '-m', shortVocabulary],
    code: UNLOADABLE,
    stderr:
      `${shortVocabulary}: expected a tokenizer for the model's 512 tokens, ` +
      'got one with ids up to 512; name the right one with --tokenizer',
  },
  {
    args: ['-q', '-j', '1', '-m', brokenTokenizer],
    code: UNLOADABLE,
    stderr: /broken-tokenizer\/tokenizer\.json: expected JSON \(.+\)$/,
  },
  {
    args: ['-q', '-j', '1', '-m', arrayTokenizer],
    code: UNLOADABLE,
    stderr: `${arrayTokenizer}/tokenizer.json: expected a JSON object, got an array`,
  },
  {
    args: ['-q', '-j', '1', '-m', emptyTokenizer],
    code: UNLOADABLE,
    stderr: `${emptyTokenizer}/tokenizer.json: expected model to be an object, got nothing; download or save the tokenizer again`,
  },
]);
