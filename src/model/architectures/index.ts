/** The families of networks that are built here. */
import type { Architecture } from './architecture.js';
import { bert } from './bert.js';
import { deberta } from './deberta.js';
import { distilbert } from './distilbert.js';
import { electra } from './electra.js';
import { gptNeoX } from './gpt-neox.js';
import { gpt2 } from './gpt2.js';
import { type LanguageModel, twoLayerNetworks } from './heads.js';
import { llama } from './llama.js';
import { mistral } from './mistral.js';
import { modernBert } from './modernbert.js';
import { qwen2 } from './qwen2.js';
import { qwen3 } from './qwen3.js';
import { roberta, xlmRoberta } from './roberta.js';

const decoders: readonly Architecture[] = [gpt2, llama, qwen2, qwen3, mistral, gptNeoX];
const encoders: readonly Architecture[] = [bert, roberta, xlmRoberta, distilbert, electra, modernBert, deberta];

const architectures: readonly Architecture[] = [...decoders, ...encoders];

export const architectureNames: readonly string[] = architectures.flatMap(({ names }) => names);

/** A network that config.json names: its family, and what stands on its states. */
export interface NamedNetwork {
  readonly architecture: Architecture;
  /** As config.json's `architectures` has it, or else as the family's is. */
  readonly name: string;
  readonly head: 'classification' | 'two layers' | 'language model';
  /** The number of labels that the network has whatever config.json says; undefined where config.json says it. */
  readonly labels: number | undefined;
}

/**
 * @param named `architectures` of a config.json, of which the first counts
 * @param modelType its `model_type`, which decides where `architectures` names none
 */
export function findNetwork(named: unknown, modelType: unknown): NamedNetwork | undefined {
  const name: unknown = Array.isArray(named) ? named[0] : undefined;
  for (const architecture of architectures) {
    const [usual] = architecture.names;
    const found = (head: NamedNetwork['head'], labels?: number): NamedNetwork => ({
      architecture,
      name: typeof name === 'string' ? name : usual,
      head,
      labels,
    });
    if (name === undefined ? architecture.modelType === modelType : architecture.names.includes(name as string)) {
      return found('classification');
    }
    const isCausal = architecture.attention === 'causal';
    if (isCausal && name === languageModelOf(architecture).name) return found('language model');
    const two = twoLayerNetworks.find((network) => network.name === name);
    if (two !== undefined && two.modelType === architecture.modelType) return found('two layers', two.labels);
  }
  return undefined;
}

/** A family's language model; most are named and stored alike. */
export function languageModelOf({ names: [name], languageModel }: Architecture): LanguageModel {
  return {
    name: name.replace('ForSequenceClassification', 'ForCausalLM'),
    output: 'lm_head',
    tied: false,
    ...languageModel,
  };
}
