/** Reads a row group as lines of JSON, a few pages of each column at a time. */
import type { ByteSource } from '../platform/byte-source.js';
import { damagedColumn } from './damage.js';
import type { ColumnChunk, RowGroup } from './footer.js';
import { assembleLists, assembleNested, type SchemaNode } from './hyparquet.js';
import { type DecodedPage, readPages } from './pages.js';
import { type RowColumn, rowColumns } from './row-json.js';
import type { Schema } from './schema.js';

/** Bytes of lines that are yielded together, about. */
const BATCH_BYTES = 1 << 16;
const MOST_BATCH_ROWS = 4096;

export interface GroupReading {
  readonly source: ByteSource;
  readonly schema: Schema;
  readonly group: RowGroup;
  /** Which of the file's, from 0. */
  readonly index: number;
  /** The names of the columns that are read; undefined: all are. */
  readonly columns: ReadonlySet<string> | undefined;
}

/** @throws FatalError `run` where a column is damaged; the message names it */
export async function* readGroup({ source, schema, group, index, columns }: GroupReading): AsyncGenerator<Buffer> {
  const damaged = (path: readonly string[], error: unknown): Error => damagedColumn(source.name, path, index, error);
  const read = rowColumns(schema, columns).map((column): ColumnOfGroup => {
    const chunks = group.chunks.filter(({ leaf }) => column.leaves.includes(leaf));
    return { ...column, readers: chunks.map((chunk) => new LeafReader(source, chunk)) };
  });
  const readers = read.flatMap((column) => column.readers);
  try {
    let size = 16;
    for (let done = 0; done < group.rows; ) {
      // Together, since each may wait for a request; of several that are damaged, the first column is named.
      const filled = await Promise.allSettled(readers.map((reader) => reader.fill()));
      for (const [i, result] of filled.entries()) {
        if (result.status === 'rejected') throw damaged((readers[i] as LeafReader).path, result.reason);
      }
      const rows = Math.min(size, group.rows - done, ...readers.map(({ available }) => available));
      if (rows === 0) {
        const short = readers.find(({ available }) => available === 0) as LeafReader;
        throw damaged(short.path, new RangeError(`it has ${done} of ${group.rows} rows`));
      }
      const lines = linesOf(read, rows, damaged);
      done += rows;
      size = Math.max(
        1,
        Math.min(MOST_BATCH_ROWS, Math.floor((rows * BATCH_BYTES) / Math.max(1, lines.length)), 4 * size),
      );
      yield lines;
    }
  } finally {
    await Promise.all(readers.map((reader) => reader.close()));
  }
}

type ColumnOfGroup = RowColumn & { readonly readers: readonly LeafReader[] };

function linesOf(
  columns: readonly ColumnOfGroup[],
  rows: number,
  damaged: (path: readonly string[], error: unknown) => Error,
): Buffer {
  const cells = columns.map(({ name, node, readers, toJson }) => {
    try {
      const key = `${JSON.stringify(name)}:`;
      return valuesOf(node, readers, rows).map((value) => key + toJson(value));
    } catch (error) {
      throw damaged([name], error);
    }
  });
  const lines: string[] = [];
  for (let row = 0; row < rows; row++) lines.push(`{${cells.map((column) => column[row]).join(',')}}\n`);
  return Buffer.from(lines.join(''));
}

function valuesOf(node: SchemaNode, readers: readonly LeafReader[], rows: number): unknown[] {
  const taken = new Map(readers.map((reader) => [reader.path.join('.'), reader.take(rows)]));
  assembleNested(taken, node);
  const values = taken.get(node.element.name);
  if (values?.length !== rows) throw new RangeError(`its parts have ${values?.length} rows in the place of ${rows}`);
  return values;
}

/** The rows of one leaf, page by page. */
class LeafReader {
  readonly path: readonly string[];
  readonly #chunk: ColumnChunk;
  readonly #pages: AsyncGenerator<DecodedPage>;
  /** Rows that are whole, and how many of the first of these arrays are taken. */
  readonly #whole: ArrayLike<unknown>[] = [];
  #taken = 0;
  #ended = false;
  /** The last row of a column with lists: the next page may go on with it. */
  #open: unknown[] = [];
  available = 0;

  constructor(source: ByteSource, chunk: ColumnChunk) {
    this.path = chunk.leaf.path;
    this.#chunk = chunk;
    this.#pages = readPages(source, chunk);
  }

  /** Reads on until there is a whole row, if there is one. */
  async fill(): Promise<void> {
    while (this.available === 0 && !this.#ended) {
      const { done, value } = await this.#pages.next();
      if (done) {
        this.#ended = true;
        this.#add(this.#open);
        this.#open = [];
      } else this.#addPage(value);
    }
  }

  #addPage({ definitions, repetitions, values }: DecodedPage): void {
    const { nodes, repetitions: lists } = this.#chunk.leaf;
    const isOpen = lists > 0;
    const rows = assembleLists(isOpen ? this.#open : [], definitions, repetitions, values, nodes);
    if (!isOpen) {
      this.#add(rows);
      return;
    }
    const all = Array.from(rows);
    this.#open = all.slice(-1);
    this.#add(all.slice(0, -1));
  }

  #add(rows: ArrayLike<unknown>): void {
    if (rows.length === 0) return;
    this.#whole.push(rows);
    this.available += rows.length;
  }

  take(count: number): unknown[] {
    const rows: unknown[] = [];
    while (rows.length < count) {
      const first = this.#whole[0] as ArrayLike<unknown>;
      const end = Math.min(first.length, this.#taken + count - rows.length);
      for (let i = this.#taken; i < end; i++) rows.push(first[i]);
      this.#taken = end;
      if (end === first.length) {
        this.#whole.shift();
        this.#taken = 0;
      }
    }
    this.available -= count;
    return rows;
  }

  async close(): Promise<void> {
    await this.#pages.return(undefined);
  }
}
