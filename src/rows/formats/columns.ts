import { usageError } from '../../errors.js';
import { optionName } from '../../option-name.js';
import { carryRewards } from '../existing-rewards.js';
import { type ColumnsKind, kindOfColumns, type RowKind } from '../kinds/kinds.js';
import { unfitColumns } from '../kinds/refuse-fields.js';
import type { NamedFields } from '../kinds/roles.js';
import type { ExistingRewards } from '../results.js';
import { type CsvHeader, columnKey, listColumns } from './csv-header.js';
import type { PairRewards } from './pair-rewards.js';

interface ColumnSettings {
  readonly delimiter: string;
  /** Keys of columns. */
  readonly fields: NamedFields;
  /** Rows whose rewards are taken need nothing to score. */
  readonly existing: ExistingRewards;
  readonly rewardField: string;
  readonly pairRewards?: PairRewards;
}

/**
 * Finds out from a header which kind of rows follows, and which of the columns that are read hold JSON.
 *
 * @returns without a kind where rows carry their rewards and have nothing to score
 * @throws FatalError `usage` where there is nothing to score, or a column that is read occurs twice
 */
export function readColumns(
  header: CsvHeader,
  { delimiter, fields, existing, rewardField, pairRewards }: ColumnSettings,
): Pick<ColumnsKind, 'jsonColumns'> & { readonly kind: RowKind | undefined } {
  const keys = header.columns.map(columnKey);
  const kind = kindOfColumns(keys, fields);
  const doubled = kind?.columns.find((name) => keys.indexOf(name) !== keys.lastIndexOf(name));
  if (doubled !== undefined) {
    throw usageError(`${header.place}: expected one column ${doubled}, which is read, got several of that name`);
  }
  if (kind !== undefined) return kind;
  // Rows that carry their rewards need no text.
  if (carryRewards(keys, { existing, rewardField: columnKey(rewardField), pairRewards }))
    return { kind, jsonColumns: [] };
  const unfit = unfitColumns({ listed: listColumns(header.columns) });
  throw usageError(`${header.place}: ${unfit}${delimiterHint(header, delimiter)}`);
}

function delimiterHint({ columns: [lone, ...others] }: CsvHeader, delimiter: string): string {
  if (lone === undefined || others.length > 0) return '';
  const better = [';', '\t', ','].find((separator) => separator !== delimiter && lone.includes(separator));
  return better === undefined ? '' : `; is it ${optionName('delimiter')} ${better === '\t' ? "'\\t'" : `'${better}'`}?`;
}
