/** Rewards in a line: a histogram between two quantiles, and the others after it. */
import { short } from './numbers.js';

export interface ShownRewards {
  readonly mean: number | null;
  readonly quantiles: Readonly<Record<'p01' | 'p05' | 'p25' | 'p50' | 'p75' | 'p95' | 'p99', number | null>>;
}

/** Parts of the histogram. */
const BARS = '▁▂▃▄▅▆▇█';

/** How many bars a histogram on a line has. */
export const HISTOGRAM_BARS = 12;

/** Bars as high as the counts; one that is not empty is never the lowest. */
function bars(counts: readonly number[]): string {
  const most = Math.max(...counts);
  return counts
    .map((count) => BARS[count === 0 ? 0 : Math.max(1, Math.ceil((count / most) * (BARS.length - 1)))])
    .join('');
}

/**
 * `-3.10 ▁▂▄▇█▅▂▁ 3.02, median 0.976, …`, or without a histogram `p01 -3.10, p99 3.02, median …`: as much as there is
 * room for.
 *
 * @param histogram between the quantiles p01 and p99; undefined where it is not known
 * @param width characters of the line
 */
export function rewardsInLine(
  { mean, quantiles }: ShownRewards,
  histogram: readonly number[] | undefined,
  width: number,
): string | undefined {
  const { p01, p05, p25, p50, p75, p95, p99 } = quantiles;
  if (p01 === null || p99 === null || p50 === null) return undefined;
  const range =
    p01 === p99
      ? short(p50)
      : histogram === undefined
        ? `p01 ${short(p01)}, p99 ${short(p99)}`
        : `${short(p01)} ${bars(histogram)} ${short(p99)}`;
  const others = [
    ['median', p50],
    ['mean', mean],
    ['p25', p25],
    ['p75', p75],
    ['p05', p05],
    ['p95', p95],
  ] as const;
  let line = range;
  for (const [name, value] of others) {
    const next = `${line}, ${name} ${short(value as number)}`;
    if (next.length > width) break;
    line = next;
  }
  return line;
}
