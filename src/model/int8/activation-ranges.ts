/** Runs a network on the built-in texts, for the ranges of its activations and its rewards. */
import type { RewardNetwork } from '../architectures/network.js';
import { cpu } from '../backend/cpu.js';
import type { RewardSession } from '../backend/session.js';
import { chooseLayout } from '../layout/choose-layout.js';
import { readTokenizerFiles } from '../tokenizer/files.js';
import { Tokenizer } from '../tokenizer/tokenizer.js';
import { builtInTexts } from './texts.js';

export interface ActivationRanges {
  /** [rows, labels] */
  readonly logits: Float32Array;
  /** The outputs of each pack after the logits. */
  readonly packs: readonly (readonly Float32Array[])[];
}

/** The built-in texts in a model's tokens, cut to its number of positions; ids that it does not know are left out. */
export function builtInRows(tokenizerDirectory: string, network: RewardNetwork): number[][] {
  const tokenizer = new Tokenizer(readTokenizerFiles(tokenizerDirectory));
  return builtInTexts.map((text) => {
    const ids = tokenizer.encode(text).filter((id) => id < network.vocabularySize);
    return ids.length === 0 ? [0] : ids.slice(-network.maxPositions);
  });
}

export async function measureRanges(
  session: RewardSession,
  rows: readonly number[][],
  network: RewardNetwork,
  heartbeat: () => void,
): Promise<ActivationRanges> {
  const { labels } = network;
  const logits = new Float32Array(rows.length * labels.length);
  const packs: Float32Array[][] = [];
  const layout = chooseLayout(network, undefined, cpu, true);
  for (const pack of layout.lay(rows)) {
    const [packLogits, ...watched] = (await session.runAll(pack.feeds())) as [Float32Array, ...Float32Array[]];
    heartbeat();
    pack.rows.forEach((members, i) => {
      const own = packLogits.subarray(i * labels.length, (i + 1) * labels.length);
      for (const row of members) logits.set(own, row * labels.length);
    });
    packs.push(watched);
  }
  return { logits, packs };
}
