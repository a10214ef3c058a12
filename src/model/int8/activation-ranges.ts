/** Runs a network on the built-in texts: what its activations are like, and what rewards it gives. */
import type { RewardNetwork } from '../architectures/network.js';
import type { RewardSession } from '../backend/session.js';
import { buildPacks, costModelFor } from '../layout/trie.js';
import { readTokenizerFiles } from '../tokenizer/files.js';
import { Tokenizer } from '../tokenizer/tokenizer.js';
import { calibrationTexts } from './texts.js';

export interface Calibration {
  /** [rows, labels] */
  readonly logits: Float32Array;
  /** Of each pack, what the graph gives after the logits. */
  readonly packs: readonly (readonly Float32Array[])[];
}

/** The built-in texts in a model's tokens, cut to what it has room for; ids that it does not know are left out. */
export function calibrationRows(tokenizerDirectory: string, network: RewardNetwork): number[][] {
  const tokenizer = new Tokenizer(readTokenizerFiles(tokenizerDirectory));
  return calibrationTexts.map((text) => {
    const ids = tokenizer.encode(text).filter((id) => id < network.vocabularySize);
    return ids.length === 0 ? [0] : ids.slice(-network.maxPositions);
  });
}

export async function runCalibration(
  session: RewardSession,
  rows: readonly number[][],
  { labels, hiddenSize }: RewardNetwork,
  heartbeat: () => void,
): Promise<Calibration> {
  const logits = new Float32Array(rows.length * labels.length);
  const packs: Float32Array[][] = [];
  for (const pack of buildPacks(rows, costModelFor(hiddenSize))) {
    const [packed, ...watched] = (await session.runAll(pack)) as [Float32Array, ...Float32Array[]];
    heartbeat();
    pack.rows.forEach((members, i) => {
      const own = packed.subarray(i * labels.length, (i + 1) * labels.length);
      for (const row of members) logits.set(own, row * labels.length);
    });
    packs.push(watched);
  }
  return { logits, packs };
}
