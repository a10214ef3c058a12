import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { type Counts, isDefined, type Metric, type NotDefined, type Statistic } from './metric.js';
import { withoutResidue } from './residue.js';

export interface BootstrapOptions {
  /** 2,000 by default: 50 resampled values then lie beyond each end of an interval. */
  readonly resamples?: number;
  /** A whole number; 0 by default. The same seed draws the same resamples. */
  readonly seed?: number;
}

/** A statistic's value in the sample and in each resample. */
interface Replicate {
  readonly value: number;
  /** [resamples]; NaN where a resample has nothing to compute it from. */
  readonly resampled: Float64Array;
  /** [resamples], if the statistic has it. */
  readonly noise?: Float64Array | undefined;
  readonly n: number;
  readonly clusters: number;
}

/** From a statistic to its values. */
export type Replicates = ReadonlyMap<Statistic, Replicate>;

/**
 * Draws as many clusters as there are, with replacement, again and again, and computes every statistic of each draw.
 * All see the same draws, so the difference of two is paired.
 *
 * Source: Efron, Bootstrap Methods: Another Look at the Jackknife, Annals of Statistics 1979; clusters drawn whole:
 * Davison and Hinkley, Bootstrap Methods and their Application, 1997, section 3.8
 *
 * @param clusters how many there are
 */
export function bootstrap(
  statistics: Iterable<Statistic | NotDefined>,
  clusters: number,
  { resamples = 2000, seed = 0 }: BootstrapOptions = {},
): Replicates {
  const counts: Counts = new Uint32Array(clusters).fill(1);
  const replicates = new Map<Statistic, Replicate>();
  for (const statistic of statistics) {
    if (!isDefined(statistic)) continue;
    const { n, clusters } = statistic;
    const resampled = new Float64Array(resamples);
    const noise = statistic.noise && new Float64Array(resamples);
    replicates.set(statistic, { value: statistic.at(counts), resampled, noise, n, clusters });
  }
  const random = xoroshiro128plus(seed);
  for (let resample = 0; resample < resamples; resample++) {
    counts.fill(0);
    for (let draw = 0; draw < clusters; draw++) {
      // The chances of two clusters differ by at most clusters / 2^32 of either.
      const cluster = Math.floor((random.next() >>> 0) * 2 ** -32 * clusters);
      counts[cluster] = (counts[cluster] as number) + 1;
    }
    for (const [statistic, { resampled, noise }] of replicates) {
      resampled[resample] = statistic.at(counts);
      if (noise && statistic.noise) noise[resample] = statistic.noise(counts);
    }
  }
  return replicates;
}

/**
 * The value of a statistic and its 95 % percentile interval, from the 2.5 % to the 97.5 % quantile of the resampled
 * values. Resamples that have nothing to compute it from are ignored.
 *
 * The sum of absolute values grows with noise, and a resample has more of it than the sample: where all is noise, the
 * 2.5 % quantile may lie above the value, and the truth below both. There the lower end is the value less the 97.5 %
 * quantile of the noise, but not below 0. (For the true sum T and the sample's S, |S - T| is at most the noise between
 * them, for which that between resample and sample stands.)
 */
export function estimate(replicates: Replicates, statistic: Statistic | NotDefined): Metric {
  if (!isDefined(statistic)) return statistic;
  const { value, resampled, noise, n, clusters } = replicateOf(replicates, statistic);
  const ends = endsOf(resampled, clusters);
  if (!isDefined(ends)) return ends;
  if (!noise) return { value, ...ends, n };
  const most = endsOf(noise, clusters);
  return isDefined(most) ? { value, low: Math.max(0, value - most.high), high: Math.max(value, ends.high), n } : most;
}

/**
 * One statistic less another of the same rows, and the interval of that, resample by resample. For sums of absolute
 * values it goes as far to both sides as the noise of both together.
 */
export function difference(replicates: Replicates, one: Statistic | NotDefined, other: Statistic | NotDefined): Metric {
  if (!isDefined(one)) return one;
  if (!isDefined(other)) return other;
  const [a, b] = [replicateOf(replicates, one), replicateOf(replicates, other)];
  const value = less(a.value, b.value);
  const [n, clusters] = [Math.min(a.n, b.n), Math.min(a.clusters, b.clusters)];
  if (a.noise && b.noise) {
    const most = endsOf(
      combined(a.noise, b.noise, (one, other) => one + other),
      clusters,
    );
    return isDefined(most) ? { value, low: value - most.high, high: value + most.high, n } : most;
  }
  const ends = endsOf(combined(a.resampled, b.resampled, less), clusters);
  return isDefined(ends) ? { value, ...ends, n } : ends;
}

/** Equal values may have been rounded differently on their ways. */
const less = (a: number, b: number): number => withoutResidue(a - b, Math.abs(a) + Math.abs(b), 2);

const combined = (a: Float64Array, b: Float64Array, join: (a: number, b: number) => number): Float64Array =>
  a.map((value, i) => join(value, b[i] as number));

function replicateOf(replicates: Replicates, statistic: Statistic): Replicate {
  const replicate = replicates.get(statistic);
  if (!replicate) throw new RangeError('Expected a statistic that was resampled');
  return replicate;
}

/** The 2.5 % and the 97.5 % quantile of resampled values; NaN is ignored. */
function endsOf(resampled: Float64Array, clusters: number): { low: number; high: number } | NotDefined {
  if (clusters < 2) {
    return { reason: `expected 2 rows, groups or conversations to draw from, got ${clusters}` };
  }
  const sorted = resampled.filter((value) => !Number.isNaN(value)).sort();
  if (sorted.length === 0) {
    return { reason: `expected a resample to compute it of, got none in ${resampled.length}` };
  }
  return { low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
}

/** Interpolates linearly between the neighbouring values, as numpy's `quantile`. */
function quantile(sorted: Float64Array, fraction: number): number {
  const at = fraction * (sorted.length - 1);
  const below = sorted[Math.floor(at)] as number;
  const above = sorted[Math.ceil(at)] as number;
  return below + (above - below) * (at - Math.floor(at));
}
