/** Tests whether an exported classifier gives the same rewards to rows in padded batches. */
import { FatalError } from '../../errors.js';
import type { NetworkFacts } from '../architectures/network.js';
import type { Batch } from '../layout/padded.js';

/**
 * Far above the rounding of sums in another order, far below the error of a reward that is read at a padded position.
 */
const TOLERANCE = 1e-3;

const LENGTHS = [3, 6, 11];
const WIDTH = 16;

/**
 * Scores rows alone, then padded and together. A graph may read its logits at the last position, pad or not, may have
 * been traced for one row, or may let rows affect each other in ways that no list of operators foresees.
 */
export async function toleratesPadding(
  run: (batch: Batch) => Promise<Float32Array>,
  network: NetworkFacts,
): Promise<boolean> {
  const width = Math.min(WIDTH, network.maxPositions);
  const rows = LENGTHS.map((length) =>
    Array.from({ length: Math.min(length, width) }, (_, i) => someToken(length * WIDTH + i, network)),
  );
  const alone: number[] = [];
  for (const row of rows) alone.push(...(await run({ tokens: [row], width: row.length })));
  let together: Float32Array;
  try {
    together = await run({ tokens: rows, width });
  } catch (error) {
    if (error instanceof FatalError) return false; // It runs, though not on a batch.
    throw error;
  }
  const size = Math.max(...alone.filter(Number.isFinite).map(Math.abs));
  return alone.every((logit, i) => {
    const other = together[i] as number;
    return Number.isFinite(logit) ? Math.abs(other - logit) <= TOLERANCE * size : !Number.isFinite(other);
  });
}

/** Any token but the pad token; consecutive seeds give different ones. */
function someToken(seed: number, { vocabularySize, padTokenId }: NetworkFacts): number {
  const token = (seed * 7919) % vocabularySize;
  return token === padTokenId ? (token + 1) % vocabularySize : token;
}
