import type { TokenScorer } from '../model/token-scorer.js';

const MEASURED_MS = 500;
const ROW_TOKENS = 128;

/**
 * Measures the work a second of the network on the calling thread (TokenScorer.countWork), a row at a time, as a large
 * network takes seconds for one.
 */
export async function measureSpeed(scorer: TokenScorer, maxLength: number, vocabularySize: number): Promise<number> {
  const length = Math.min(ROW_TOKENS, maxLength);
  const rows = [Array.from({ length }, (_, i) => (i * 104_729 + 1) % vocabularySize)];
  await scorer.score(rows, () => undefined); // The first run allocates memory.
  const started = performance.now();
  let runs = 0;
  do {
    await scorer.score(rows, () => undefined);
    runs++;
  } while (performance.now() - started < MEASURED_MS);
  return (1000 * runs * scorer.countWork(rows)) / (performance.now() - started);
}
