/**
 * Writes a file of row groups that are there already: each column's bytes as they were, with new columns after them. A group
 * of which not all rows are kept is encoded anew, and one of which none is kept is left out. Where these groups come from
 * does not show: groups that were written by several runs make the file that one run would have made.
 */
import { runError } from '../errors.js';
import { type ByteSource, readExactly } from '../platform/byte-source.js';
import { damagedColumn } from './damage.js';
import { fieldsOf } from './field-numbers.js';
import { FileSink } from './file-sink.js';
import { type ColumnChunk, type Footer, MAGIC, type RowGroup } from './footer.js';
import { inOrder } from './in-order.js';
import { updatedKeyValue } from './key-values.js';
import { encodeColumn, type NewColumn, type NewValue, schemaOf } from './new-column.js';
import { selectRows } from './select-rows.js';
import {
  binary,
  fieldOf,
  i16,
  i32,
  i64,
  listOf,
  numberOf,
  struct,
  structOf,
  structs,
  structsOf,
  type ThriftField,
  type ThriftStruct,
  textOf,
  withFields,
  writeStruct,
} from './thrift.js';

export interface FileContent {
  /** What it is to say of itself, but for its row groups. */
  readonly footer: Footer;
  /** Each with its number in its own file. */
  readonly groups: readonly { readonly source: ByteSource; readonly group: RowGroup; readonly index: number }[];
  readonly columns: readonly NewColumn[];
  /** Names of the columns of the groups that are written, in this order; undefined: all are. */
  readonly kept: readonly string[] | undefined;
  /** Returns what is written of the next rows. */
  readonly nextRows: (rows: number) => Promise<WrittenRows>;
}

/** What is written of a row group. */
export interface WrittenRows {
  /** 1 for each row that is kept, and 0 for each that is not; undefined where all are kept. */
  readonly keep: Uint8Array | undefined;
  /** The values of the new columns for the rows that are kept, a list for each column. */
  readonly values: readonly (readonly NewValue[])[];
}

export interface WrittenFile {
  readonly bytes: number;
  /** Keys of the footer that were left out, because what stood there could not be brought up to date. */
  readonly dropped: readonly string[];
}

const COPIED_BYTES = 1 << 20;

/** @throws FatalError `run` where the file cannot be written, or a source cannot be read */
export async function writeFile(path: string, content: FileContent): Promise<WrittenFile> {
  const sink = await FileSink.open(path);
  try {
    await sink.write(MAGIC);
    const groups: ThriftStruct[] = [];
    for (const { source, group, index } of content.groups) {
      const written = await content.nextRows(group.rows);
      if (written.keep?.includes(1) === false) continue;
      groups.push(await writeGroup(sink, { source, group, index, written, number: groups.length }, content));
    }
    const { stored, dropped } = footerOf(content, groups);
    const footer = writeStruct(stored);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(footer.length);
    await sink.write(Buffer.concat([footer, length, MAGIC]));
    await sink.sync();
    return { bytes: sink.position, dropped };
  } finally {
    await sink.close();
  }
}

interface GroupToWrite {
  readonly source: ByteSource;
  readonly group: RowGroup;
  /** Which of its own file's. */
  readonly index: number;
  readonly written: WrittenRows;
  /** Which of the file that is written. */
  readonly number: number;
}

async function writeGroup(
  sink: FileSink,
  { source, group, index, written: { keep, values }, number }: GroupToWrite,
  { columns, kept }: FileContent,
): Promise<ThriftStruct> {
  const start = sink.position;
  const chunks: ThriftStruct[] = [];
  for (const chunk of inOrder(group.chunks, kept, ({ leaf }) => leaf.path[0])) {
    const { path } = chunk.leaf;
    if (keep === undefined) {
      chunks.push(movedChunk(chunk, sink.position));
      await copyChunk(sink, source, chunk);
      continue;
    }
    try {
      chunks.push(await selectRows(source, chunk, keep, sink.position, (bytes) => sink.write(bytes)));
    } catch (error) {
      throw damagedColumn(source.name, path, index, error);
    }
  }
  for (const [i, column] of columns.entries()) {
    const { bytes, stored } = encodeColumn(column, values[i] ?? [], sink.position);
    await sink.write(bytes);
    chunks.push(stored);
  }
  const { group: fields, column } = fieldsOf;
  const sum = (field: number): number =>
    chunks.reduce(
      (total, chunk) => total + (numberOf(structOf(chunk, fieldsOf.chunk.metadata) ?? chunk, field) ?? 0),
      0,
    );
  const has = (field: number): boolean => fieldOf(group.stored, field) !== undefined;
  const set: ThriftField[] = [structs(fields.columns, chunks), i64(fields.bytes, sum(column.uncompressed))];
  if (keep !== undefined)
    set.push(
      i64(
        fields.rows,
        keep.reduce((rows, one) => rows + one, 0),
      ),
    );
  if (has(fields.fileOffset)) set.push(i64(fields.fileOffset, start));
  if (has(fields.compressed)) set.push(i64(fields.compressed, sum(column.compressed)));
  if (has(fields.ordinal)) set.push(i16(fields.ordinal, number));
  // The columns that rows are sorted by are named by their numbers.
  return withFields(group.stored, set, kept === undefined ? [] : [fields.sorting]);
}

