/** Reads a column chunk page by page, and never more of it than a page. */

import { type ByteSource, readExactly } from '../platform/byte-source.js';
import { crc32 } from '../platform/crc32.js';
import { codecName, decompressPage, isKnownCodec } from './codecs.js';
import { fieldsOf } from './field-numbers.js';
import type { ColumnChunk } from './footer.js';
import {
  decodeByteStreamSplit,
  decodeDeltaBinary,
  decodeDeltaBytes,
  decodeDeltaLength,
  decodePlain,
  type RawValues,
} from './hyparquet.js';
import { bitsFor, readRuns } from './levels.js';
import type { Leaf } from './schema.js';
import { fieldOf, numberOf, structOf, ThriftError, ThriftReader, type ThriftStruct } from './thrift.js';

/** Levels that say where a page's values belong; undefined where all are the same. */
interface PageLevels {
  /** Values, those that are missing included. */
  readonly count: number;
  readonly definitions: Uint8Array | undefined;
  readonly repetitions: Uint8Array | undefined;
}

/** A page with the values that are there. */
export interface DecodedPage extends PageLevels {
  readonly values: RawValues;
}

/** A page whose values are not decoded yet. */
export interface DataPage extends PageLevels {
  readonly kind: 'data';
  /** How many values are there. */
  readonly there: number;
  /** How they are encoded. */
  readonly encoding: number | undefined;
  /** They themselves, decompressed. */
  readonly bytes: Uint8Array;
}

export interface DictionaryPage {
  readonly kind: 'dictionary';
  readonly count: number;
  readonly encoding: number | undefined;
  readonly bytes: Uint8Array;
}

/** Bytes that are read at once; most pages are a little larger. */
const BLOCK_BYTES = 1 << 16;
/** Longest page header: it may quote the least and the greatest value of its page. */
const MOST_HEADER_BYTES = 1 << 24;
/** A page of more is damaged: writers close a page after a megabyte or a single large value. */
const MOST_PAGE_BYTES = 2 ** 30;
const MOST_PAGE_VALUES = 2 ** 26;

const pageType = { data: 0, index: 1, dictionary: 2, data2: 3 } as const;

export const encoding = {
  plain: 0,
  plainDictionary: 2,
  runs: 3,
  deltaBinary: 5,
  deltaLength: 6,
  deltaBytes: 7,
  dictionary: 8,
  byteStreamSplit: 9,
} as const;

/** @throws Error of any class where the chunk is damaged */
export async function* readPages(source: ByteSource, chunk: ColumnChunk): AsyncGenerator<DecodedPage> {
  let dictionary: RawValues | undefined;
  for await (const page of splitPages(source, chunk)) {
    if (page.kind === 'dictionary')
      dictionary = decodePlain(page.bytes, chunk.leaf.type, page.count, chunk.leaf.length);
    else yield { ...page, values: decodeValues(page, chunk.leaf, dictionary) };
  }
}

/**
 * Reads the pages of a chunk, with their levels and without decoding their values.
 *
 * @throws Error of any class where the chunk is damaged
 */
export async function* splitPages(source: ByteSource, chunk: ColumnChunk): AsyncGenerator<DataPage | DictionaryPage> {
  const { codec } = chunk;
  if (!isKnownCodec(codec))
    throw new RangeError(`the codec ${codecName(codec)} is not read; rewrite it with zstd or snappy`);
  const cursor = new Cursor(source, chunk.start, chunk.start + chunk.length);
  let left = chunk.values;
  while (left > 0) {
    const header = await cursor.readHeader();
    const { page, dictionary: ofDictionary } = fieldsOf;
    const [length, whole] = [sizeOf(header, page.compressed), sizeOf(header, page.uncompressed)];
    const bytes = await cursor.take(length);
    const crc = numberOf(header, page.crc);
    if (crc !== undefined && crc32(bytes) !== crc >>> 0) throw new RangeError('the checksum of a page is wrong');
    const type = numberOf(header, page.type);
    if (type === pageType.dictionary) {
      // Each value takes a byte or more.
      const own = structOf(header, page.dictionary);
      const count = countOf(own, ofDictionary.values, whole);
      const how = own && numberOf(own, ofDictionary.encoding);
      yield { kind: 'dictionary', count, encoding: how, bytes: await decompressPage(codec, bytes, whole) };
      continue;
    }
    if (type === pageType.index) continue;
    const isData = type === pageType.data;
    if (!isData && type !== pageType.data2) throw new RangeError(`a page of the unknown kind ${type}`);
    const decoded = isData
      ? splitData(header, await decompressPage(codec, bytes, whole), chunk, left)
      : await splitData2(header, bytes, whole, chunk, left);
    left -= decoded.count;
    if (decoded.count > 0) yield decoded;
  }
}

