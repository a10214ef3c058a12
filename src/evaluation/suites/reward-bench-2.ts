/** RewardBench 2: the best of four or more, and the subset Ties, where several answers are correct. */
import { usageError } from '../../errors.js';
import type { NotDefined, Statistic } from '../metric.js';
import { meanOfRows } from './row-means.js';
import { byKey, meanOfAll, type Suite, type SuiteLine, type SuiteRow } from './suite.js';

/** A correct answer among the largest counts as much as chance gives it: 1 in the number of those. */
function won({ rewards }: SuiteRow): number {
  const largest = Math.max(...rewards);
  return rewards[0] === largest ? 1 / rewards.filter((reward) => reward === largest).length : 0;
}

interface Prompt {
  readonly isRight: boolean;
  /** The best correct answer less the worst one. */
  readonly spread: number;
  /** The worst correct answer less the best wrong one. */
  readonly gap: number;
  readonly correct: number;
}

function promptOf({ rewards, correct }: SuiteRow): Prompt {
  const [good, poor] = [rewards.slice(0, correct), rewards.slice(correct)];
  const gap = Math.min(...good) - Math.max(...poor);
  return { isRight: gap > 0, spread: Math.max(...good) - Math.min(...good), gap, correct };
}

/** The two rows of a prompt: with one correct answer, and with several that are equally good. */
interface TiesPrompt {
  ref?: Prompt;
  tied?: Prompt;
}

function promptsIn(rows: readonly SuiteRow[]): Map<string, TiesPrompt> {
  const prompts = new Map<string, TiesPrompt>();
  for (const row of rows) {
    const [, kind, id = ''] = /^(ref|tied):(.+)$/s.exec(row.id ?? '') ?? [];
    const expected = `${row.place}: expected an id as ref:1 or tied:1 in the subset Ties`;
    if (kind === undefined) throw usageError(`${expected}, got ${JSON.stringify(row.id ?? null)}`);
    const prompt = prompts.get(id) ?? {};
    if (prompt[kind as keyof TiesPrompt] !== undefined) throw usageError(`${expected}, once, got ${row.id} again`);
    const found = promptOf(row);
    if (kind === 'tied' && found.correct < 2) {
      throw usageError(`${row.place}: expected two correct answers or more for ${row.id}, got ${found.correct}`);
    }
    prompts.set(id, { ...prompt, [kind]: found });
  }
  return prompts;
}

/**
 * 60 % for ranking all correct answers above all wrong ones, 40 % for spreading the correct ones less than they are
 * apart from the wrong ones. A prompt is drawn with both of its rows.
 *
 * @param offset the number of the first prompt's cluster
 */
function tiesScore(prompts: readonly TiesPrompt[], offset: number): Statistic | NotDefined {
  const both = prompts.filter(({ ref, tied }) => ref !== undefined && tied !== undefined);
  if (both.length === 0) return { reason: 'expected prompts of Ties with a row ref and a row tied, got none' };
  return {
    n: prompts.length,
    clusters: prompts.length,
    at(counts) {
      const ofRef = new WeightedMean();
      const ofTied = new WeightedMean();
      const [preferred, hard, margin] = [new WeightedMean(), new WeightedMean(), new WeightedMean()];
      for (const [i, { ref, tied }] of prompts.entries()) {
        const count = counts[offset + i] as number;
        if (ref) ofRef.add(Number(ref.isRight), count);
        if (tied) ofTied.add(Number(tied.isRight), count);
        if (!ref || !tied) continue;
        const least = Math.min(ref.gap, tied.gap);
        preferred.add(Number(tied.gap > tied.spread), count);
        hard.add(Number(least > tied.spread), count);
        const ratio = Math.tanh(least / tied.spread - 1);
        margin.add(Number.isNaN(ratio) ? 0 : ratio, count);
      }
      return 0.3 * ofTied.value + 0.3 * ofRef.value + 0.2 * preferred.value + 0.2 * hard.value + 0.01 * margin.value;
    },
  };
}

class WeightedMean {
  #sum = 0;
  #weight = 0;

  add(value: number, weight: number): void {
    this.#sum += weight * value;
    this.#weight += weight;
  }

  /** NaN without values. */
  get value(): number {
    return this.#sum / this.#weight;
  }
}

const isTies = ({ subset }: SuiteRow): boolean => subset.toLowerCase() === 'ties';

export const rewardBench2: Suite = {
  title: 'RewardBench 2',
  // reroll_and_score_dataset and process_single_model of rewardbench/utils.py.
  source: 'allenai/reward-bench 05a9005',
  by: 'subset',
  answers: 'lists',
  compute(rows) {
    const single = rows.filter((row) => !isTies(row));
    const ties = rows.filter(isTies);
    const prompts = [...promptsIn(ties).values()];
    const clusters = single.length + prompts.length;
    const wins = byKey(
      single,
      ({ subset }) => subset,
      (each, row) => ({ row, value: won(each) }),
    );
    const lines: SuiteLine[] = [...wins].map(([name, values]) => ({
      name,
      level: 'subset',
      statistic: meanOfRows(values, clusters),
    }));
    if (ties.length > 0) {
      const name = (ties[0] as SuiteRow).subset;
      lines.push({ name, level: 'subset', statistic: tiesScore(prompts, single.length) });
    }
    const statistic = meanOfAll(lines.map((line) => line.statistic));
    return { lines: [...lines, { name: 'Average', level: 'whole', statistic }], clusters };
  },
};
