/**
 * Two formats that no user names: they carry results from a worker to the main thread as JSON lines, until results cross
 * as values. All that knows of them is here, and goes with them.
 */
import { type EvaluationFields, evaluatedLines } from '../../evaluation/evaluated-rows.js';
import type { NamedFields } from '../kinds/roles.js';
import type { OutputFormat, RowFormat } from './format.js';

/** `results`: a line of each RowResult, for the library's callers; `evaluation`: of each EvaluatedRow. */
export type PseudoFormat = 'results' | 'evaluation';

export interface PseudoSettings {
  readonly to: OutputFormat | PseudoFormat;
  readonly fields: NamedFields;
  readonly rewardField: string;
  /** Of `evaluation`. */
  readonly evaluation?: EvaluationFields;
}

/** @returns undefined where the output is of a format that users name */
export function toPseudoFormat(format: RowFormat, settings: PseudoSettings): RowFormat | undefined {
  const { to, evaluation } = settings;
  if (to === 'evaluation' && evaluation !== undefined) return evaluatedLines(format, { ...settings, evaluation });
  if (to !== 'results') return undefined;
  return { ...format, outputHeader: undefined, write: (_, __, result) => [`${JSON.stringify(result)}\n`] };
}
