/**
 * Encodes a column of a row group anew, with some of its rows alone. No value is decoded further than it takes to tell
 * one from the next, so that the types of columns, which the footer goes on to say, mean what they meant: values keep
 * their bits, and columns their codec and, but for the delta encodings, their encoding.
 */
import type { ByteSource } from '../platform/byte-source.js';
import { codecName, compressPage, isKnownCodec } from './codecs.js';
import { fieldsOf } from './field-numbers.js';
import type { ColumnChunk } from './footer.js';
import { bitsFor, packRuns } from './levels.js';
import { type DataPage, decodeValues, encoding, readBits, readIndexes, splitPages } from './pages.js';
import { choosePlain, chooseSplit, fixedSizeOf, lengthOf, plainOf } from './plain-values.js';
import type { Leaf } from './schema.js';
import { i32, i32s, i64, listOf, struct, structOf, type ThriftStruct, withFields, writeStruct } from './thrift.js';

const [DATA_PAGE, DICTIONARY_PAGE] = [0, 2];
/** Of a column's metadata: sizes and bounds of all values, which are not those of some (SizeStatistics, GeospatialStatistics). */
const STATISTICS_OF_ALL = [16, 17];

/** What is in no encoding that is written again, in words; undefined where there is no such thing. */
export function unselectable({ codec, stored }: ColumnChunk): string | undefined {
  if (!isKnownCodec(codec)) return `the codec ${codecName(codec)}`;
  const metadata = structOf(stored, fieldsOf.chunk.metadata);
  const known: readonly number[] = [...Object.values(encoding), BIT_PACKED];
  const other = (metadata && listOf(metadata, fieldsOf.column.encodings))?.find((one) => !known.includes(Number(one)));
  return other === undefined ? undefined : `the encoding ${Number(other)}`;
}

/** Some writers name it though it is that of no levels. */
const BIT_PACKED = 4;

/**
 * Writes the pages that the kept rows make.
 *
 * @param keep for each row of the group 1 where it is kept, and 0 where it is not; some row is kept
 * @param write writes to the file, of which `position` is the end
 * @returns what the footer says of the column
 * @throws RangeError or ThriftError where the column is damaged
 */
