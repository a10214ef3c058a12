/** Makes the page of --report from an evaluation. */
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { messageOf, runError } from '../../errors.js';
import type { CollectedRows, ShownText } from '../../evaluation/columns.js';
import type { Evaluation } from '../../evaluation/evaluation.js';
import type { ScoreMeaning } from '../../evaluation/probability.js';
import type { Verdict } from '../../evaluation/thresholds.js';
import { judgedName } from '../verdicts.js';
import type { Disagreements, EvaluatedRun, RatedPair, RatedRow, Threshold } from './report-data.js';

export interface ReportInput {
  readonly run: Omit<EvaluatedRun, 'date' | 'inputs' | 'clusters'>;
  readonly evaluation: Evaluation;
  readonly verdicts: readonly Verdict[];
  readonly collected: CollectedRows;
  /** Names of the input files, as ShownText.file counts them. */
  readonly files: readonly string[];
  /** The field of slices. */
  readonly by: string | undefined;
  /** Whether a resample draws groups of rows. */
  readonly grouped: boolean;
  /** The file of the other scorer. */
  readonly baseline: string | undefined;
  readonly meaning: ScoreMeaning;
}

/** The most rows that the page shows of each kind of disagreement. */
const MOST_SHOWN = 20;

/** @throws FatalError `run` where the file cannot be written */
export async function writeReport(path: string, input: ReportInput): Promise<void> {
  // The plots take half a second or more to load, and few evaluations need them.
  const [{ renderReport }, { rowPlots }, { mostDisagreeing, mostReversed }] = await Promise.all([
    import('./report.js'),
    import('./row-plots.js'),
    import('../../evaluation/disagreements.js'),
  ]);
  const { run, evaluation, verdicts, collected, files, by, grouped, baseline, meaning } = input;
  const { parts } = evaluation;
  const { rows, pairs } = collected;
  const { rewards, labels } = rows.columns;
  const { chosen, rejected } = pairs.columns;
  const ratedRow = (i: number): RatedRow => ({
    ...shown(collected.texts[i], files),
    reward: rewards[i] as number,
    label: labels?.[i] as number,
  });
  const ratedPair = (i: number): RatedPair => {
    const [good, bad] = [collected.pairTexts[2 * i], collected.pairTexts[2 * i + 1]];
    return {
      place: placeOf(good, files),
      chosen: { text: good?.text ?? '', reward: chosen[i] as number },
      rejected: { text: bad?.text ?? '', reward: rejected[i] as number },
    };
  };
  const rated = labels === undefined ? undefined : mostDisagreeing(rewards, labels, MOST_SHOWN);
  const disagreements: Disagreements = {
    ...(rated && {
      overrated: Array.from(rated.overrated, ratedRow),
      underrated: Array.from(rated.underrated, ratedRow),
    }),
    ...(chosen.length > 0 && { pairs: Array.from(mostReversed(chosen, rejected, MOST_SHOWN), ratedPair) }),
  };
  const clusters = grouped ? 'groups' : rewards.length > 0 ? 'rows' : 'pairs';
  const html = await renderReport({
    run: { ...run, inputs: files.map((name) => ({ name })), date: new Date(), clusters },
    ...parts,
    ...(rewards.length > 0 && { plots: rowPlots(rows.columns, meaning) }),
    ...(by !== undefined && { slices: slicesOf(evaluation, by) }),
    disagreements,
    baseline,
    thresholds: verdicts.map(thresholdOf),
  });
  try {
    writeFileSync(path, html);
  } catch (error) {
    throw runError(`${path}: the report cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

const slicesOf = ({ slices }: Evaluation, field: string) => [
  {
    field,
    slices: slices.map(({ key, parts: { rows, pairs } }) => ({
      key,
      evaluation: rows ?? pairs ?? { reason: 'expected rows, got none' },
    })),
  },
];

const thresholdOf = (verdict: Verdict): Threshold => ({
  name: judgedName(verdict),
  demand:
    verdict.kind === 'regression'
      ? { kind: 'no regression' }
      : {
          kind: 'bound',
          side: verdict.side,
          bound: verdict.bound,
          compares: verdict.onInterval ? 'interval' : 'value',
        },
  metric: verdict.result,
  met: !verdict.missed,
});

const shown = (text: ShownText | undefined, files: readonly string[]) => ({
  place: placeOf(text, files),
  text: text?.text ?? '',
});

/** `conversations.jsonl:12`, and the candidate where there are several; the page's head has the whole names. */
function placeOf(text: ShownText | undefined, files: readonly string[]): string {
  if (text === undefined) return '';
  const { file, line, index } = text;
  return `${basename(files[file] as string)}:${line ?? '?'}${index === undefined ? '' : ` [${index}]`}`;
}
