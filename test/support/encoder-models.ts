/** Synthetic encoders, byte for byte those of ../oracle/make_encoders.py, and their scorers. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findNetwork } from '../../dist/model/architectures/index.js';
import { LayerBuilder } from '../../dist/model/architectures/layers.js';
import type { RewardNetwork } from '../../dist/model/architectures/network.js';
import { cpu } from '../../dist/model/backend/cpu.js';
import { RewardSession } from '../../dist/model/backend/session.js';
import { readCheckpoint } from '../../dist/model/checkpoint/checkpoint.js';
import { ConfigReader } from '../../dist/model/checkpoint/config-reader.js';
import { chooseLayout, layoutFactsOf } from '../../dist/model/layout/choose-layout.js';
import { preparationFor } from '../../dist/model/precision.js';
import { prepareModel } from '../../dist/model/prepared/prepare.js';
import { TokenScorer } from '../../dist/model/token-scorer.js';
import { root } from './run.js';
import { type ScaleRule, safetensorsBytes } from './synthetic-model.js';

type Config = Readonly<Record<string, unknown>>;

export interface EncoderDescription {
  readonly name: string;
  readonly family: string;
  readonly seed: number;
  readonly config: Config;
}

interface EncoderModels {
  readonly scales: readonly ScaleRule[];
  /** The config of each family, which its models differ from. */
  readonly families: Readonly<Record<string, Config>>;
  readonly models: readonly EncoderDescription[];
}

const described = JSON.parse(readFileSync(join(root, 'test/oracle/encoder_models.json'), 'utf8')) as EncoderModels;

/** The encoders of encoder_models.json, with their whole configs. */
export const encoders: readonly EncoderDescription[] = described.models.map((model) => ({
  ...model,
  config: { ...described.families[model.family], ...model.config },
}));

export function encoderNamed(name: string): EncoderDescription {
  const found = encoders.find((encoder) => encoder.name === name);
  if (found === undefined) throw new Error(`no encoder ${name}`);
  return found;
}

function networkOf(config: Config): RewardNetwork {
  const found = findNetwork(config.architectures, config.model_type);
  if (found === undefined) throw new Error(`no architecture for ${JSON.stringify(config)}`);
  return found.architecture.build(new ConfigReader(config, { path: 'config.json' }), new LayerBuilder());
}

/**
 * Writes config.json and model.safetensors: the tensors that our network asks for, by name. The reference has those of
 * transformers' network.
 */
export function makeEncoder(
  directory: string,
  { config, seed, nan }: EncoderDescription & { readonly nan?: { readonly tensor: string; readonly index: number } },
): { readonly sha256: string } {
  const tensors = [...networkOf(config).tensors].sort((a, b) => (a.name < b.name ? -1 : 1));
  const content = safetensorsBytes({ seed, dtype: 'F32', ...(nan && { nan }) }, described.scales, tensors);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'model.safetensors'), content);
  writeFileSync(join(directory, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
  return { sha256: createHash('sha256').update(content).digest('hex') };
}

/** Has a checkpoint score rows of token ids. */
/** All rows that there is room for in one batch, however much fills them up. */
const inOneBatch = { ...cpu, cost: () => ({ fixed: 1e9, attention: 0 }) };

/** @param filled whether rows are filled up to the longest, as many as have room. Default: as the program chooses. */
export async function withScorer(
  directory: string,
  use: (scorer: TokenScorer) => Promise<void>,
  { filled = false }: { readonly filled?: boolean } = {},
): Promise<void> {
  const nothing = (): void => undefined;
  const checkpoint = readCheckpoint(directory);
  const options = { useCache: false, notify: nothing, heartbeat: nothing };
  const prepared = await prepareModel(checkpoint, preparationFor('fp32', directory), options);
  try {
    const { network } = checkpoint;
    const labels = network.labels.length;
    const session = await RewardSession.open(prepared.directory);
    const layout = chooseLayout(layoutFactsOf(network), undefined, filled ? inOneBatch : cpu);
    const scorer = new TokenScorer(session, layout, labels);
    try {
      await use(scorer);
    } finally {
      await scorer.release();
    }
  } finally {
    rmSync(prepared.directory, { recursive: true });
  }
}