async function copyChunk(sink: FileSink, source: ByteSource, { start, length }: ColumnChunk): Promise<void> {
  for (let done = 0; done < length; done += COPIED_BYTES) {
    const size = Math.min(COPIED_BYTES, length - done);
    try {
      await sink.write(await readExactly(source, start + done, size, start + length));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw runError(`${source.name}: ${error.message}: the file was cut while it was read`, { cause: error });
    }
  }
}

/** The indexes of pages and the Bloom filters stand elsewhere in the old file, and are left there. */
function movedChunk({ stored, start }: ColumnChunk, position: number): ThriftStruct {
  const { chunk, column } = fieldsOf;
  const metadata = structOf(stored, chunk.metadata) as ThriftStruct;
  const moved = [column.dataPage, column.indexPage, column.dictionaryPage].flatMap((field): ThriftField[] => {
    const offset = numberOf(metadata, field);
    // One that stands before the chunk is none: some writers leave 0.
    return offset === undefined || offset < start ? [] : [i64(field, offset - start + position)];
  });
  const own = withFields(metadata, moved, [
    column.indexPage,
    column.dictionaryPage,
    column.bloomFilter,
    column.bloomFilterLength,
  ]);
  return withFields(
    stored,
    [i64(chunk.fileOffset, 0), struct(chunk.metadata, own.fields)],
    [chunk.offsetIndex, chunk.offsetIndexLength, chunk.columnIndex, chunk.columnIndexLength],
  );
}

function footerOf(
  { footer: { stored, schema }, columns, kept }: FileContent,
  written: readonly ThriftStruct[],
): { readonly stored: ThriftStruct; readonly dropped: readonly string[] } {
  const { file } = fieldsOf;
  const rows = written.reduce((sum, group) => sum + (numberOf(group, fieldsOf.group.rows) ?? 0), 0);
  const set: ThriftField[] = [
    structs(file.schema, schemaWith(structsOf(stored, file.schema) ?? [], columns, kept)),
    i64(file.rows, rows),
    structs(file.groups, written),
  ];
  const orders = structsOf(stored, file.orders);
  if (orders !== undefined) {
    const numbered = orders.map((order, i) => ({ order, name: schema.leaves[i]?.path[0] }));
    const own = inOrder(numbered, kept, ({ name }) => name).map(({ order }) => order);
    set.push(structs(file.orders, [...own, ...columns.map(() => ({ fields: [struct(1, [])] }))]));
  }
  const dropped: string[] = [];
  const pairs = structsOf(stored, file.keyValues);
  if (pairs !== undefined) {
    const updated = pairs.flatMap((pair): ThriftStruct[] => {
      const { key, value } = fieldsOf.keyValue;
      const [name, content] = [textOf(pair, key) ?? '', textOf(pair, value)];
      if (content === undefined) return [pair];
      const now = updatedKeyValue(name, content, { added: columns, kept });
      if (now === undefined) dropped.push(name);
      if (now === content) return [pair];
      return now === undefined ? [] : [withFields(pair, [binary(value, now)])];
    });
    set.push(structs(file.keyValues, updated));
  }
  return { stored: withFields(stored, set, [file.signature]), dropped };
}

/** @param elements the root first, then each column with what is below it */
function schemaWith(
  elements: readonly ThriftStruct[],
  columns: readonly NewColumn[],
  kept: readonly string[] | undefined,
): ThriftStruct[] {
  const { element } = fieldsOf;
  const [root, ...rest] = elements as [ThriftStruct, ...ThriftStruct[]];
  const all: ThriftStruct[][] = [];
  for (let i = 0; i < rest.length; ) {
    const end = endOf(rest, i);
    all.push(rest.slice(i, end));
    i = end;
  }
  const own = inOrder(all, kept, ([first]) => first && textOf(first, element.name));
  const children = i32(element.children, own.length + columns.length);
  return [withFields(root, [children]), ...own.flat(), ...columns.flatMap(schemaOf)];
}

/** Where the element after this one and all below it stands. */
function endOf(elements: readonly ThriftStruct[], at: number): number {
  let end = at + 1;
  const children = numberOf(elements[at] as ThriftStruct, fieldsOf.element.children) ?? 0;
  for (let i = 0; i < children; i++) end = endOf(elements, end);
  return end;
}

/** Whether files have the same columns, so that their row groups may stand in one. */
export const sameSchema = (a: Footer, b: Footer): boolean => {
  const bytes = ({ stored }: Footer): Buffer => {
    const elements = listOf(stored, fieldsOf.file.schema) as readonly ThriftStruct[] | undefined;
    // The root's name says which program wrote it.
    return Buffer.concat((elements ?? []).slice(1).map(writeStruct));
  };
  return bytes(a).equals(bytes(b));
};
