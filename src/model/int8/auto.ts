/**
 * Makes the files of a model of which each matrix is multiplied as finely as its rewards need: docs/design/021-precision-auto.md.
 */
import { rowsOf, type TypedRows } from './activation-ranges.js';
import { chooseMix, type MixChoice } from './choose-mix.js';
import type { Mix } from './mix.js';
import { MixTrials } from './mix-trials.js';
import type { Int8Work } from './prepare.js';
import type { Quality } from './quality.js';
import { mixTexts } from './texts.js';

/** Of the built-in texts, so many must be different rows: a tokenizer of other languages makes them all alike. */
const LEAST_DISTINCT = 0.75;

export interface AutoModel {
  readonly mix: Mix;
  /** Undefined where it is float32 throughout. */
  readonly quality: Quality | undefined;
}

/** Chooses the mix and makes its files; where it is float32 throughout, nothing is made. */
export async function makeAuto(work: Int8Work): Promise<AutoModel> {
  const rows = rowsOf(mixTexts, work.tokenizerDirectory, work.network);
  const trials = await MixTrials.open(work, rows);
  try {
    const choice = await choose(trials, rows);
    if (choice.fallback === undefined) await trials.make(choice.mix);
    return { mix: describe(trials, choice), quality: choice.quality };
  } finally {
    trials.close();
  }
}

async function choose(trials: MixTrials, { rows }: TypedRows): Promise<MixChoice> {
  const distinct = new Set(rows.map((row) => row.join())).size;
  if (distinct >= LEAST_DISTINCT * rows.length) return chooseMix(trials.units, trials);
  const fallback = `of ${rows.length} built-in texts, its tokenizer tells only ${distinct} apart`;
  return { mix: trials.units.map(() => 'fp32'), cost: 1, quality: undefined, fallback, errors: [] };
}

function describe({ units }: MixTrials, { mix, cost, fallback, errors }: MixChoice): Mix {
  const named = units.flatMap(({ matrices }, i) => matrices.map(({ tensor }) => [tensor, mix[i] ?? 'fp32'] as const));
  return {
    matrices: Object.fromEntries(named),
    cost: shown(cost),
    ...(fallback !== undefined && { fallback }),
    ...(errors.length > 0 && {
      measured: units.map(({ matrices }, i) => ({
        matrices: matrices.map(({ tensor }) => tensor),
        int8: shown(Math.sqrt(errors[i]?.int8 ?? 0)),
        chosen: shown(Math.sqrt(errors[i]?.chosen ?? 0)),
      })),
    }),
  };
}

const shown = (value: number): number => Number(value.toPrecision(3));
