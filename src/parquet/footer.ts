/**
 * What a Parquet file says of itself at its end: its schema, and where the chunks of its columns stand.
 *
 * Source: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
 */
import { type FatalError, messageOf, usageError } from '../errors.js';
import { type ByteSource, readExactly } from '../platform/byte-source.js';
import { fieldsOf } from './field-numbers.js';
import { type Leaf, readSchema, type Schema } from './schema.js';
import {
  fieldOf,
  listOf,
  numberOf,
  structOf,
  structsOf,
  ThriftError,
  ThriftReader,
  type ThriftStruct,
  textOf,
} from './thrift.js';

/** The bytes of one column in one row group. */
export interface ColumnChunk {
  readonly leaf: Leaf;
  readonly codec: number;
  /** Values, those that are missing included. */
  readonly values: number;
  /** Where its pages begin in the file. */
  readonly start: number;
  /** Bytes of all its pages. */
  readonly length: number;
  /** As the file has it. */
  readonly stored: ThriftStruct;
}

export interface RowGroup {
  readonly rows: number;
  /** Rows of the groups before it. */
  readonly rowsBefore: number;
  /** One for each leaf of the schema, in its order. */
  readonly chunks: readonly ColumnChunk[];
  /** As the file has it. */
  readonly stored: ThriftStruct;
}

export interface Footer {
  readonly schema: Schema;
  readonly rows: number;
  readonly groups: readonly RowGroup[];
  /** As the file has it. */
  readonly stored: ThriftStruct;
}

export const MAGIC = Buffer.from('PAR1');
/** It also begins a file of which the footer is encrypted. */
export const ENCRYPTED_MAGIC = Buffer.from('PARE');
/** The footer's length and the magic bytes after it. */
const TAIL_BYTES = 8;

/** @throws FatalError `usage` where the file is cut, encrypted, damaged, or of a kind that is not read */
export async function readFooter(source: ByteSource): Promise<Footer> {
  const { name, size } = source;
  if (size < MAGIC.length + TAIL_BYTES) throw broken(name, `it has ${size} bytes; it was cut: fetch it again`);
  const tail = await readExactly(source, size - TAIL_BYTES, TAIL_BYTES);
  const magic = tail.subarray(4);
  if (magic.equals(ENCRYPTED_MAGIC)) throw encrypted(name);
  if (!magic.equals(MAGIC)) {
    throw broken(name, `it does not end with PAR1; it was cut, or is still being written: fetch it again`);
  }
  const length = tail.readUInt32LE();
  if (length > size - MAGIC.length - TAIL_BYTES)
    throw broken(name, `its footer is said to have ${length} bytes; it is damaged`);
  const bytes = await readExactly(source, size - TAIL_BYTES - length, length);
  try {
    return parseFooter(bytes, source);
  } catch (error) {
    if (error instanceof ThriftError || error instanceof RangeError) {
      throw broken(name, `its footer cannot be read: ${messageOf(error)}; it is damaged`, { cause: error });
    }
    throw error;
  }
}

const broken = (name: string, what: string, options?: ErrorOptions): FatalError =>
  usageError(`${name}: expected a whole Parquet file, but ${what}`, options);

const encrypted = (name: string): FatalError =>
  usageError(`${name}: expected a Parquet file that is not encrypted, got an encrypted one; decrypt it first`);

function parseFooter(bytes: Uint8Array, { name, size }: ByteSource): Footer {
  const stored = new ThriftReader(bytes).readStruct();
  const { file, group: ofGroup } = fieldsOf;
  if (fieldOf(stored, file.encryption) !== undefined) throw encrypted(name);
  const schema = readSchema(structsOf(stored, file.schema) ?? [], name);
  let rowsBefore = 0;
  const groups = (structsOf(stored, file.groups) ?? []).map((group, i): RowGroup => {
    const rows = countOf(numberOf(group, ofGroup.rows), 'rows');
    const chunks = structsOf(group, ofGroup.columns) ?? [];
    if (chunks.length !== schema.leaves.length) {
      throw new ThriftError(`row group ${i} has ${chunks.length} columns, the schema ${schema.leaves.length}`);
    }
    const read = {
      rows,
      rowsBefore,
      chunks: chunks.map((chunk, k) => readChunk(chunk, schema.leaves[k] as Leaf, rows, name, size)),
    };
    rowsBefore += rows;
    return { ...read, stored: group };
  });
  const rows = countOf(numberOf(stored, file.rows), 'rows');
  if (rows !== rowsBefore) throw new ThriftError(`it speaks of ${rows} rows, its row groups of ${rowsBefore}`);
  return { schema, rows, groups, stored };
}

function readChunk(stored: ThriftStruct, leaf: Leaf, rows: number, name: string, size: number): ColumnChunk {
  const { chunk, column } = fieldsOf;
  const where = leaf.path.join('.');
  const elsewhere = textOf(stored, chunk.filePath);
  if (elsewhere !== undefined) {
    throw usageError(
      `${name}: expected the column ${where} in the file itself, got one in ${elsewhere}; rewrite it as one file`,
    );
  }
  if (fieldOf(stored, chunk.crypto) !== undefined) throw encrypted(name);
  const metadata = structOf(stored, chunk.metadata);
  if (metadata === undefined) throw new ThriftError(`the column ${where} has no metadata`);
  const path = listOf(metadata, column.path)?.map((part) =>
    part instanceof Uint8Array ? Buffer.from(part).toString() : '',
  );
  if (path?.join('.') !== where)
    throw new ThriftError(`the column ${where} is called ${path?.join('.')} in a row group`);
  const data = countOf(numberOf(metadata, column.dataPage), 'bytes');
  const dictionary = numberOf(metadata, column.dictionaryPage);
  // Some writers leave 0 where there is no dictionary.
  const start = dictionary !== undefined && dictionary > 0 && dictionary < data ? dictionary : data;
  const length = countOf(numberOf(metadata, column.compressed), 'bytes');
  const values = countOf(numberOf(metadata, column.values), 'values');
  if (leaf.repetitions === 0 && values !== rows) {
    throw new ThriftError(`the column ${where} has ${values} values for ${rows} rows`);
  }
  if (start + length > size)
    throw new ThriftError(`the column ${where} ends at byte ${start + length}, the file at ${size}`);
  return {
    leaf,
    codec: numberOf(metadata, column.codec) ?? -1,
    values,
    start,
    length,
    stored,
  };
}

function countOf(value: number | undefined, what: string): number {
  if (value === undefined || value < 0 || !Number.isSafeInteger(value))
    throw new ThriftError(`a number of ${what} is ${value}`);
  return value;
}