function sizeOf(header: ThriftStruct, field: number): number {
  const size = numberOf(header, field);
  if (size === undefined || size < 0 || size > MOST_PAGE_BYTES) throw new RangeError(`a page of ${size} bytes`);
  return size;
}

function countOf(header: ThriftStruct | undefined, field: number, most: number): number {
  const count = header && numberOf(header, field);
  if (count === undefined || count < 0 || count > Math.min(most, MOST_PAGE_VALUES)) {
    throw new RangeError(`a page of ${count} values where ${most} are left`);
  }
  return count;
}

function splitData(header: ThriftStruct, bytes: Uint8Array, { leaf }: ColumnChunk, left: number): DataPage {
  const own = structOf(header, fieldsOf.page.data);
  const count = countOf(own, fieldsOf.data.values, left);
  let rest = bytes;
  const levels = (most: number, field: number): Uint8Array | undefined => {
    if (most === 0) return undefined;
    const how = own && numberOf(own, field);
    if (how !== encoding.runs)
      throw new RangeError(`levels in the encoding ${how}, which is not read; rewrite the file`);
    const length = lengthAt(rest);
    const read = readRuns(rest.subarray(4, 4 + length), bitsFor(most), new Uint8Array(count));
    rest = rest.subarray(4 + length);
    return read;
  };
  const repetitions = levels(leaf.repetitions, fieldsOf.data.repetitions);
  const definitions = levels(leaf.definitions, fieldsOf.data.definitions);
  const there = countThere(definitions, leaf, count);
  const how = own && numberOf(own, fieldsOf.data.encoding);
  return { kind: 'data', count, there, definitions, repetitions, encoding: how, bytes: rest };
}

async function splitData2(
  header: ThriftStruct,
  bytes: Uint8Array,
  whole: number,
  { leaf, codec }: ColumnChunk,
  left: number,
): Promise<DataPage> {
  const { data2, page } = fieldsOf;
  const own = structOf(header, page.data2);
  const count = countOf(own, data2.values, left);
  const sizes = [data2.repetitionBytes, data2.definitionBytes].map((field) => (own && numberOf(own, field)) ?? 0);
  const [repetitionBytes = 0, definitionBytes = 0] = sizes;
  const levelBytes = repetitionBytes + definitionBytes;
  if (sizes.some((size) => size < 0) || levelBytes > bytes.length || levelBytes > whole) {
    throw new RangeError(`levels of ${levelBytes} bytes in a page of ${bytes.length}`);
  }
  const levels = (most: number, from: number, length: number): Uint8Array | undefined =>
    most === 0 ? undefined : readRuns(bytes.subarray(from, from + length), bitsFor(most), new Uint8Array(count));
  const repetitions = levels(leaf.repetitions, 0, repetitionBytes);
  const definitions = levels(leaf.definitions, repetitionBytes, definitionBytes);
  const body = bytes.subarray(levelBytes);
  const isCompressed = own === undefined || fieldOf(own, data2.compressed) !== false;
  const rest = isCompressed ? await decompressPage(codec, body, whole - levelBytes) : body;
  const there = countThere(definitions, leaf, count);
  const how = own && numberOf(own, data2.encoding);
  return { kind: 'data', count, there, definitions, repetitions, encoding: how, bytes: rest };
}

function lengthAt(bytes: Uint8Array): number {
  if (bytes.length < 4) throw new RangeError('the page ends within its levels');
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  if (length > bytes.length - 4) throw new RangeError(`levels of ${length} bytes in a page of ${bytes.length}`);
  return length;
}

function countThere(definitions: Uint8Array | undefined, leaf: Leaf, count: number): number {
  if (definitions === undefined) return count;
  let there = 0;
  for (const level of definitions) {
    if (level > leaf.definitions) throw new RangeError(`a level of ${level}, of ${leaf.definitions} at most`);
    if (level === leaf.definitions) there++;
  }
  return there;
}

