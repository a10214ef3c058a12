/** A look at the beginning of every input, so that what is plainly wrong is said before anything is written. */
import { usageError } from '../errors.js';
import { type CsvHeader, columnKey, readHeader } from '../rows/csv.js';
import type { InputFormat } from '../rows/format.js';
import { type FormatSettings, takenField } from '../rows/formats.js';
import { formOfColumns, type NamedFields } from '../rows/forms.js';
import { CsvScanner, type InputRecord, LineScanner, type RecordScanner } from '../rows/records.js';
import type { Input } from './input.js';
import { refuseForeignInput } from './sniff.js';

/**
 * Checks the first record of each input and completes the format with the header they share.
 *
 * @throws FatalError `usage` for foreign input, headers that differ, or a reward field that is there already
 */
export async function inspectInputs(
  inputs: readonly Input[],
  format: Omit<FormatSettings, 'header'>,
): Promise<FormatSettings> {
  const separated = format.from === 'csv' || format.from === 'tsv';
  const newScanner = (): RecordScanner => (separated ? new CsvScanner(format.delimiter) : new LineScanner());
  let header: CsvHeader | undefined;
  let rowSeen = false;
  for (const input of inputs) {
    const first = await input.peekRecord(newScanner, (record) => isBlank(record, format.from));
    await input.reset();
    if (first === undefined) continue;
    const place = `${input.name}:${first.line}`;
    refuseForeignInput(first.bytes, place, format.from === 'jsonl');
    if (separated) {
      const own = readHeader(first, format.delimiter, place);
      if (header === undefined) {
        refuseTakenField(own.columns.map(columnKey), format, columnKey(format.rewardField), place);
        header = own;
      } else if (list(own.columns) !== list(header.columns)) {
        throw usageError(
          `${place}: expected the columns ${list(header.columns)} in every file, got ${list(own.columns)}`,
        );
      }
    } else if (format.from === 'jsonl' && !rowSeen) {
      refuseTakenField(fieldsOf(first), format, format.rewardField, place);
      rowSeen = true;
    }
  }
  return { ...format, header };
}

function refuseTakenField(
  names: readonly string[],
  { fields }: { fields: NamedFields },
  rewardField: string,
  place: string,
): void {
  const taken = takenField(names, formOfColumns(names, fields) ?? 'text', rewardField);
  if (taken !== undefined) {
    throw usageError(
      `${place}: expected no field ${taken}, which the reward is written to; name another with --reward-field`,
    );
  }
}

function fieldsOf({ bytes }: InputRecord): string[] {
  try {
    const row: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof row === 'object' && row !== null ? Object.keys(row) : [];
  } catch {
    return []; // a bad row, and told as such when its turn comes
  }
}

const isBlank = ({ bytes }: InputRecord, from: InputFormat): boolean =>
  from === 'jsonl' ? bytes.toString('latin1').trim() === '' : from !== 'text' && bytes.length === 0;

const list = (columns: readonly string[]): string => columns.map((name) => JSON.stringify(name)).join(', ');
