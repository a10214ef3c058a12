import { usageError } from '../errors.js';
import { type EvaluationFields, evaluatedLines } from '../evaluation/evaluated-rows.js';
import { type CsvHeader, columnKey, csvToCsv, csvToJsonl, listColumns } from './csv.js';
import { existingShape } from './existing-rewards.js';
import type { InputFormat, OutputFormat, RowFormat } from './format.js';
import { type ColumnsForm, type Form, formOfColumns } from './forms.js';
import { jsonlToJsonl } from './jsonl.js';
import { type ResultSettings, type RewardShape, type RowResult, resultFields, scoreLine } from './result.js';
import type { NamedFields } from './roles.js';
import { textToJsonl } from './text.js';

export interface FormatSettings extends ResultSettings {
  readonly from: InputFormat;
  /** `results`: a JSON line of each RowResult, for the library's callers; `evaluation`: of each EvaluatedRow. */
  readonly to: OutputFormat | 'results' | 'evaluation';
  /** Of CSV and TSV input. */
  readonly delimiter: string;
  /** Leave out rows that cannot be scored. */
  readonly skipFailures: boolean;
  /** A row that has the reward field already is not scored again, but taken as it is; else it is a bad row. */
  readonly usesExisting: boolean;
  /** Columns that the output has beside the input's, where they are not the result's. */
  readonly addedColumns?: readonly string[];
  /** Keys of columns, where the input has columns. */
  readonly fields: NamedFields;
  /** Of CSV and TSV input. */
  readonly header: CsvHeader | undefined;
  /** Of `evaluation`. */
  readonly evaluation?: EvaluationFields;
}

/** What stands between fields, unless a flag says otherwise. */
export const delimiters = { csv: ',', tsv: '\t' } as const;

/** JSON lines in, a RowResult a line out: for programs. */
export const resultLines = (rewardField: string): FormatSettings => ({
  from: 'jsonl',
  to: 'results',
  delimiter: delimiters.csv,
  rewardField,
  details: false,
  reasons: true,
  skipFailures: false,
  usesExisting: false,
  fields: {},
  header: undefined,
});

/** @throws FatalError `usage` where the header has no fields to score, or the output cannot be made from the input */
export function createFormat(settings: FormatSettings): RowFormat {
  const { to, skipFailures, evaluation } = settings;
  const format = pair(settings);
  if (to === 'evaluation' && evaluation !== undefined) return evaluatedLines(format, { ...settings, evaluation });
  const written =
    to === 'scores' || to === 'results' ? withLines(format, to === 'scores' ? scoreLine : JSON.stringify) : format;
  if (!skipFailures) return written;
  return {
    ...written,
    write: (record, parsed, result) => (result.failure === undefined ? written.write(record, parsed, result) : []),
  };
}

const withLines = (format: RowFormat, lineOf: (result: RowResult) => string): RowFormat => ({
  ...format,
  outputHeader: undefined,
  write: (_, __, result) => [`${lineOf(result)}\n`],
});

function pair(settings: FormatSettings): RowFormat {
  const { from, to } = settings;
  if (from !== 'csv' && from !== 'tsv') {
    if (to === 'csv' || to === 'tsv') {
      throw usageError(`expected --to jsonl or scores for ${from} input, got ${to}: its rows have no common columns`);
    }
    return from === 'text' ? textToJsonl(settings) : jsonlToJsonl(settings, settings.fields.text ?? 'text');
  }
  const { header, delimiter, addedColumns } = settings;
  // The input is blank: nothing is read or written.
  if (header === undefined) return { ...textToJsonl(settings), parse: () => undefined };
  const { form, jsonColumns } = readColumns(header, settings);
  const csv = { ...settings, header, jsonColumns };
  if (to === 'jsonl') return csvToJsonl(csv);
  const quotedAnew = to !== from && (to === 'csv' || to === 'tsv');
  const names = addedColumns ?? resultFields(settings, shapeOf(form));
  return csvToCsv(csv, quotedAnew ? delimiters[to] : delimiter, names);
}

export const shapeOf = (form: Form | undefined): RewardShape =>
  form === 'pair' ? 'pair' : form === 'candidates' ? 'array' : 'single';

/** The first of `names` that a result of this form would be written over. */
export const takenField = (
  names: readonly string[],
  form: Form,
  settings: Pick<ResultSettings, 'rewardField' | 'details'>,
): string | undefined => resultFields(settings, shapeOf(form)).find((name) => names.includes(name));

function readColumns(
  header: CsvHeader,
  { delimiter, fields, usesExisting, rewardField }: FormatSettings,
): Pick<ColumnsForm, 'jsonColumns'> & { readonly form: Form | undefined } {
  const keys = header.columns.map(columnKey);
  const absent = Object.values(fields).filter((name) => !keys.includes(name));
  const form = absent.length > 0 ? undefined : formOfColumns(keys, fields);
  const doubled = form?.columns.find((name) => keys.indexOf(name) !== keys.lastIndexOf(name));
  if (doubled !== undefined) {
    throw usageError(`${header.place}: expected one column ${doubled}, which is read, got several of that name`);
  }
  if (form !== undefined) return form;
  // Rows that carry their rewards need no text.
  if (absent.length === 0 && usesExisting && existingShape(keys, rewardField) !== undefined)
    return { form, jsonColumns: [] };
  const expected =
    absent.length > 0
      ? `the columns that flags name, ${absent.map((name) => JSON.stringify(name)).join(', ')}`
      : 'columns to score: text, messages, or prompt with response, candidates, or chosen and rejected';
  const got = listColumns(header.columns);
  throw usageError(`${header.place}: expected ${expected}; got ${got}${delimiterHint(header, delimiter)}`);
}

function delimiterHint({ columns: [lone, ...others] }: CsvHeader, delimiter: string): string {
  if (lone === undefined || others.length > 0) return '';
  const better = [';', '\t', ','].find((separator) => separator !== delimiter && lone.includes(separator));
  return better === undefined ? '' : `; is it --delimiter ${better === '\t' ? "'\\t'" : `'${better}'`}?`;
}
