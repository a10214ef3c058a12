/** Prints an evaluation, writes its report, and holds it against the thresholds. */
import type { CollectedRows } from '../../../evaluation/columns.js';
import { evaluate } from '../../../evaluation/evaluation.js';
import { checkRegressions, checkThresholds, type Verdict } from '../../../evaluation/thresholds.js';
import { writeReport } from '../../../report/html/from-evaluation.js';
import { evaluationAsJson } from '../../../report/json.js';
import { notesOn } from '../../../report/notes.js';
import { evaluationInWords } from '../../../report/text.js';
import type { RunStatistics } from '../../../run/statistics.js';
import type { Context } from '../../context.js';
import type { EvalFlags } from '../../flags/flags.js';
import type { EvalPlan } from './plan.js';

export interface EvaluatedRun {
  readonly collected: CollectedRows;
  /** Rows that the baseline does not have. */
  readonly unmatched: number;
  readonly plan: EvalPlan;
  readonly statistics: RunStatistics;
  /** The name of the model that scored; undefined where rows had their rewards already. */
  readonly model: string | undefined;
}

export async function showEvaluation(
  { collected, unmatched, plan, statistics, model }: EvaluatedRun,
  flags: EvalFlags,
  { stdout, version }: Context,
): Promise<readonly Verdict[]> {
  const { inputs, fields, baseline } = plan;
  const { rows, failed } = statistics.counts;
  const { bootstrap: resamples, seed, activation, json } = flags;
  const { label, group, by, cluster } = fields;
  const meaning = activation === 'none' ? 'logit' : 'probability';
  const thresholds = [...(flags.failUnder ?? []), ...(flags.failOver ?? [])];
  const slicesToKeep = thresholds.flatMap(({ slice }) => slice?.key ?? []);
  const evaluation = evaluate(collected, { resamples, seed, meaning, slicesToKeep });
  const verdicts = [
    ...checkThresholds(thresholds, evaluation, flags.failOnInterval),
    ...checkRegressions(flags.failOnRegression ?? [], evaluation.comparison?.difference),
  ];
  if (flags.report !== undefined) {
    await writeReport(flags.report, {
      run: { model: model ?? 'scored before', rows, failed, version, labels: label, resamples, seed },
      evaluation,
      verdicts,
      collected,
      files: inputs.map(({ name }) => name),
      by,
      grouped: group !== undefined || collected.rows.columns.groups !== undefined,
      baseline: baseline?.path,
      meaning,
    });
  }
  if (json) {
    stdout.write(evaluationAsJson(evaluation, verdicts, { rows, failed }));
    return verdicts;
  }
  const notes = notesOn({ collected, evaluation, fields, rows, unmatched });
  stdout.write(
    evaluationInWords({ evaluation, verdicts, rows, failed, resamples, by, cluster, baseline: baseline?.path, notes }),
  );
  return verdicts;
}
