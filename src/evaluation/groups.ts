import type { Clusters } from './clusters.js';
import { meanOf } from './means.js';
import type { NotDefined, Statistic, Statistics } from './metric.js';
import { withoutResidue } from './residue.js';

/** Groups of candidates to choose from, which are consecutive rows. */
export interface Groups {
  /** [groups + 1]; group g is the rows from starts[g] up to and without starts[g + 1]. */
  readonly starts: Int32Array;
  /** The cluster of each group. */
  readonly clusters: Clusters;
}

/** How good the choice of the largest score is; among tied candidates the choice is random. */
export interface ChoiceStatistics {
  /** The share of groups whose chosen candidate has the best value of its group. */
  readonly top1: Statistic | NotDefined;
  /** `top1` of a random choice. */
  readonly randomTop1: Statistic | NotDefined;
  /** The mean value of the chosen candidates less that of random ones. */
  readonly lift: Statistic | NotDefined;
  /** The mean value of each choice. */
  readonly choiceValues: Statistics<Choice>;
}

/** A choice in each group: a random candidate, the one with the largest score, or the one with the best value. */
export type Choice = 'random' | 'chosen' | 'oracle';

/**
 * Each group counts the same, whatever its size. Groups of one candidate are left out, as there is no choice.
 *
 * @param scores [rows], finite
 * @param values [rows], a candidate's value: its label, larger is better; without labels the scores themselves
 */
export function choiceStatistics(scores: Float64Array, values: Float64Array, groups: Groups): ChoiceStatistics {
  const choices = eachGroup(groups, (from, to) => (to - from < 2 ? undefined : choicesIn(scores, values, from, to)));
  const mean = (read: (choices: GroupChoices) => number) =>
    meanOf(
      Float64Array.from(choices, (each) => (each ? read(each) : Number.NaN)),
      groups.clusters,
      'groups of two candidates or more',
    );
  return {
    top1: mean(({ chosenIsBest }) => chosenIsBest),
    randomTop1: mean(({ randomIsBest }) => randomIsBest),
    lift: mean(({ lift }) => lift),
    choiceValues: {
      random: mean(({ random }) => random),
      chosen: mean(({ chosen }) => chosen),
      oracle: mean(({ oracle }) => oracle),
    },
  };
}

/** [groups], what `compute` returns for the rows of each group, `from` up to and without `to`. */
export function eachGroup<T>({ starts }: Groups, compute: (from: number, to: number) => T): T[] {
  return Array.from({ length: starts.length - 1 }, (_, g) => compute(starts[g] as number, starts[g + 1] as number));
}

/** The value of each choice in one group, and the chance that it is a candidate with the best value. */
interface GroupChoices extends Readonly<Record<Choice, number>> {
  /** `chosen` less `random`. */
  readonly lift: number;
  readonly chosenIsBest: number;
  readonly randomIsBest: number;
}

function choicesIn(scores: Float64Array, values: Float64Array, from: number, to: number): GroupChoices {
  let [largest, oracle, sum, magnitude] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (let row = from; row < to; row++) {
    largest = Math.max(largest, scores[row] as number);
    oracle = Math.max(oracle, values[row] as number);
    sum += values[row] as number;
    magnitude += Math.abs(values[row] as number);
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
  const settled = (value: number): number => withoutResidue(value, magnitude, size);
  const [random, chosen] = [settled(sum) / size, settled(tiedSum) / tied];
  return {
    random,
    chosen,
    oracle,
    lift: settled(chosen - random),
    chosenIsBest: tiedBest / tied,
    randomIsBest: best / size,
  };
}
