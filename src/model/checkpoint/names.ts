import { runError } from '../../errors.js';
import type { RewardNetwork } from '../architectures/network.js';
import type { TensorSource } from './tensor-source.js';

const normNames = { gamma: 'LayerNorm.weight', beta: 'LayerNorm.bias' } as const;
type NormName = keyof typeof normNames;

/**
 * Gives a checkpoint's tensors the network's names. A checkpoint that was saved from the bare model (GPT2Model) lacks
 * the first word (`transformer.`), and one that was converted from TensorFlow's calls the tensors of a norm gamma and
 * beta; transformers accepts both.
 *
 * Source: transformers 5.23.0, conversion_mapping.py (legacy)
 *
 * @param path named in errors
 * @throws FatalError `run` where a tensor has both names
 */
export function withNetworkNames(source: TensorSource, network: RewardNetwork, path: string): TensorSource {
  const wanted = new Set(network.tensors.map(({ name }) => name));
  const prefix = commonPrefix(network);
  const ownNames = new Map<string, string>();
  for (const name of source.names) {
    const usual = wanted.has(name)
      ? name
      : name.replace(/LayerNorm\.(gamma|beta)$/, (_, own) => normNames[own as NormName]);
    const full = !wanted.has(usual) && wanted.has(prefix + usual) ? prefix + usual : usual;
    const other = ownNames.get(full);
    if (other !== undefined) throw runError(`${path}: expected one tensor ${full}, got ${other} and ${name}`);
    ownNames.set(full, name);
  }
  return {
    names: [...ownNames.keys()],
    shapeOf: (name) => source.shapeOf(ownNames.get(name) ?? name),
    read: (name, start, count) => source.read(ownNames.get(name) ?? name, start, count),
    close: () => source.close(),
  };
}

/** The word, with its dot, that most of the network's names begin with: that of the model below the reward head. */
function commonPrefix(network: RewardNetwork): string {
  const counts = new Map<string, number>();
  for (const { name } of network.tensors) {
    const word = name.slice(0, name.indexOf('.') + 1);
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const [[prefix] = ['']] = [...counts].sort(([, a], [, b]) => b - a);
  return prefix;
}
