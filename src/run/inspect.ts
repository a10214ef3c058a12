/** Inspects the beginning of every input, so that evident errors are reported before anything is written. */

import { usageError } from '../errors.js';
import { optionName } from '../option-name.js';
import { carryRewards, existingShape } from '../rows/existing-rewards.js';
import { type CsvHeader, columnKey, isBeforeHeader, listColumns, readHeader } from '../rows/formats/csv-header.js';
import { createFormat, type FormatSettings } from '../rows/formats/index.js';
import { refuseKept } from '../rows/formats/kept-fields.js';
import { withMessages } from '../rows/formats/parquet.js';
import { kindOfColumns, kindOfRow, type RowKind } from '../rows/kinds/kinds.js';
import { refuseAbsentColumns, unfitColumns } from '../rows/kinds/refuse-fields.js';
import { isBareText, type NamedFields, type Row, reachField } from '../rows/kinds/roles.js';
import { CsvScanner, type InputRecord, LineScanner, positionAfter, type RecordScanner } from '../rows/records.js';
import { type FieldSettings, insteadOfTakenField, type RewardShape, shapeOf, takenField } from '../rows/results.js';
import type { Input } from './input.js';
import { otherThanParquet, refuseForeignInput, refuseSeveralLines } from './sniff.js';

/**
 * Checks the first record of each input, sets where its rows begin, and completes the format with the header that the
 * inputs share.
 *
 * @param settings with fields as flags name them; those of the completed format are keys of columns where there is a header
 * @param maxRowBytes a longer record is not read
 * @param stream the second record may come only when the first one is answered
 * @throws FatalError `usage` for input in another format, headers that differ, or a reward field that already exists
 */
export async function inspectInputs(
  inputs: readonly Input[],
  settings: Omit<FormatSettings, 'header'>,
  maxRowBytes: number,
  stream = false,
): Promise<FormatSettings> {
  const { from, to, delimiter, quoted, existing, keep } = settings;
  // The format of CSV needs its header.
  const format = from === 'csv' || from === 'tsv' ? undefined : createFormat({ ...settings, header: undefined });
  const newScanner = (): RecordScanner =>
    format?.newScanner() ?? (quoted ? new CsvScanner(delimiter) : new LineScanner());
  const isBlank = (record: InputRecord): boolean => format?.isBlank(record) ?? isBeforeHeader(record);
  let header: CsvHeader | undefined;
  let rowSeen = false;
  let shape: RewardShape | undefined;
  let columns: readonly string[] | undefined;
  const peek = async (input: Input): Promise<InputRecord | undefined> => {
    input.mayBeArray = from === 'json';
    const first = await input.peekRecord(newScanner(), isBlank, maxRowBytes);
    await input.reset();
    return first;
  };
  // The columns of CSV have keys, by which names are compared.
  const fields = format === undefined ? byKey(settings.fields) : settings.fields;
  for await (const { input, first } of peekInOrder(inputs, peek)) {
    const row = first && first.oversized === undefined ? format?.parse(first)?.row : undefined;
    const ofColumns = await checkColumns(input, settings, row);
    shape ??= ofColumns?.shape;
    const names = ofColumns?.names;
    if (columns !== undefined && JSON.stringify(columns) !== JSON.stringify(names)) {
      const [expected, got] = [listColumns(columns), listColumns(names ?? [])];
      throw usageError(`${input.name}: expected the columns ${expected} in every file, got ${got}`);
    }
    columns = names;
    if (first === undefined) continue;
    const place = `${input.name}:${first.line}`;
    refuseForeignInput(first.bytes, place, settings);
    if ((from === 'jsonl' || from === 'json') && !stream) await refuseSeveralLines(input, first);
    if (format === undefined) {
      if (first.oversized !== undefined) {
        throw usageError(
          `${place}: expected a header of at most ${maxRowBytes} bytes (${optionName('maxRowBytes')}), got more`,
        );
      }
      input.body = positionAfter(first);
      const own = readHeader(first, settings, place);
      input.first = { row: withoutValues(own.columns), line: first.line };
      if (header === undefined) {
        const keys = own.columns.map(columnKey);
        const has = (name: string): boolean => keys.includes(columnKey(name));
        const known = { names: own.columns, listed: listColumns(own.columns), has };
        const absent = refuseAbsentColumns(known, settings.fields);
        if (absent !== undefined) throw usageError(`${place}: ${absent}`);
        const kind = kindOfColumns(keys, fields)?.kind;
        if (existing === 'refuse') refuseTakenField(keys, kind, settings, place, columnKey);
        if (keep !== undefined) refuseKept(keep, own.columns, place, true);
        header = own;
      } else if (JSON.stringify(own.columns) !== JSON.stringify(header.columns)) {
        const [expected, got] = [listColumns(header.columns), listColumns(own.columns)];
        throw usageError(`${place}: expected the columns ${expected} in every file, got ${got}`);
      }
    } else if (row !== undefined) {
      // A bad row is reported when its turn comes.
      input.first = { row: ofColumns?.complete(row) ?? row, line: first.line };
      if (rowSeen) continue;
      if (existing === 'refuse') refuseTakenField(Object.keys(row), kindOfRow(row, fields), settings, place);
      if (keep !== undefined && ofColumns === undefined) {
        refuseKept(keep, isBareText(row) ? ['text'] : Object.keys(row), place, false);
        // The columns of a table are those of its first row.
        if (to === 'csv' || to === 'tsv') shape = shapeOf(kindOfRow(row, fields));
      }
      rowSeen = true;
    }
  }
  return {
    ...settings,
    fields,
    header,
    ...(shape !== undefined && { shape }),
    ...(columns !== undefined && { columns }),
  };
}

