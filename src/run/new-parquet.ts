/**
 * Outputs in Parquet of rows that have no types of their own. The work in progress is JSON lines; when all of it is there, a
 * first pass over them finds the types of the columns, and a second one writes them.
 */
import { createReadStream } from 'node:fs';
import { type FatalError, runError, usageError } from '../errors.js';
import { optionName } from '../option-name.js';
import { commonType, fieldlessIn, type JsonType, MixedTypes, typeOf } from '../parquet/json-types.js';
import { parseExactly } from '../parquet/parse-exactly.js';
import { type ColumnOfRows, writeRows } from '../parquet/write-rows.js';
import type { RowFormat } from '../rows/formats/format.js';
import { kindOfRow } from '../rows/kinds/kinds.js';
import type { NamedFields } from '../rows/kinds/roles.js';
import { fileStart, LARGEST_ROW_BYTES, LineScanner, readRecords, recordAt } from '../rows/records.js';
import { type FieldSettings, resultFields, shapeOf } from '../rows/results.js';
import { REWARD_ERROR } from '../rows/reward-error.js';
import type { Input } from './input.js';
import type { Assemble } from './output.js';
import type { RunStatistics } from './statistics.js';

type JsonRow = Readonly<Record<string, unknown>>;

const BYTE_ORDER_MARK = /^\ufeff/;

/** Of these columns, no value is known yet. */
export const emptyColumns = (names: readonly string[]): JsonType => ({
  kind: 'object',
  fields: new Map(names.map((name) => [name, { kind: 'none' }])),
});

export interface RowsToCheck {
  readonly format: RowFormat;
  readonly fields: NamedFields;
  readonly maxRowBytes: number;
  /** Rows after so many are not read. */
  readonly limit: number | undefined;
  /** The fields that are written; undefined: all are. */
  readonly keep: readonly string[] | undefined;
}

/**
 * Reads the inputs once to find the types of their columns, before anything is scored.
 *
 * @throws FatalError `usage` where an input can be read only once, a column holds values of several types, or some rows have
 *   a reward and others a list of them
 */
export async function typesOfInputs(
  inputs: readonly Input[],
  { format, fields, maxRowBytes, limit = Number.POSITIVE_INFINITY, keep }: RowsToCheck,
): Promise<JsonType> {
  let type = emptyColumns([]);
  let isList: boolean | undefined;
  let rows = 0;
  for (const input of inputs) {
    if (input.size === undefined) {
      throw usageError(
        `${input.name}: expected a regular file for Parquet as output: it is read once before for its types`,
      );
    }
    for await (const batch of readRecords(
      input.content(input.body.byte),
      format.newScanner(),
      input.body,
      maxRowBytes,
    )) {
      for (let i = 0; i < batch.ends.length && rows < limit; i++) {
        const record = recordAt(batch, i);
        const { row } = (record.oversized === undefined && format.parse(record)) || {};
        rows++;
        const place = `${input.name}:${batch.lines[i]}`;
        if (row === undefined) continue;
        const refuse = (what: string): FatalError => usageError(`${place}: ${refusal(what)}`);
        const value = parseExactly(record.bytes.toString().replace(BYTE_ORDER_MARK, ''));
        // Why an earlier run gave no reward makes no type: its column is one of text.
        const { [REWARD_ERROR]: _, ...members } = typeof value === 'string' ? row : (value as JsonRow);
        type = joined(type, keep === undefined ? members : fieldsOf(members, keep), refuse);
        const kind = kindOfRow(row, fields);
        if (kind === undefined) continue;
        const isOwnList = shapeOf(kind) === 'array';
        if (isOwnList !== (isList ?? isOwnList)) throw refuse('some rows have candidates and others none');
        isList = isOwnList;
      }
      if (rows >= limit) break;
    }
    await input.reset();
  }
  const fieldless = fieldlessIn(type);
  if (fieldless) throw usageError(`${inputs[0]?.name}: ${refusal(`${fieldless} holds objects without fields`)}`);
  return type;
}

const fieldsOf = (row: JsonRow, names: readonly string[]): JsonRow =>
  Object.fromEntries(names.flatMap((name) => (Object.hasOwn(row, name) ? [[name, row[name]]] : [])));

