/**
 * Which head stands on a network, and where its weights are: in the checkpoint, beside it, in an adapter, or among the
 * rows of a language model's output.
 */
import { basename } from 'node:path';
import { runError, usageError } from '../../errors.js';
import { optionName } from '../../option-name.js';
import type { HeadLayers } from '../architectures/heads.js';
import { languageModelOf, type NamedNetwork } from '../architectures/index.js';
import type { RewardNetwork } from '../architectures/network.js';
import type { Adapter } from './adapter.js';
import { ASKED_HEADS, type AskedHead } from './asked-head.js';
import type { ConfigReader } from './config-reader.js';
import type { TensorSource } from './tensor-source.js';
import { findValueHead, type WeightFiles } from './weight-files.js';

export interface Head {
  /** As a summary names it. */
  readonly name: string;
  /** What it comes from: a network, a file or an option. */
  readonly source: string;
  readonly layers: HeadLayers;
  /** undefined: as config.json says. */
  readonly labels: number | undefined;
  /** Whether the text's last token is pooled, whatever the pad token is. */
  readonly atLast: boolean;
  /** Its own file of weights. */
  readonly weights?: WeightFiles;
  /**
   * The tensors with those of the head under the network's names. The result closes `source`.
   *
   * @throws FatalError where they are not there
   */
  readonly derive: (source: TensorSource, network: RewardNetwork) => TensorSource;
  /** What decides its weights beside the files, as plain data. */
  readonly recipe: readonly unknown[];
}

interface HeadFacts {
  readonly configFile: string;
  readonly config: ConfigReader;
  readonly found: NamedNetwork;
  /** Of the model, or of the adapter's base. */
  readonly weights: WeightFiles;
  readonly adapter: Adapter | undefined;
  /** Where a value head's file may be. */
  readonly directories: readonly string[];
  readonly asked: AskedHead | undefined;
}

const asItIs = (source: TensorSource): TensorSource => source;

/** @throws FatalError `usage` where a head is asked for that has no place, or none where one is needed */
export function chooseHead(facts: HeadFacts): Head {
  const { configFile, found, adapter, asked } = facts;
  const own = ownHead(facts);
  if (own !== undefined) {
    if (asked === undefined) return own;
    throw usageError(
      `${configFile}: expected no ${optionName('head')} for ${found.name}, which has a head of its own: ${own.name}`,
    );
  }
  if (asked !== undefined) return tokenHead(facts, asked);
  const lack = adapter === undefined ? '' : `, and ${adapter.weights.path} brings none`;
  throw usageError(
    `${configFile}: ${found.name} is a language model without a reward head${lack}: ask for tokens' logits with ` +
      `${optionName('head')} ${ASKED_HEADS}, or name a checkpoint that was trained as a reward model`,
  );
}

/** The head that comes with the model. */
function ownHead(facts: HeadFacts): Head | undefined {
  const { found, adapter } = facts;
  const { labels } = found;
  const plain = { source: found.name, labels, atLast: false, derive: asItIs, recipe: [] };
  if (found.head === 'two layers') return { ...plain, name: 'two-layer head', layers: 'two layers' };
  const ofAdapter = adapter?.head.get('score.weight')?.[0];
  if (adapter !== undefined && ofAdapter !== undefined) {
    const { output } = languageModelOf(found.architecture);
    const derive = found.head === 'language model' ? hiding(output) : asItIs;
    const source = basename(adapter.weights.path);
    return { ...plain, name: 'classification head', source, layers: 'matrix', labels: ofAdapter, derive };
  }
  if (found.head === 'classification') return { ...plain, name: 'classification head', layers: 'matrix' };
  return valueHead(facts);
}

const VALUE = 'v_head.summary';

/** As TRL and LLaMA-Factory save it: in the checkpoint, or in a file beside it. */
function valueHead({ found, weights, directories }: HeadFacts): Head | undefined {
  const beside = directories.map(findValueHead).find((file) => file !== undefined);
  if (beside === undefined && !namesIn(weights).includes(`${VALUE}.weight`)) return undefined;
  const { output } = languageModelOf(found.architecture);
  return {
    name: 'value head',
    source: basename((beside ?? weights).path),
    layers: 'linear',
    labels: 1,
    atLast: true,
    recipe: [],
    ...(beside && { weights: beside }),
    derive(source) {
      const whole = beside === undefined ? source : joined(source, beside);
      return hiding(output)(renamed(whole, { [`${VALUE}.weight`]: 'score.weight', [`${VALUE}.bias`]: 'score.bias' }));
    },
  };
}

