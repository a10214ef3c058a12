/** The families of networks that are built here. */
import type { Architecture } from './architecture.js';
import { bert } from './bert.js';
import { deberta } from './deberta.js';
import { distilbert } from './distilbert.js';
import { electra } from './electra.js';
import { gptNeoX } from './gpt-neox.js';
import { gpt2 } from './gpt2.js';
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

/**
 * @param named `architectures` of a config.json, of which the first counts
 * @param modelType its `model_type`, which decides where `architectures` names none
 */
export function findArchitecture(named: unknown, modelType: unknown): Architecture | undefined {
  const name: unknown = Array.isArray(named) ? named[0] : undefined;
  return architectures.find((architecture) =>
    name === undefined ? architecture.modelType === modelType : architecture.names.includes(name as string),
  );
}
