import type { CalibrationBin } from '../../evaluation/calibration.js';
import type { PairEvaluation } from '../../evaluation/evaluate-pairs.js';
import type { RowEvaluation } from '../../evaluation/evaluate-rows.js';
import type { Histogram } from '../../evaluation/histogram.js';
import type { Metric, NotDefined } from '../../evaluation/metric.js';
import type { Provenance } from '../../evaluation/provenance.js';
import type { RocCurve } from '../../evaluation/roc.js';
import type { LabelledText, ShownPair } from '../../evaluation/shown-rows.js';
import type { LengthCurve } from './length-curve.js';

/** All that a report shows. An absent part has no section. Every string is text, never markup. */
export interface ReportData {
  readonly run: EvaluatedRun;
  readonly rows?: RowEvaluation | NotDefined | undefined;
  readonly pairs?: PairEvaluation | NotDefined | undefined;
  readonly plots?: RowPlots | undefined;
  readonly slices?: readonly SlicedBy[] | undefined;
  readonly disagreements?: Disagreements | undefined;
  /** The name of the scores with which the evaluations' `difference` compares. */
  readonly baseline?: string | undefined;
  readonly thresholds?: readonly Threshold[] | undefined;
  readonly provenance?: Provenance | undefined;
}

/** The run that a report describes: what was evaluated, when and how. */
export interface EvaluatedRun {
  readonly model: string;
  readonly inputs: readonly { readonly name: string; readonly rows?: number | undefined }[];
  /** All rows that were read, including the failed ones. */
  readonly rows: number;
  readonly failed: number;
  readonly date: Date;
  /** Version of reward-score. */
  readonly version: string;
  /** The field of the labels. */
  readonly labels?: string | undefined;
  readonly resamples?: number | undefined;
  readonly seed?: number | undefined;
  /** The unit that a resample draws; rows by default. */
  readonly clusters?: 'rows' | 'pairs' | 'groups' | 'conversations' | undefined;
}

/** The data of the plots of rows, which `rowPlots` makes. */
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

/** The rows on which model and label disagree most, the worst first; `mostDisagreeing` finds them. */
export interface Disagreements {
  /** Rows that are scored high and labelled low. */
  readonly overrated?: readonly LabelledText[] | undefined;
  /** Rows that are scored low and labelled high. */
  readonly underrated?: readonly LabelledText[] | undefined;
  /** Pairs whose rejected response has the larger reward. */
  readonly pairs?: readonly ShownPair[] | undefined;
}

/** A bound of `--fail-under` or `--fail-over`, or a metric of `--fail-on-regression`. */
export interface Threshold {
  /** The metric's name, with its slice where it is of one. */
  readonly name: string;
  readonly demand:
    | {
        readonly kind: 'bound';
        readonly bound: number;
        readonly side: 'under' | 'over';
        /** What is compared with the bound: the value, or the interval's worse end. */
        readonly compares: 'value' | 'interval';
      }
    | { readonly kind: 'no regression' };
  /** The metric, or the difference to the baseline. */
  readonly metric: Metric;
  readonly met: boolean;
}