/** @throws RangeError where the bytes are not what the encoding says */
export function decodeValues(
  { encoding: how, bytes, there: count }: Pick<DataPage, 'encoding' | 'bytes' | 'there'>,
  { type, length }: Leaf,
  dictionary?: RawValues,
): RawValues {
  switch (how) {
    case encoding.plain:
      if (count > 8 * bytes.length) throw new RangeError(`${count} values in ${bytes.length} bytes`);
      return decodePlain(bytes, type, count, length);
    case encoding.plainDictionary:
    case encoding.dictionary:
      return ofDictionary(bytes, count, dictionary);
    case encoding.runs:
      if (type !== 'BOOLEAN') break;
      return [...readBits(bytes, count)].map((bit) => bit === 1);
    case encoding.deltaBinary:
      if (type !== 'INT32' && type !== 'INT64') break;
      return decodeDeltaBinary(bytes, type, count);
    case encoding.deltaLength:
      return decodeDeltaLength(bytes, count);
    case encoding.deltaBytes:
      return decodeDeltaBytes(bytes, count);
    case encoding.byteStreamSplit:
      return decodeByteStreamSplit(bytes, type, count, length);
  }
  throw new RangeError(`values of the type ${type} in the encoding ${how}, which is not read`);
}

/** Reads truth values that are written in runs. */
export const readBits = (bytes: Uint8Array, count: number): Uint8Array =>
  readRuns(bytes.subarray(4, 4 + lengthAt(bytes)), 1, new Uint8Array(count));

/** Reads the numbers of a dictionary's values. */
export function readIndexes(bytes: Uint8Array, count: number): Uint32Array {
  const width = bytes[0];
  if (width === undefined) throw new RangeError('the page ends before its indexes');
  // A dictionary of one value needs no bits.
  return width === 0 ? new Uint32Array(count) : readRuns(bytes.subarray(1), width, new Uint32Array(count));
}

function ofDictionary(bytes: Uint8Array, count: number, dictionary: RawValues | undefined): RawValues {
  const values: (boolean | number | bigint | Uint8Array)[] = new Array(count);
  if (count === 0) return values;
  const indexes = readIndexes(bytes, count);
  for (let i = 0; i < count; i++) {
    const value = dictionary?.[indexes[i] as number];
    if (value === undefined)
      throw new RangeError(`the value ${indexes[i]} of a dictionary of ${dictionary?.length ?? 0}`);
    values[i] = value;
  }
  return values;
}

/** Reads the bytes of a chunk in order. */
class Cursor {
  readonly #source: ByteSource;
  #position: number;
  readonly #end: number;
  /** What was read from `#from` on. */
  #block: Buffer = Buffer.alloc(0);
  #from = 0;

  constructor(source: ByteSource, start: number, end: number) {
    this.#source = source;
    this.#position = start;
    this.#end = end;
  }

  async readHeader(): Promise<ThriftStruct> {
    for (let length = 1 << 10; ; length *= 8) {
      const bytes = await this.#look(length);
      try {
        const reader = new ThriftReader(bytes);
        const header = reader.readStruct();
        this.#position += reader.offset;
        return header;
      } catch (error) {
        const isAll = bytes.length === this.#end - this.#position;
        if (!(error instanceof ThriftError) || isAll || length > MOST_HEADER_BYTES) throw error;
      }
    }
  }

  async take(length: number): Promise<Buffer> {
    if (this.#position + length > this.#end) throw new RangeError(`a page of ${length} bytes beyond its column`);
    const bytes = (await this.#look(length)).subarray(0, length);
    this.#position += length;
    return bytes;
  }

  /** Returns so many bytes or more; fewer only at the chunk's end. */
  async #look(length: number): Promise<Buffer> {
    const wanted = Math.min(length, this.#end - this.#position);
    const at = this.#position - this.#from;
    if (at < 0 || at + wanted > this.#block.length) {
      const size = Math.min(Math.max(wanted, BLOCK_BYTES), this.#end - this.#position);
      this.#block = await readExactly(this.#source, this.#position, size, this.#end);
      this.#from = this.#position;
    }
    return this.#block.subarray(this.#position - this.#from);
  }
}
