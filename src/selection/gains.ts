/**
 * What choosing among N candidates gains over taking one, as counts that add up over groups, windows, runs and shards.
 */
import type { PairlessReason } from './pair.js';
import type { RankedCandidate } from './rank.js';

/** Sums over the groups that have at least N candidates with a reward. */
interface GainSums {
  groups: number;
  /** Sum of the expected reward of the best among N candidates, drawn at random. */
  best: number;
  /** Sum of the reward of the first of all. */
  first: number;
  /** Sum of the mean reward of all. */
  random: number;
}

/** What choosing gained, as plain data that adds up. */
export interface ChoiceCounts {
  groups: number;
  /** Number of groups in which another candidate has the best reward too. */
  ties: number;
  /** Sums by N: 1, 2, 4, 8 … */
  gains: Record<string, GainSums>;
  /** Pairs that were written, and groups that gave none by the reason. */
  pairs: PairCounts;
}

export type PairCounts = Record<PairlessReason | 'written', number>;

export const noChoices = (): ChoiceCounts => ({
  groups: 0,
  ties: 0,
  gains: {},
  pairs: { written: 0, lone: 0, equalTexts: 0, equalRewards: 0, belowMinGap: 0 },
});

/** @param ranked the candidates of one group, best first; not empty */
export function countChoice(counts: ChoiceCounts, ranked: readonly RankedCandidate[]): void {
  const [winner] = ranked as [RankedCandidate];
  counts.groups++;
  if (ranked.length > 1 && winner.margin === 0) counts.ties++;
  const first = ranked.reduce((a, b) => (b.index < a.index ? b : a)).reward;
  const random = ranked.reduce((sum, { reward }) => sum + reward, 0) / ranked.length;
  for (let draws = 1; draws <= ranked.length; draws *= 2) {
    addGain(counts.gains, String(draws), { groups: 1, best: expectedBest(ranked, draws), first, random });
  }
}

export function addChoices(counts: ChoiceCounts, more: Readonly<ChoiceCounts>): void {
  counts.groups += more.groups;
  counts.ties += more.ties;
  for (const [what, n] of Object.entries(more.pairs) as [keyof PairCounts, number][]) counts.pairs[what] += n;
  for (const [draws, gain] of Object.entries(more.gains)) addGain(counts.gains, draws, gain);
}

/** Means for a number of candidates, over the groups that have as many. */
interface Gain {
  /** How many candidates are drawn at random from each group. */
  readonly candidates: number;
  readonly groups: number;
  /** Mean rewards. */
  readonly best: number;
  readonly first: number;
  readonly random: number;
}

export interface ChoiceSummary {
  readonly groups: number;
  readonly ties: number;
  /** Gains by the number of candidates, the smallest first. */
  readonly gains: readonly Gain[];
  /** Where pairs were asked for. */
  readonly pairs?: Readonly<PairCounts>;
}

/** @param makesPairs whether pairs were asked for */
export function summarizeChoices({ groups, ties, gains, pairs }: ChoiceCounts, makesPairs: boolean): ChoiceSummary {
  const points = Object.entries(gains).map(([candidates, sums]) => ({
    candidates: Number(candidates),
    groups: sums.groups,
    best: sums.best / sums.groups,
    first: sums.first / sums.groups,
    random: sums.random / sums.groups,
  }));
  points.sort((a, b) => a.candidates - b.candidates);
  return { groups, ties, gains: points, ...(makesPairs && { pairs }) };
}

function addGain(gains: ChoiceCounts['gains'], draws: string, more: GainSums): void {
  const gain = gains[draws] ?? { groups: 0, best: 0, first: 0, random: 0 };
  gain.groups += more.groups;
  gain.best += more.best;
  gain.first += more.first;
  gain.random += more.random;
  gains[draws] = gain;
}

/**
 * The mean, over all ways to draw N of the candidates, of the best reward among them. The k-th best is the best of the
 * drawn ones if it is drawn and none of the k - 1 better ones is.
 */
function expectedBest(ranked: readonly RankedCandidate[], draws: number): number {
  let expected = 0;
  let noneBetter = 1; // chance that none of those before is drawn
  for (const [better, { reward }] of ranked.entries()) {
    const left = ranked.length - better;
    const noneHere = noneBetter * (Math.max(0, left - draws) / left);
    expected += (noneBetter - noneHere) * reward;
    noneBetter = noneHere;
  }
  return expected;
}
