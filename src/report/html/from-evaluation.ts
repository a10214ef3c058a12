/** Makes the page of --report from an evaluation. */
import { writeFileSync } from 'node:fs';
import { messageOf, runError } from '../../errors.js';
import type { CollectedRows, CollectedText } from '../../evaluation/columns.js';
import { mostDisagreeing, mostReversed } from '../../evaluation/disagreements.js';
import type { Evaluation } from '../../evaluation/evaluation.js';
import type { ScoreMeaning } from '../../evaluation/probability.js';
import { modelInWords, type Provenance } from '../../evaluation/provenance.js';
import type { LabelledText, ShownPair, ShownText } from '../../evaluation/shown-rows.js';
import type { Verdict } from '../../evaluation/thresholds.js';
import { judgedName } from '../verdicts.js';
import type { Disagreements, EvaluatedRun, ReportData, Threshold } from './report-data.js';

export interface ReportInput {
  readonly run: Omit<EvaluatedRun, 'model' | 'version' | 'date' | 'inputs' | 'clusters'>;
  readonly provenance: Provenance;
  readonly evaluation: Evaluation;
  readonly verdicts: readonly Verdict[];
  readonly collected: CollectedRows;
  readonly disagreements: Disagreements;
  /** The field of slices. */
  readonly by: string | undefined;
  /** The field of what a resample draws, and whether it draws groups of rows. */
  readonly cluster: string | undefined;
  readonly grouped: boolean;
  /** The file of the other scorer. */
  readonly baseline: string | undefined;
  readonly meaning: ScoreMeaning;
}

/** The most rows that the page shows of each kind of disagreement. */
const MOST_SHOWN = 20;

/** What is known of a text that is shown, once its file was read again. */
export type Describe = (text: CollectedText, reward: number) => ShownText;

/** The texts that a page lists, as they were collected. */
export function worstTexts({ rows, pairs, texts, pairTexts }: CollectedRows): readonly CollectedText[] {
  const { rated, reversed } = worstOf({ rows, pairs });
  const listed = rated === undefined ? [] : [...rated.overrated, ...rated.underrated].map((i) => texts[i]);
  const ofPairs = Array.from(reversed, (i) => [pairTexts[2 * i], pairTexts[2 * i + 1]]).flat();
  return [...listed, ...ofPairs].filter((text) => text !== undefined);
}

function worstOf({ rows, pairs }: Pick<CollectedRows, 'rows' | 'pairs'>) {
  const { rewards, labels } = rows.columns;
  const { chosen, rejected } = pairs.columns;
  return {
    rated: labels === undefined ? undefined : mostDisagreeing(rewards, labels, MOST_SHOWN),
    reversed: mostReversed(chosen, rejected, MOST_SHOWN),
  };
}

export function disagreementsIn(collected: CollectedRows, describe: Describe): Disagreements {
  const { rewards, labels } = collected.rows.columns;
  const { chosen, rejected } = collected.pairs.columns;
  const { rated, reversed } = worstOf(collected);
  const labelled = (i: number): LabelledText => ({
    ...describe(collected.texts[i] as CollectedText, rewards[i] as number),
    label: labels?.[i] as number,
  });
  const pair = (i: number): ShownPair => ({
    margin: (chosen[i] as number) - (rejected[i] as number),
    chosen: describe(collected.pairTexts[2 * i] as CollectedText, chosen[i] as number),
    rejected: describe(collected.pairTexts[2 * i + 1] as CollectedText, rejected[i] as number),
  });
  return {
    ...(rated && {
      overrated: Array.from(rated.overrated, labelled),
      underrated: Array.from(rated.underrated, labelled),
    }),
    ...(chosen.length > 0 && { pairs: Array.from(reversed, pair) }),
  };
}

/** All that the page shows. */
export async function reportDataOf(input: ReportInput): Promise<ReportData> {
  const { rowPlots } = await import('./row-plots.js');
  const { run, provenance, evaluation, verdicts, collected, disagreements, by, cluster, grouped, baseline, meaning } =
    input;
  const { rewards } = collected.rows.columns;
  const drawn = grouped ? 'groups' : rewards.length > 0 ? 'rows' : 'pairs';
  return {
    run: {
      ...run,
      model: modelInWords(provenance),
      version: provenance.version,
      inputs: provenance.inputs.map(({ path, rows }) => ({ name: path === '-' ? 'standard input' : path, rows })),
      date: new Date(provenance.date),
      clusters: cluster === undefined ? drawn : 'conversations',
    },
    ...evaluation.parts,
    ...(rewards.length > 0 && { plots: rowPlots(collected.rows.columns, meaning) }),
    ...(by !== undefined && { slices: slicesOf(evaluation, by) }),
    disagreements,
    baseline,
    thresholds: verdicts.map(thresholdOf),
    provenance,
  };
}

/** @throws FatalError `run` where the file cannot be written */
export async function writeReport(path: string, data: ReportData): Promise<void> {
  // The plots take half a second or more to load, and few evaluations need them.
  const { renderReport } = await import('./report.js');
  const html = await renderReport(data);
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
