/** Rows of Parquet, which its container gives as JSON lines, as records of CSV and TSV. */
import { usageError } from '../../errors.js';
import { optionName } from '../../option-name.js';
import { clip } from '../describe-value.js';
import { failure } from '../failure.js';
import { documentValue, objectMembers } from '../json-scanner.js';
import type { InputRecord } from '../records.js';
import { type ResultSettings, type RewardShape, resultEdit, resultFields } from '../results.js';
import type { SplicedMember } from '../splice.js';
import { type CellSyntax, cannotHold, cellOf, quote } from './csv-cells.js';
import type { RowFormat } from './format.js';
import { parquetToJsonl } from './parquet.js';

export interface TableSettings extends ResultSettings {
  /** Names of the input's columns, none of which holds lists or structures. */
  readonly columns: readonly string[];
  /** Columns after these, where they are others than those of the result. */
  readonly addedColumns?: readonly string[];
}

/**
 * Each value as in JSON, but strings without their quotes, and nothing where there is no value.
 *
 * @throws FatalError `usage` where a column's name cannot be written
 */
export function parquetToCsv(
  settings: TableSettings,
  textField: string,
  shape: RewardShape,
  syntax: CellSyntax,
): RowFormat {
  const { columns, addedColumns = resultFields(settings, shape) } = settings;
  const names = [...columns, ...addedColumns.filter((name) => !columns.includes(name))];
  const unwritable = names.find((name) => cannotHold(syntax, name));
  if (unwritable !== undefined) {
    throw usageError(
      `expected columns that can be written without quotes, got ${JSON.stringify(unwritable)}; leave out ${optionName('quote')} none`,
    );
  }
  const join = (cells: readonly string[]): string => `${cells.join(syntax.delimiter)}\n`;
  const lines = parquetToJsonl(settings, textField);
  const write = (
    record: InputRecord,
    members: readonly SplicedMember[],
    removed: readonly string[] = [],
  ): (Buffer | string)[] => {
    const values = new Map<string, string | undefined>(valuesOf(record));
    for (const [name, value] of members) values.set(name, value);
    for (const name of removed) values.delete(name);
    return [join(names.map((name) => cellOf(values.get(name), syntax)))];
  };
  return {
    ...lines,
    outputHeader: Buffer.from(join(names.map((name) => quote(name, syntax)))),
    parse(record) {
      const parsed = lines.parse(record);
      const texts = syntax.quoted || parsed?.failure || !parsed?.row ? [] : Object.values(parsed.row);
      const cell = texts.find((value): value is string => typeof value === 'string' && cannotHold(syntax, value));
      if (parsed === undefined || cell === undefined) return parsed;
      const message = `expected cells that can be written without quotes, got ${clip(cell)}`;
      return { ...parsed, failure: failure('BAD_CSV', message) };
    },
    write(record, _, result) {
      const { members, removed } = resultEdit({ ...result, shape }, settings, (name) => columns.includes(name));
      return write(record, members, removed);
    },
    splice: (record, _, members, removed) => write(record, members, removed),
  };
}

/** The columns with their values as JSON, digit for digit. */
function valuesOf({ bytes, oversized }: InputRecord): [string, string][] {
  if (oversized !== undefined) return [];
  const members = objectMembers(bytes, documentValue(bytes));
  return [...members].map(({ name, value }) => [name, bytes.toString('utf8', value.start, value.end)]);
}
