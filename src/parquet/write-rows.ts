/** Writes rows of JSON as a file of their own: row groups of so many rows, compressed with zstd. */
import { compressPage } from './codecs.js';
import { fieldsOf } from './field-numbers.js';
import { FileSink } from './file-sink.js';
import { MAGIC } from './footer.js';
import type { JsonType } from './json-types.js';
import { encoding } from './pages.js';
import { type LeafColumn, physicalTypes, type Shredder, shredderOf } from './shred.js';
import { binary, i32, i32s, i64, struct, structs, type ThriftStruct, texts, writeStruct } from './thrift.js';

const ZSTD = 6;
const DATA_PAGE = 0;
const PAGE_BYTES = 1 << 20;
const GROUP_ROWS = 100_000;
const GROUP_BYTES = 1 << 26;

export interface ColumnOfRows {
  readonly name: string;
  readonly type: JsonType;
}

/**
 * @param rows objects whose fields are of the columns' types; each may be missing
 * @returns bytes of the file
 * @throws FatalError `run` where it cannot be written
 */
export async function writeRows(
  path: string,
  columns: readonly ColumnOfRows[],
  rows: AsyncIterable<Readonly<Record<string, unknown>>>,
): Promise<number> {
  const sink = await FileSink.open(path);
  try {
    await sink.write(MAGIC);
    const shredders = columns.map(({ name, type }) => ({ name, shredder: shredderOf(type, name) }));
    const groups: ThriftStruct[] = [];
    let group = new GroupOfRows(shredders.map(({ shredder }) => shredder));
    let count = 0;
    for await (const row of rows) {
      for (const { name, shredder } of shredders) shredder.add(Object.hasOwn(row, name) ? row[name] : null, 0, 0);
      count++;
      await group.rowAdded();
      if (group.isFull) {
        groups.push(await group.write(sink));
        group = new GroupOfRows(shredders.map(({ shredder }) => shredder));
      }
    }
    if (group.rows > 0) groups.push(await group.write(sink));
    const { file, element } = fieldsOf;
    const root = { fields: [binary(element.name, 'schema'), i32(element.children, columns.length)] };
    const footer = writeStruct({
      fields: [
        i32(file.version, 2),
        structs(file.schema, [root, ...shredders.flatMap(({ shredder }) => shredder.elements)]),
        i64(file.rows, count),
        structs(file.groups, groups),
        binary(file.createdBy, 'reward-score'),
      ],
    });
    const length = Buffer.alloc(4);
    length.writeUInt32LE(footer.length);
    await sink.write(Buffer.concat([footer, length, MAGIC]));
    await sink.sync();
    return sink.position;
  } finally {
    await sink.close();
  }
}

interface WrittenColumn {
  readonly leaf: LeafColumn;
  readonly pages: Buffer[];
  values: number;
  nulls: number;
  uncompressed: number;
  compressed: number;
}

/** Holds the compressed pages of a row group until it is full. */
class GroupOfRows {
  rows = 0;
  readonly #columns: readonly WrittenColumn[];

  constructor(shredders: readonly Shredder[]) {
    const leaves = shredders.flatMap((shredder) => shredder.leaves);
    this.#columns = leaves.map((leaf) => ({ leaf, pages: [], values: 0, nulls: 0, uncompressed: 0, compressed: 0 }));
  }

  get isFull(): boolean {
    return this.rows >= GROUP_ROWS || this.#columns.reduce((sum, { compressed }) => sum + compressed, 0) >= GROUP_BYTES;
  }

  async rowAdded(): Promise<void> {
    this.rows++;
    for (const column of this.#columns) if (column.leaf.size >= PAGE_BYTES) await addPage(column);
  }

  async write(sink: FileSink): Promise<ThriftStruct> {
    const { group, chunk, column: fields } = fieldsOf;
    const chunks: ThriftStruct[] = [];
    let bytes = 0;
    for (const column of this.#columns) {
      if (column.leaf.size > 0) await addPage(column);
      const { leaf, pages, values, nulls, uncompressed, compressed } = column;
      const metadata = [
        i32(fields.type, physicalTypes[leaf.kind]),
        i32s(fields.encodings, [encoding.plain, encoding.runs]),
        texts(fields.path, leaf.path),
        i32(fields.codec, ZSTD),
        i64(fields.values, values),
        i64(fields.uncompressed, uncompressed),
        i64(fields.compressed, compressed),
        i64(fields.dataPage, sink.position),
        struct(fields.statistics, [i64(fieldsOf.statistics.nulls, nulls)]),
      ];
      chunks.push({ fields: [i64(chunk.fileOffset, 0), struct(chunk.metadata, metadata)] });
      bytes += uncompressed;
      for (const page of pages) await sink.write(page);
    }
    return { fields: [structs(group.columns, chunks), i64(group.bytes, bytes), i64(group.rows, this.rows)] };
  }
}

async function addPage(column: WrittenColumn): Promise<void> {
  const { count, nulls, body } = column.leaf.take();
  const compressed = await compressPage(ZSTD, body);
  const { page, data } = fieldsOf;
  const header = writeStruct({
    fields: [
      i32(page.type, DATA_PAGE),
      i32(page.uncompressed, body.length),
      i32(page.compressed, compressed.length),
      struct(page.data, [
        i32(data.values, count),
        i32(data.encoding, encoding.plain),
        i32(data.definitions, encoding.runs),
        i32(data.repetitions, encoding.runs),
      ]),
    ],
  });
  column.pages.push(Buffer.concat([header, compressed]));
  column.values += count;
  column.nulls += nulls;
  column.uncompressed += header.length + body.length;
  column.compressed += header.length + compressed.length;
}