/** How many remote files are looked at together: each is some requests, which take their time one after the other. */
const PEEKED_TOGETHER = 8;

interface PeekedInput {
  readonly input: Input;
  readonly first: InputRecord | undefined;
}

/** Looks at inputs in their order, and at the next remote ones meanwhile. */
async function* peekInOrder(
  inputs: readonly Input[],
  peek: (input: Input) => Promise<InputRecord | undefined>,
): AsyncGenerator<PeekedInput> {
  const peeked = new Map<Input, Promise<InputRecord | undefined>>();
  try {
    for (const [i, input] of inputs.entries()) {
      for (const next of inputs.slice(i, i + PEEKED_TOGETHER)) {
        if (next.remote === undefined || peeked.has(next)) continue;
        const first = peek(next);
        first.catch(() => undefined); // It is thrown when its turn comes.
        peeked.set(next, first);
      }
      yield { input, first: await (peeked.get(input) ?? peek(input)) };
      peeked.delete(input);
    }
  } finally {
    // Those that were begun and are not wanted, as an earlier one is refused.
    for (const input of peeked.keys()) input.stop();
    await Promise.allSettled(peeked.values());
  }
}

const byKey = (fields: NamedFields): NamedFields =>
  Object.fromEntries(Object.entries(fields).map(([role, name]) => [role, columnKey(name)]));

/** What is known of an input whose container knows its columns. */
interface ColumnsOfInput {
  /** That of its rows' rewards. */
  readonly shape: RewardShape;
  /** The columns' names where rows are written as cells. */
  readonly names: readonly string[] | undefined;
  /** Its first row, which has a value in the columns that flags name, and all others, read or not. */
  readonly complete: (row: Row) => Row;
}

/**
 * What can be seen of an input whose container knows its columns.
 *
 * @param row its first one, as far as it is read; undefined where there is none
 * @returns undefined where it has no columns
 * @throws FatalError `usage` where the format is not that of the file, its columns lack what is to be scored, one that is read
 *   holds no text, or one that is to be a cell holds lists or structures
 */
