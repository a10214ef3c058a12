import type { Clusters } from './clusters.js';
import { meanOf } from './means.js';
import type { NotDefined, Statistic, Statistics } from './metric.js';

/** Candidates that a choice is made among: rows that stand one after the other. */
export interface Groups {
  /** [groups + 1]; group g is the rows from starts[g] up to and without starts[g + 1]. */
  readonly starts: Int32Array;
  /** The cluster of each group. */
  readonly clusters: Clusters;
}

/** What choosing the candidate with the largest score is worth, a choice among tied ones being made at random. */
export interface ChoiceStatistics {
  /** The share of groups whose chosen candidate has the best value of its group. */
  readonly top1: Statistic | NotDefined;
  /** `top1` of a random choice. */
  readonly randomTop1: Statistic | NotDefined;
  /** The mean value of the chosen candidates less that of random ones. */
  readonly lift: Statistic | NotDefined;
  readonly worth: Statistics<Choice>;
}

/** A random candidate, the one with the largest score, and the one with the best value. */
export type Choice = 'random' | 'chosen' | 'oracle';

/**
 * Each group counts the same, whatever its size. Groups of one candidate are left out: there is nothing to choose.
 *
 * @param scores [rows], finite
 * @param values [rows], what a candidate is worth: its label, larger is better; without labels the scores themselves
 */
export function choiceStatistics(scores: Float64Array, values: Float64Array, groups: Groups): ChoiceStatistics {
  const worths = eachGroup(groups, (from, to) => (to - from < 2 ? undefined : worthOf(scores, values, from, to)));
  const mean = (of: (worth: GroupWorth) => number) =>
    meanOf(
      Float64Array.from(worths, (worth) => (worth ? of(worth) : Number.NaN)),
      groups.clusters,
      'groups of two candidates or more',
    );
  return {
    top1: mean(({ chosenIsBest }) => chosenIsBest),
    randomTop1: mean(({ randomIsBest }) => randomIsBest),
    lift: mean(({ chosen, random }) => chosen - random),
    worth: {
      random: mean(({ random }) => random),
      chosen: mean(({ chosen }) => chosen),
      oracle: mean(({ oracle }) => oracle),
    },
  };
}

/** [groups], what `of` gives for the rows of each group, from and to. */
export function eachGroup<T>({ starts }: Groups, of: (from: number, to: number) => T): T[] {
  return Array.from({ length: starts.length - 1 }, (_, g) => of(starts[g] as number, starts[g + 1] as number));
}

interface GroupWorth extends Readonly<Record<Choice, number>> {
  /** The chance that it has the best value. */
  readonly chosenIsBest: number;
  readonly randomIsBest: number;
}

function worthOf(scores: Float64Array, values: Float64Array, from: number, to: number): GroupWorth {
  let [largest, oracle, sum] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (let row = from; row < to; row++) {
    largest = Math.max(largest, scores[row] as number);
    oracle = Math.max(oracle, values[row] as number);
    sum += values[row] as number;
  }
  let [tied, tiedSum, tiedBest, best] = [0, 0, 0, 0];
  for (let row = from; row < to; row++) {
    const isBest = Number(values[row] === oracle);
    best += isBest;
    if (scores[row] !== largest) continue;
    tied++;
    tiedSum += values[row] as number;
    tiedBest += isBest;
  }
  const size = to - from;
  const [random, chosen] = [sum / size, tiedSum / tied];
  return { random, chosen, oracle, chosenIsBest: tiedBest / tied, randomIsBest: best / size };
}
