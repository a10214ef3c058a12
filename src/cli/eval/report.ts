/** Where the report of --report begins: all that it is made of. */
import type { JudgedRows } from './columns.js';
import type { Evaluation } from './evaluation.js';
import type { Verdict } from './thresholds.js';

export interface ReportData {
  readonly evaluation: Evaluation;
  readonly verdicts: readonly Verdict[];
  /** Rewards, labels, lengths and groups by column, and where each text stands and how it begins. */
  readonly judged: JudgedRows;
  /** Names of the input files, as ShownText.file counts them. */
  readonly files: readonly string[];
  /** The field of slices. */
  readonly by: string | undefined;
  readonly rows: number;
  readonly failed: number;
}

export async function writeReport(path: string, _data: ReportData): Promise<void> {
  throw new Error(`${path}: the report is not built yet`);
}