async function checkColumns(
  input: Input,
  settings: Omit<FormatSettings, 'header'>,
  row: Row | undefined,
): Promise<ColumnsOfInput | undefined> {
  const { from, to, fields, existing, keep } = settings;
  const columns = input.container?.readColumns === undefined ? undefined : await input.columnsOfFile();
  if ((columns === undefined) !== (from !== 'parquet')) {
    const got = columns === undefined ? otherThanParquet(input) : `Parquet; say which it is with ${optionName('from')}`;
    throw usageError(`${input.name}: expected ${from}, got ${got}`);
  }
  if (columns === undefined) return undefined;
  const names = columns.map(({ name }) => name);
  const read = kindOfColumns(names, fields)?.columns ?? [];
  const binary = columns.find(({ name, isBinary }) => isBinary && read.includes(name));
  if (binary !== undefined) {
    throw usageError(
      `${input.name}: expected the column ${binary.name} to hold text, got bytes; give it a type of text, ` +
        `or name another with ${optionName('text')} or the like`,
    );
  }
  const sample = withMessages(Object.fromEntries(columns.map(({ name, sample }) => [name, sample])));
  // Which keys a map has, only a row says.
  const has = (name: string): boolean => [sample, row ?? {}].some((one) => reachField(one, name) !== undefined);
  const known = { names, listed: listColumns(names), has };
  const absent = refuseAbsentColumns(known, fields);
  if (absent !== undefined) throw usageError(`${input.name}: ${absent}`);
  const kind = kindOfRow(sample, fields) ?? (row && kindOfRow(row, fields));
  if (kind === undefined && !carryRewards(names, settings)) {
    const instead = `name others with ${optionName('text')} or the like`;
    throw usageError(`${input.name}: ${unfitColumns(known)}; ${instead}`);
  }
  if (existing === 'refuse') refuseTakenField(names, kind, settings, input.name);
  if (keep !== undefined) refuseKept(keep, names, input.name, false);
  const isTable = to === 'csv' || to === 'tsv';
  const cells = keep ?? names;
  const nested = isTable ? columns.find(({ name, isFlat }) => !isFlat && cells.includes(name)) : undefined;
  if (nested !== undefined) {
    throw usageError(
      `${input.name}: expected columns that fit into cells for ${to}, got lists or structures in ${nested.name}; ` +
        `write JSON lines with ${optionName('to')} jsonl, or only other columns with ${optionName('keep')}`,
    );
  }
  const nothing = Object.fromEntries(names.map((name) => [name, null]));
  const complete = (read: Row): Row => {
    const lacking = Object.values(fields).filter((name) => reachField(read, name) === undefined);
    const columnsOf = lacking.map((name) => (Object.hasOwn(sample, name) ? name : (name.split('.')[0] as string)));
    return { ...nothing, ...read, ...Object.fromEntries(columnsOf.map((name) => [name, sample[name]])) };
  };
  return { shape: shapeOf(kind), names: isTable ? cells : undefined, complete };
}

/**
 * Whether the inputs have no record at all; one that is bad is one too.
 *
 * @param settings as `inspectInputs` completed them
 */
export async function haveNoRows(
  inputs: readonly Input[],
  settings: FormatSettings,
  maxRowBytes: number,
): Promise<boolean> {
  const { from, header } = settings;
  const hasHeader = from === 'csv' || from === 'tsv';
  if (hasHeader && header === undefined) return true;
  const format = createFormat(settings);
  for (const input of inputs) {
    if (!hasHeader && input.first !== undefined) return false;
    const isNoRow = (record: InputRecord): boolean => record.byte < input.body.byte || format.isBlank(record);
    if (!(await input.hasNoRecord(format.newScanner(), isNoRow, maxRowBytes))) return false;
  }
  return true;
}

/** The first row of the inputs, or of a header its columns; undefined where there is none that can be read. */
export interface FirstRow {
  readonly row: Row;
  /** Its file and line. */
  readonly place: string;
  readonly hasReward: boolean;
}

/** @param settings as `inspectInputs` completed them */
export async function readFirstRow(
  inputs: readonly Input[],
  settings: FormatSettings,
  maxRowBytes: number,
): Promise<FirstRow | undefined> {
  const { header, rewardField } = settings;
  const firstRow = (row: Row, key: string, place: string): FirstRow => {
    return { row, place, hasReward: existingShape(Object.keys(row), key) !== undefined };
  };
  if (header !== undefined) {
    const row = Object.fromEntries(header.columns.map((name) => [columnKey(name), '']));
    return firstRow(row, columnKey(rewardField), header.place);
  }
  const format = createFormat(settings);
  for (const input of inputs) {
    const first = await input.peekRecord(format.newScanner(), format.isBlank, maxRowBytes);
    await input.reset();
    if (first === undefined) continue;
    const row = first.oversized === undefined ? format.parse(first)?.row : undefined;
    return row && firstRow(row, rewardField, `${input.name}:${first.line}`);
  }
  return undefined;
}

/** A row of a table by the names of its columns alone, of which there may be a million. */
function withoutValues(columns: readonly string[]): Row {
  // Without a prototype, a column called __proto__ is one like any other.
  const row = Object.create(null) as Record<string, ''>;
  for (const name of columns) row[columnKey(name)] = '';
  return row;
}

/** @param kind that of the row; without one, its one reward is null */
function refuseTakenField(
  keys: readonly string[],
  kind: RowKind | undefined,
  settings: FieldSettings,
  place: string,
  keyOf?: (name: string) => string,
): void {
  const taken = takenField(keys, kind ?? 'text', settings, keyOf);
  if (taken !== undefined) {
    throw usageError(`${place}: expected no field ${taken}, which the reward is written to; ${insteadOfTakenField()}`);
  }
}
