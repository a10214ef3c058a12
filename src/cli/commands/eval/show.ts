/** Prints an evaluation, writes its report, and holds it against the thresholds. */
import type { CollectedRows } from '../../../evaluation/columns.js';
import { evaluate } from '../../../evaluation/evaluation.js';
import { evaluateSuite } from '../../../evaluation/suites/index.js';
import type { SuiteName } from '../../../evaluation/suites/names.js';
import type { SuiteRow } from '../../../evaluation/suites/suite.js';
import { checkRegressions, checkThresholds, type Verdict } from '../../../evaluation/thresholds.js';
import { disagreementsIn, reportDataOf, worstTexts, writeReport } from '../../../report/html/from-evaluation.js';
import type { ReportData } from '../../../report/html/report-data.js';
import { evaluationAsJson } from '../../../report/json.js';
import { notesOn } from '../../../report/notes.js';
import { suiteAsJson, suiteInWords } from '../../../report/suite.js';
import { evaluationInWords } from '../../../report/text.js';
import type { RunStatistics } from '../../../run/statistics.js';
import type { ModelScorer } from '../../../scorer/open.js';
import type { CommandContext } from '../../context.js';
import type { EvalFlags } from '../../flags/flags.js';
import type { EvalPlan } from './plan.js';
import { provenanceOf } from './provenance.js';
import { describeTexts } from './worst-rows.js';

export interface EvaluatedRun {
  readonly collected: CollectedRows;
  /** Rows that the baseline does not have. */
  readonly unmatched: number;
  readonly plan: EvalPlan;
  readonly statistics: RunStatistics;
  /** Undefined where rows had their rewards already. */
  readonly scorer: Pick<ModelScorer, 'identity' | 'settings'> | undefined;
}

export async function showEvaluation(
  { collected, unmatched, plan, statistics, scorer }: EvaluatedRun,
  flags: EvalFlags,
  context: CommandContext,
): Promise<readonly Verdict[]> {
  const { fields, baseline } = plan;
  const { stdout } = context;
  const provenance = provenanceOf({ plan, statistics, collected, scorer }, flags, context);
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
  let page: ReportData | undefined;
  if (flags.report !== undefined) {
    const describe = await describeTexts(worstTexts(collected), plan, flags, context, provenance);
    page = await reportDataOf({
      run: { rows, failed, labels: label, resamples, seed },
      provenance,
      evaluation,
      verdicts,
      collected,
      disagreements: disagreementsIn(collected, describe),
      by,
      cluster,
      grouped: group !== undefined || collected.rows.columns.groups !== undefined,
      baseline: baseline?.path,
      meaning,
    });
    await writeReport(flags.report, page);
  }
  if (json) {
    const ofPage = page && { plots: page.plots, disagreements: page.disagreements };
    stdout.write(evaluationAsJson(evaluation, verdicts, { rows, failed }, provenance, ofPage));
    return verdicts;
  }
  const notes = notesOn({ collected, evaluation, fields, rows, unmatched });
  stdout.write(
    evaluationInWords({ evaluation, verdicts, rows, failed, resamples, by, cluster, baseline: baseline?.path, notes }),
  );
  return verdicts;
}

/** Prints the table of a published suite. */
export function showSuite(
  name: SuiteName,
  rows: readonly SuiteRow[],
  { collected, plan, statistics, scorer }: EvaluatedRun,
  flags: EvalFlags,
  context: CommandContext,
): void {
  const { bootstrap: resamples, seed, json } = flags;
  const { rows: read, failed } = statistics.counts;
  const result = evaluateSuite(name, rows, { resamples, seed });
  const counts = { rows: read, failed };
  const provenance = provenanceOf({ plan, statistics, collected, scorer }, flags, context);
  context.stdout.write(json ? suiteAsJson(result, counts, provenance) : suiteInWords(result, counts, resamples));
}
