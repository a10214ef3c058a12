/** Rows that are JSON objects, or that their container gives as such, as records of CSV and TSV. */
import { usageError } from '../../errors.js';
import { optionName } from '../../option-name.js';
import { clip } from '../describe-value.js';
import { failure } from '../failure.js';
import { documentValue, objectMembers } from '../json-scanner.js';
import type { NamedFields } from '../kinds/roles.js';
import type { InputRecord } from '../records.js';
import { type ResultSettings, type RewardShape, resultEdit, resultFields } from '../results.js';
import type { SplicedMember } from '../splice.js';
import { type CellSyntax, cannotHold, cellOf, quote, textOfValue } from './csv-cells.js';
import type { ParsedRecord, RowFormat } from './format.js';
import type { PickMembers } from './kept-fields.js';
import { ofOneShape } from './one-shape.js';

export interface TableSettings extends ResultSettings {
  /** Names of the columns that are written of the rows. */
  readonly columns: readonly string[];
  /** Columns after these, where they are others than those of the result. */
  readonly addedColumns?: readonly string[];
  /** The shape of all rows' rewards. */
  readonly shape: RewardShape;
  readonly fields: NamedFields;
}

/**
 * Each value as in JSON, but strings without their quotes, and nothing where there is no value.
 *
 * @param reader how the rows are read
 * @param pick makes a JSON object of what is written of a record
 * @throws FatalError `usage` where a column's name cannot be written
 */
export function rowsToCsv(
  reader: RowFormat,
  pick: PickMembers,
  settings: TableSettings,
  syntax: CellSyntax,
): RowFormat {
  const { shape, columns, addedColumns = resultFields(settings, shape) } = settings;
  const names = [...columns, ...addedColumns.filter((name) => !columns.includes(name))];
  const unwritable = names.find((name) => cannotHold(syntax, name));
  if (unwritable !== undefined) {
    throw usageError(
      `expected columns that can be written without quotes, got ${JSON.stringify(unwritable)}; leave out ${optionName('quote')} none`,
    );
  }
  const join = (cells: readonly string[]): string => `${cells.join(syntax.delimiter)}\n`;
  /** A row's values as JSON, digit for digit. */
  const valuesOf = (record: InputRecord, parsed: ParsedRecord): Map<string, string | undefined> =>
    new Map(parsed.row === undefined ? [] : membersOf(pick(record, parsed, shape).record.bytes));
  const write = (
    values: Map<string, string | undefined>,
    members: readonly SplicedMember[],
    removed: readonly string[] = [],
  ): (Buffer | string)[] => {
    for (const [name, value] of members) values.set(name, value);
    for (const name of removed) values.delete(name);
    return [join(names.map((name) => cellOf(values.get(name), syntax)))];
  };
  const rows = ofOneShape(reader, shape, settings.fields);
  return {
    ...rows,
    outputHeader: Buffer.from(join(names.map((name) => quote(name, syntax)))),
    parse(record) {
      const parsed = rows.parse(record);
      if (syntax.quoted || parsed?.row === undefined || parsed.failure) return parsed;
      const values = valuesOf(record, parsed);
      const cell = columns.map((name) => textOfValue(values.get(name))).find((text) => cannotHold(syntax, text));
      if (cell === undefined) return parsed;
      const message = `expected cells that can be written without quotes, got ${clip(cell)}`;
      return { ...parsed, failure: failure('BAD_CSV', message) };
    },
    write(record, parsed, result) {
      const values = valuesOf(record, parsed);
      const { members, removed } = resultEdit({ ...result, shape }, settings, (name) => values.get(name));
      return write(values, members, removed);
    },
    splice: (record, parsed, members, removed) => write(valuesOf(record, parsed), members, removed),
  };
}

const membersOf = (json: Buffer): [string, string][] =>
  Array.from(objectMembers(json, documentValue(json)), ({ name, value }) => [
    name,
    json.toString('utf8', value.start, value.end),
  ]);
