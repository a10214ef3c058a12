import { concatBytes } from '../platform/bytes.js';
import type { RowKind } from '../rows/kinds/kinds.js';
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
  const forms = { ...a.forms };
  for (const [form, count] of Object.entries(b.forms) as [RowKind, number][]) forms[form] = (forms[form] ?? 0) + count;
  return {
    rows: a.rows + b.rows,
    forms,
    failed: [...a.failed, ...b.failed.map((failed) => ({ ...failed, row: a.rows + failed.row }))],
    rewards: Float32Array.from([...a.rewards, ...b.rewards]),
    truncatedRows: a.truncatedRows + b.truncatedRows,
    truncatedTokens: a.truncatedTokens + b.truncatedTokens,
    tokens: a.tokens + b.tokens,
    computedTokens: a.computedTokens + b.computedTokens,
    boundarySpaces: [...a.boundarySpaces, ...b.boundarySpaces].slice(0, BOUNDARIES_TO_CHECK),
  };
}
