import type { TokenScorer } from '../model/token-scorer.js';

const MEASURED_MS = 500;
const ROWS = 8;
const ROW_TOKENS = 128;

/** Measures the tokens a second of the network on the calling thread, with rows that share nothing. */
export async function measureSpeed(scorer: TokenScorer, maxLength: number, vocabularySize: number): Promise<number> {
  const length = Math.min(ROW_TOKENS, maxLength);
  const rows = Array.from({ length: ROWS }, (_, row) =>
    Array.from({ length }, (_, i) => (row * 7919 + i * 104_729 + 1) % vocabularySize),
  );
  await scorer.score(rows, () => undefined); // The first run allocates memory.
  const started = performance.now();
  let tokens = 0;
  while (performance.now() - started < MEASURED_MS)
    tokens += (await scorer.score(rows, () => undefined)).computedTokens;
  return (1000 * tokens) / (performance.now() - started);
}
