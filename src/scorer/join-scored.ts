import { concatBytes } from '../platform/bytes.js';
import { BOUNDARIES_TO_CHECK } from '../rows/kinds/texts.js';
import type { ScoredWindow, WindowStats } from './protocol.js';

/** Joins two consecutive parts of a window. */
export const joinScored = (a: ScoredWindow, b: ScoredWindow): ScoredWindow => ({
  output: concatBytes([a.output, b.output]),
  stats: joinStats(a.stats, b.stats),
  ...(a.outcomes && b.outcomes && { outcomes: [...a.outcomes, ...b.outcomes] }),
  ...((a.explanation ?? b.explanation) && { explanation: a.explanation ?? b.explanation }),
  ...(a.evaluated && b.evaluated && { evaluated: [...a.evaluated, ...b.evaluated] }),
});

function joinStats(a: WindowStats, b: WindowStats): WindowStats {
  return {
    rows: a.rows + b.rows,
    forms: joinCounts(a.forms, b.forms),
    notices: joinCounts(a.notices, b.notices),
    hints: joinCounts(a.hints, b.hints),
    failed: [...a.failed, ...b.failed.map((failed) => ({ ...failed, row: a.rows + failed.row }))],
    rewardsWritten: a.rewardsWritten + b.rewardsWritten,
    rewards: Float32Array.from([...a.rewards, ...b.rewards]),
    truncatedRows: a.truncatedRows + b.truncatedRows,
    truncatedTokens: a.truncatedTokens + b.truncatedTokens,
    tokens: a.tokens + b.tokens,
    computedTokens: a.computedTokens + b.computedTokens,
    ...(a.kept !== undefined && b.kept !== undefined && { kept: a.kept + b.kept }),
    ...((a.work ?? b.work) !== undefined && { work: (a.work ?? 0) + (b.work ?? 0) }),
    boundarySpaces: [...a.boundarySpaces, ...b.boundarySpaces].slice(0, BOUNDARIES_TO_CHECK),
  };
}

type Counts<K extends string> = Readonly<Partial<Record<K, number>>>;

function joinCounts<K extends string>(a: Counts<K>, b: Counts<K>): Counts<K> {
  const sums: Partial<Record<K, number>> = { ...a };
  for (const [key, count] of Object.entries(b) as [K, number][]) sums[key] = (sums[key] ?? 0) + count;
  return sums;
}