/** Logits of a language model: each is the product of the state and a row of its output layer. */
function tokenHead({ configFile, config, found }: HeadFacts, { text, tokens }: AskedHead): Head {
  const { output, tied } = languageModelOf(found.architecture);
  const isTied = config.boolean('tie_word_embeddings', tied);
  return {
    name: text,
    source: optionName('head'),
    layers: 'matrix',
    labels: 1,
    atLast: true,
    recipe: [text, tokens],
    derive(source, network) {
      // Where a checkpoint has both, and they differ, transformers does not tie them either.
      const own = `${output}.weight`;
      const rows = source.shapeOf(own) === undefined && isTied ? tokenEmbeddings(network) : own;
      const { vocabularySize, hiddenSize } = network;
      const shape = source.shapeOf(rows);
      if (shape === undefined || shape.join() !== [vocabularySize, hiddenSize].join()) {
        throw runError(
          `${configFile}: expected ${rows} [${vocabularySize}, ${hiddenSize}] for ${optionName('head')}, ` +
            `got ${shape === undefined ? 'none' : `[${shape.join(', ')}]`}; a random one is never used`,
        );
      }
      const [plus, minus] = tokens.map((id) => source.read(rows, rowOf(id, vocabularySize) * hiddenSize, hiddenSize));
      const weight = (plus as Float32Array).map((value, i) => value - (minus?.[i] ?? 0));
      return hiding(output)(withTensor(source, 'score.weight', [1, hiddenSize], weight));
    },
  };
}

function rowOf(token: string | number, vocabularySize: number): number {
  if (typeof token !== 'number') throw new Error(`a head of the word ${token}, whose token is not known`);
  if (token >= vocabularySize) {
    throw usageError(
      `expected ${optionName('head')} to name tokens below ${vocabularySize}, the size of the vocabulary, got ${token}`,
    );
  }
  return token;
}

function tokenEmbeddings({ graph }: RewardNetwork): string {
  const gather = graph.nodes.find(({ operator, inputs }) => operator === 'Gather' && inputs[1] === 'input_ids');
  if (gather === undefined) throw new Error('a network without token embeddings');
  return gather.inputs[0] as string;
}

function namesIn({ open }: WeightFiles): readonly string[] {
  const source = open();
  try {
    return source.names;
  } finally {
    source.close();
  }
}

/** Leaves out the output layer of a language model, which no reward depends on any more. */
const hiding =
  (layer: string) =>
  (source: TensorSource): TensorSource => ({
    names: source.names.filter((name) => name !== `${layer}.weight`),
    shapeOf: (name) => source.shapeOf(name),
    read: (name, start, count) => source.read(name, start, count),
    close: () => source.close(),
  });

function renamed(source: TensorSource, newNames: Readonly<Record<string, string>>): TensorSource {
  const oldNames = new Map(Object.entries(newNames).map(([old, name]) => [name, old]));
  const ownName = (name: string): string => oldNames.get(name) ?? name;
  return {
    names: source.names.map((name) => newNames[name] ?? name),
    shapeOf: (name) => source.shapeOf(ownName(name)),
    read: (name, start, count) => source.read(ownName(name), start, count),
    close: () => source.close(),
  };
}

/** Those of a second file too, which has none of the first's names. */
function joined(source: TensorSource, { path, open }: WeightFiles): TensorSource {
  const other = open();
  const names = new Set(other.names);
  const twice = source.names.find((name) => names.has(name));
  if (twice !== undefined) {
    other.close();
    throw runError(`${path}: expected one tensor ${twice}, got another in the model's own weights; move one elsewhere`);
  }
  const sourceOf = (name: string): TensorSource => (names.has(name) ? other : source);
  return {
    names: [...source.names, ...names],
    shapeOf: (name) => sourceOf(name).shapeOf(name),
    read: (name, start, count) => sourceOf(name).read(name, start, count),
    close() {
      other.close();
      source.close();
    },
  };
}

function withTensor(
  source: TensorSource,
  added: string,
  shape: readonly number[],
  values: Float32Array<ArrayBuffer>,
): TensorSource {
  return {
    names: [...source.names, added],
    shapeOf: (name) => (name === added ? shape : source.shapeOf(name)),
    read: (name, start, count) =>
      name === added ? values.slice(start, start + count) : source.read(name, start, count),
    close: () => source.close(),
  };
}
