/** Which format reads the rows of a run and writes its records. */

import { usageError } from '../../errors.js';
import { optionName } from '../../option-name.js';
import type { NamedFields } from '../kinds/roles.js';
import { type ResultSettings, type RewardShape, resultFields, scoreLine, shapeOf } from '../results.js';
import { filtered, type RewardFilter } from '../reward-filter.js';
import { type AnswerLists, readAnswerLists } from './answer-lists.js';
import { readColumns } from './columns.js';
import { csvToCsv, csvToJsonl } from './csv.js';
import type { CellSyntax } from './csv-cells.js';
import { type CsvHeader, columnKey } from './csv-header.js';
import type { InputFormat, OutputFormat, RowFormat } from './format.js';
import { jsonlToJsonl } from './jsonl.js';
import { everyColumn, keeping, keptColumns, pickMembers } from './kept-fields.js';
import { type PairRewards, readPairRewards } from './pair-rewards.js';
import { parquetToJsonl, parquetToParquet } from './parquet.js';
import { rowsToCsv } from './rows-to-csv.js';
import { textToJsonl } from './text.js';

export interface FormatSettings extends ResultSettings {
  readonly from: InputFormat;
  readonly to: OutputFormat;
  /** The delimiter of CSV and TSV input. */
  readonly delimiter: string;
  /**
   * Whether cells of CSV and TSV input may stand in quotes, and those of an output of the same format; of an output of
   * other inputs, whether its cells may.
   */
  readonly quoted: boolean;
  /** Whether to leave out rows that cannot be scored. */
  readonly skipFailures: boolean;
  /** Columns that the output has beside those of the input and of the result. */
  readonly addedColumns?: readonly string[];
  /** Keys of columns, where the input has columns. */
  readonly fields: NamedFields;
  /** Which rows are written; undefined: all are. */
  readonly filter?: RewardFilter;
  /** The shape of every row's rewards, where the input's columns say it and the output has columns. */
  readonly shape?: RewardShape;
  /** Whether `chosen` and `rejected` are lists of answers, which are read as candidates. */
  readonly answerLists?: AnswerLists;
  /** Keys of the fields that carry the rewards of pairs; undefined where they have their usual names. */
  readonly pairRewards?: PairRewards;
  /** Names of the input's columns, where its container knows them and rows are written as cells. */
  readonly columns?: readonly string[];
  /** The fields that are written of a row beside its result, in order; undefined: all are. */
  readonly keep?: readonly string[];
  /** The header of CSV and TSV input. */
  readonly header: CsvHeader | undefined;
}

/** The delimiters between fields, unless a flag sets another. */
export const delimiters = { csv: ',', tsv: '\t' } as const;

/** The default settings for JSON lines, for the library and the server. */
export const jsonlSettings = (rewardField: string): FormatSettings => ({
  from: 'jsonl',
  to: 'jsonl',
  delimiter: delimiters.csv,
  quoted: true,
  rewardField,
  details: false,
  reasons: true,
  skipFailures: false,
  existing: 'refuse',
  fields: {},
  header: undefined,
});

/** @throws FatalError `usage` where the header has no fields to score, or the output cannot be made from the input */
export function createFormat(settings: FormatSettings): RowFormat {
  const { to, skipFailures } = settings;
  const { answerLists, pairRewards, rewardField } = settings;
  const plain = createRowFormat(settings);
  const lists = answerLists === undefined ? plain : readAnswerLists(plain, answerLists);
  const rows = pairRewards === undefined ? lists : readPairRewards(lists, pairRewards, rewardField);
  const all = to === 'scores' ? toScores(rows, settings) : rows;
  const format = skipFailures ? withoutFailures(all) : all;
  return settings.filter === undefined ? format : filtered(format, settings.filter);
}

function withoutFailures(format: RowFormat): RowFormat {
  return {
    ...format,
    write: (record, parsed, result) => (result.failure === undefined ? format.write(record, parsed, result) : []),
  };
}

/** Writes a line for each row that holds only its rewards. */
const toScores = (format: RowFormat, settings: ResultSettings): RowFormat => ({
  ...format,
  outputHeader: undefined,
  write: (_, __, result) => [`${scoreLine(result, settings)}\n`],
});

function createRowFormat(settings: FormatSettings): RowFormat {
  const { from, to } = settings;
  if (to === 'parquet' && from !== 'parquet') {
    throw new Error('Parquet whose types are found is made of JSON lines');
  }
  if (from !== 'csv' && from !== 'tsv') {
    return createFormatOfObjects({ ...settings, from });
  }
  const { header, delimiter, addedColumns, keep } = settings;
  // The input is blank: nothing is read or written.
  if (header === undefined) return { ...textToJsonl(settings), parse: () => undefined };
  const { kind, jsonColumns } = readColumns(header, settings);
  const shape = shapeOf(kind);
  const written = keep === undefined ? everyColumn(header) : keptColumns(header, { ...settings, keep }, shape);
  const csv = { ...settings, header, jsonColumns, written };
  if (to === 'jsonl') return csvToJsonl(csv);
  const keys = written.header.columns.map(columnKey);
  const added = addedColumns ?? resultFields(settings, shape).filter((name) => !keys.includes(columnKey(name)));
  // How the input is read says nothing about another format, in which quotes may be needed.
  const isAnother = to !== from && (to === 'csv' || to === 'tsv');
  const syntax = isAnother ? { delimiter: delimiters[to], quoted: true } : { delimiter, quoted: settings.quoted };
  refuseUnquotedLists(settings, shape, syntax);
  return csvToCsv(csv, { syntax, added, shape });
}

type FormatOfObjects = Exclude<InputFormat, 'csv' | 'tsv'>;

/** Rows that are JSON objects, or become such. */
function createFormatOfObjects(settings: FormatSettings & { readonly from: FormatOfObjects }): RowFormat {
  const { from, to, keep, shape = 'single', quoted } = settings;
  const textField = settings.fields.text ?? 'text';
  const lines = jsonlToJsonl(settings, textField);
  if (from === 'parquet' && to === 'parquet') return parquetToParquet(settings, textField, shape);
  const reader =
    from === 'text' ? textToJsonl(settings) : from === 'parquet' ? parquetToJsonl(settings, textField) : lines;
  const pick = keep && pickMembers({ ...settings, keep }, from === 'text');
  if (to !== 'csv' && to !== 'tsv') return pick === undefined ? reader : keeping(reader, lines, pick);
  if (keep === undefined && from !== 'parquet') {
    throw usageError(
      `expected ${optionName('to')} jsonl or scores for ${from} input, got ${to}: its rows have no common columns; ` +
        `say which fields are columns with ${optionName('keep')}`,
    );
  }
  const syntax = { delimiter: delimiters[to], quoted };
  refuseUnquotedLists(settings, shape, syntax);
  const columns = keep ?? settings.columns ?? [];
  return rowsToCsv(reader, pick ?? ((record, parsed) => ({ record, parsed })), { ...settings, shape, columns }, syntax);
}

/** Lists of rewards hold commas, and the text of a candidate, which `best` adds, may hold anything. */
function refuseUnquotedLists(
  { addedColumns }: Pick<FormatSettings, 'addedColumns'>,
  shape: RewardShape,
  { delimiter, quoted }: CellSyntax,
): void {
  if (quoted || shape !== 'array' || (delimiter !== ',' && addedColumns === undefined)) return;
  throw usageError(
    `expected rows without candidates for CSV and TSV without quotes (${optionName('quote')} none), ` +
      `as lists and texts may hold what ends a cell; write jsonl with ${optionName('to')}`,
  );
}
