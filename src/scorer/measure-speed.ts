import type { TokenScorer } from '../model/token-scorer.js';

const MEASURED_MS = 500;
const ROW_TOKENS = 128;

/**
 * Measures the tokens a second of the network on the calling thread, a row at a time, as a large network takes seconds
 * for one.
 */
export async function measureSpeed(scorer: TokenScorer, maxLength: number, vocabularySize: number): Promise<number> {
  const length = Math.min(ROW_TOKENS, maxLength);
  const row = Array.from({ length }, (_, i) => (i * 104_729 + 1) % vocabularySize);
  await scorer.score([row], () => undefined); // The first run allocates memory.
  const started = performance.now();
  let tokens = 0;
  do tokens += (await scorer.score([row], () => undefined)).computedTokens;
  while (performance.now() - started < MEASURED_MS);
  return (1000 * tokens) / (performance.now() - started);
}
