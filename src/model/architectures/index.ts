/** The families of networks that are built here. */
import type { Architecture } from './architecture.js';
import { bert } from './bert.js';
import { deberta } from './deberta.js';
import { distilbert } from './distilbert.js';
import { electra } from './electra.js';
import { gpt2 } from './gpt2.js';
import { llama } from './llama.js';
import { modernBert } from './modernbert.js';
import { roberta, xlmRoberta } from './roberta.js';

const architectures: readonly Architecture[] = [
  gpt2,
  llama,
  bert,
  roberta,
  xlmRoberta,
  distilbert,
  electra,
  modernBert,
  deberta,
];

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
