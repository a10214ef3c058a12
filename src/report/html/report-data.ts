import type { CalibrationBin } from '../../evaluation/calibration.js';
import type { PairEvaluation } from '../../evaluation/evaluate-pairs.js';
import type { RowEvaluation } from '../../evaluation/evaluate-rows.js';
import type { Histogram } from '../../evaluation/histogram.js';
import type { Metric, NotDefined } from '../../evaluation/metric.js';
import type { MetricName } from '../../evaluation/metrics.js';
import type { RocCurve } from '../../evaluation/roc.js';
import type { LengthCurve } from './length-curve.js';

/** All that a report shows. A part that is not there has no section. Every string is text, never markup. */
export interface ReportData {
  readonly run: EvaluatedRun;
  readonly rows?: RowEvaluation | NotDefined | undefined;
  readonly pairs?: PairEvaluation | NotDefined | undefined;
  readonly plots?: RowPlots | undefined;
  readonly slices?: readonly SlicedBy[] | undefined;
  readonly disagreements?: Disagreements | undefined;
  /** The name of what the evaluations' `difference` compares with. */
  readonly baseline?: string | undefined;
  readonly thresholds?: readonly Threshold[] | undefined;
}

/** The run that a report is of: what was evaluated, when and how. */
export interface EvaluatedRun {
  readonly model: string;
  readonly inputs: readonly { readonly name: string; readonly rows?: number | undefined }[];
  /** All rows that were read, the failed ones with them. */
  readonly rows: number;
  readonly failed: number;
  readonly date: Date;
  /** Of reward-score. */
  readonly version: string;
  /** The field that the labels are from. */
  readonly labels?: string | undefined;
  readonly resamples?: number | undefined;
  readonly seed?: number | undefined;
  /** What is drawn in a resample; rows by default. */
  readonly clusters?: 'rows' | 'pairs' | 'groups' | 'conversations' | undefined;
}

/** What the plots of rows are drawn from: `rowPlots` makes it. */
export interface RowPlots {
  readonly calibration: readonly CalibrationBin[] | NotDefined;
  readonly roc: RocCurve | NotDefined;
  readonly histogram?: Histogram | undefined;
  readonly lengths?: LengthCurve | undefined;
}

/** The same metrics for each value of a field. */
export interface SlicedBy {
  readonly field: string;
  readonly slices: readonly {
    readonly key: string;
    readonly evaluation: RowEvaluation | PairEvaluation | NotDefined;
  }[];
}

/** The rows that model and label disagree on most, the worst first: `mostDisagreeing` finds them. */
export interface Disagreements {
  /** Scored high, and labelled low. */
  readonly overrated?: readonly RatedRow[] | undefined;
  /** Scored low, and labelled high. */
  readonly underrated?: readonly RatedRow[] | undefined;
  /** The rejected response has the larger reward. */
  readonly pairs?: readonly RatedPair[] | undefined;
}

/** A row as a person can find and read it. Long texts are clipped by the report. */
export interface RatedRow {
  /** `conversations.jsonl:12` */
  readonly place: string;
  /** The response. */
  readonly text: string;
  /** What came before it. */
  readonly context?: string | undefined;
  readonly reward: number;
  readonly label: number;
}

export interface RatedPair {
  readonly place: string;
  readonly context?: string | undefined;
  readonly chosen: { readonly text: string; readonly reward: number };
  readonly rejected: { readonly text: string; readonly reward: number };
}

/** A bound of `--fail-under` or `--fail-over`. */
export interface Threshold {
  readonly name: MetricName;
  readonly bound: number;
  readonly side: 'under' | 'over';
  /** Compared with the bound: the value, or the interval's worse end. */
  readonly compares: 'value' | 'interval';
  readonly metric: Metric;
  readonly met: boolean;
}