const refusal = (what: string): string =>
  `expected columns of one type each for Parquet, but ${what}; write JSON lines with ${optionName('to')} jsonl`;

function joined(type: JsonType, row: JsonRow, refuse: (what: string) => FatalError): JsonType {
  try {
    return commonType(type, typeOf(row), '');
  } catch (error) {
    if (error instanceof MixedTypes) throw refuse(error.message);
    throw error;
  }
}

export interface NewParquetSettings {
  /** The columns of a row's reward; undefined where it has none, as a pair of `best`. */
  readonly rewards: FieldSettings | undefined;
  /** Whether there is a column for why there is no reward. */
  readonly reasons: boolean;
  /** The columns that results are written to, where the inputs have none of these names. */
  readonly results: readonly string[];
  /** Types of the inputs' columns, all of which are written, as far as they are known. */
  readonly known: JsonType | undefined;
  /** What the run wrote of the rows, as lines. Default: the work is these. */
  readonly linesOf?: ((work: string, statistics: RunStatistics) => AsyncIterable<Buffer>) | undefined;
}

export const planNewParquet =
  ({ known = emptyColumns([]), linesOf = readLines, ...settings }: NewParquetSettings): Assemble =>
  async (work, target, statistics) => {
    let type = known;
    for await (const row of rowsOf(linesOf(work, statistics))) {
      type = joined(type, row, (what) => runError(`${work}: ${refusal(what)}`));
    }
    const columns = columnsOf(type, known, settings);
    return writeRows(target, columns, rowsOf(linesOf(work, statistics)));
  };

const readLines = (work: string): AsyncIterable<Buffer> => createReadStream(work) as AsyncIterable<Buffer>;

async function* rowsOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<JsonRow> {
  for await (const batch of readRecords(chunks, new LineScanner(), fileStart, LARGEST_ROW_BYTES)) {
    for (const i of batch.ends.keys()) {
      const row = parseExactly(recordAt(batch, i).bytes.toString().replace(BYTE_ORDER_MARK, '')) as JsonRow;
      const error = row[REWARD_ERROR];
      // As where columns are copied: a column of text.
      yield typeof error === 'object' && error !== null ? { ...row, [REWARD_ERROR]: JSON.stringify(error) } : row;
    }
  }
}

/**
 * Rewards are doubles, whatever numbers they happen to be. Results stand after what was there before, also where the first
 * row has nothing else.
 */
function columnsOf(
  type: JsonType,
  known: JsonType,
  { rewards: settings, results, reasons }: Pick<NewParquetSettings, 'rewards' | 'results' | 'reasons'>,
): ColumnOfRows[] {
  const fields = columnsIn(type);
  if (settings === undefined) return fields.map(([name, own]) => ({ name, type: own }));
  const [lone, pair] = (['single', 'pair'] as const).map((shape) =>
    resultFields({ ...settings, details: false }, shape),
  ) as [string[], string[]];
  const rewards = [...lone, ...pair, 'best_reward', 'reward_margin'];
  const columns = fields.map(
    ([name, own]): ColumnOfRows => ({ name, type: rewards.includes(name) ? asReward(own) : own }),
  );
  const before = new Set(columnsIn(known).map(([name]) => name));
  const isResult = ({ name }: ColumnOfRows): boolean => results.includes(name) && !before.has(name);
  const others = columns.filter(({ name }) => name !== REWARD_ERROR);
  const isScored = others.some(({ name }) => rewards.includes(name));
  return [
    ...others.filter((column) => !isResult(column)),
    ...others.filter(isResult),
    ...(isScored ? [] : lone.map((name): ColumnOfRows => ({ name, type: { kind: 'number' } }))),
    ...(reasons || others.length < columns.length ? [errorColumn] : []),
  ];
}

const columnsIn = (type: JsonType): [name: string, type: JsonType][] =>
  type.kind === 'object' ? [...type.fields] : [];

const errorColumn: ColumnOfRows = { name: REWARD_ERROR, type: { kind: 'text' } };

function asReward(type: JsonType): JsonType {
  if (type.kind === 'list') return { kind: 'list', item: asReward(type.item) };
  return type.kind === 'integer' || type.kind === 'none' ? { kind: 'number' } : type;
}