export async function selectRows(
  source: ByteSource,
  chunk: ColumnChunk,
  keep: Uint8Array,
  position: number,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<ThriftStruct> {
  const { leaf, codec, stored } = chunk;
  const encodings = new Set<number>([encoding.runs]);
  const total = { values: 0, nulls: 0, compressed: 0, uncompressed: 0 };
  let dictionaryAt: number | undefined;
  let dataAt: number | undefined;
  const writePage = async (body: Buffer, header: (compressed: number) => ThriftStruct): Promise<number> => {
    const compressed = await compressPage(codec, body);
    const head = writeStruct(header(compressed.length));
    const at = position + total.compressed;
    await write(head);
    await write(compressed);
    total.compressed += head.length + compressed.length;
    total.uncompressed += head.length + body.length;
    return at;
  };
  let row = -1;
  for await (const page of splitPages(source, chunk)) {
    if (page.kind === 'dictionary') {
      const body = Buffer.from(page.bytes.buffer, page.bytes.byteOffset, page.bytes.byteLength);
      const how = page.encoding ?? encoding.plain;
      encodings.add(how);
      const own = [i32(fieldsOf.dictionary.values, page.count), i32(fieldsOf.dictionary.encoding, how)];
      dictionaryAt = await writePage(body, (size) =>
        pageHeader(DICTIONARY_PAGE, body.length, size, fieldsOf.page.dictionary, own),
      );
      continue;
    }
    const kept = keptOf(page, leaf, keep, row);
    row = kept.row;
    if (kept.count === 0) continue;
    const values = valuesOf(page, leaf, kept.values);
    const body = Buffer.concat([
      ...withLength(kept.repetitions, leaf.repetitions),
      ...withLength(kept.definitions, leaf.definitions),
      values.bytes,
    ]);
    encodings.add(values.encoding);
    const own = [
      i32(fieldsOf.data.values, kept.count),
      i32(fieldsOf.data.encoding, values.encoding),
      i32(fieldsOf.data.definitions, encoding.runs),
      i32(fieldsOf.data.repetitions, encoding.runs),
    ];
    const at = await writePage(body, (size) => pageHeader(DATA_PAGE, body.length, size, fieldsOf.page.data, own));
    dataAt ??= at;
    total.values += kept.count;
    total.nulls += kept.count - kept.values.length;
  }
  if (row + 1 !== keep.length) throw new RangeError(`it has ${row + 1} of ${keep.length} rows`);
  const { chunk: ofChunk, column } = fieldsOf;
  const metadata = withFields(
    structOf(stored, ofChunk.metadata) as ThriftStruct,
    [
      i32s(
        column.encodings,
        [...encodings].sort((a, b) => a - b),
      ),
      i64(column.values, total.values),
      i64(column.uncompressed, total.uncompressed),
      i64(column.compressed, total.compressed),
      i64(column.dataPage, dataAt ?? position),
      ...(dictionaryAt === undefined ? [] : [i64(column.dictionaryPage, dictionaryAt)]),
      struct(column.statistics, [i64(fieldsOf.statistics.nulls, total.nulls)]),
    ],
    [
      column.indexPage,
      column.encodingStatistics,
      column.bloomFilter,
      column.bloomFilterLength,
      ...(dictionaryAt === undefined ? [column.dictionaryPage] : []),
      ...STATISTICS_OF_ALL,
    ],
  );
  return withFields(
    stored,
    [i64(ofChunk.fileOffset, 0), struct(ofChunk.metadata, metadata.fields)],
    [ofChunk.offsetIndex, ofChunk.offsetIndexLength, ofChunk.columnIndex, ofChunk.columnIndexLength],
  );
}

function pageHeader(
  type: number,
  uncompressed: number,
  compressed: number,
  field: number,
  own: Parameters<typeof struct>[1],
): ThriftStruct {
  const { page } = fieldsOf;
  return {
    fields: [
      i32(page.type, type),
      i32(page.uncompressed, uncompressed),
      i32(page.compressed, compressed),
      struct(field, own),
    ],
  };
}

interface Kept {
  /** Values, those that are missing included. */
  readonly count: number;
  readonly definitions: readonly number[];
  readonly repetitions: readonly number[];
  /** The numbers of the values that are there, among those of the page. */
  readonly values: readonly number[];
  /** The row that the page ends in, which the next one may go on with. */
  readonly row: number;
}

function keptOf({ count, definitions, repetitions }: DataPage, leaf: Leaf, keep: Uint8Array, before: number): Kept {
  const kept = { definitions: [] as number[], repetitions: [] as number[], values: [] as number[] };
  let row = before;
  let there = 0;
  let keptCount = 0;
  for (let i = 0; i < count; i++) {
    const repetition = repetitions?.[i] ?? 0;
    if (repetition === 0) row++;
    const definition = definitions?.[i] ?? leaf.definitions;
    const isThere = definition === leaf.definitions;
    if (keep[row] === 1) {
      keptCount++;
      kept.definitions.push(definition);
      kept.repetitions.push(repetition);
      if (isThere) kept.values.push(there);
    }
    if (isThere) there++;
  }
  return { ...kept, count: keptCount, row };
}

/** Levels in runs, after their length; nothing where there is one level alone. */
function withLength(levels: readonly number[], most: number): Buffer[] {
  if (most === 0) return [];
  const runs = packRuns(levels, bitsFor(most));
  return [lengthOf(runs), runs];
}

function valuesOf(
  page: DataPage,
  leaf: Leaf,
  chosen: readonly number[],
): { readonly encoding: number; readonly bytes: Buffer } {
  const { encoding: how, bytes, there } = page;
  switch (how) {
    case encoding.plain:
      return { encoding: how, bytes: choosePlain(bytes, leaf, chosen) };
    case encoding.plainDictionary:
    case encoding.dictionary: {
      const indexes = readIndexes(bytes, there);
      const width = bytes[0] ?? 0;
      const own = chosen.map((index) => indexes[index] as number);
      return { encoding: how, bytes: Buffer.concat([Buffer.from([width]), packRuns(own, width)]) };
    }
    case encoding.runs: {
      if (leaf.type !== 'BOOLEAN') break;
      const bits = readBits(bytes, there);
      const runs = packRuns(
        chosen.map((index) => bits[index] as number),
        1,
      );
      return { encoding: how, bytes: Buffer.concat([lengthOf(runs), runs]) };
    }
    case encoding.byteStreamSplit: {
      const size = fixedSizeOf(leaf);
      if (size !== undefined) return { encoding: how, bytes: chooseSplit(bytes, size, there, chosen) };
    }
  }
  // The others are of integers and bytes; any that cannot be is refused there.
  return { encoding: encoding.plain, bytes: plainOf(decodeValues(page, leaf), leaf, chosen) };
}
