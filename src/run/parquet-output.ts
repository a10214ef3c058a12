/** Outputs in Parquet: made, when all of a run is there, of the inputs' own columns and the results that were written. */
import { createReadStream } from 'node:fs';
import { runError, usageError } from '../errors.js';
import { optionName } from '../option-name.js';
import { type Footer, type RowGroup, readFooter } from '../parquet/footer.js';
import { inOrder } from '../parquet/in-order.js';
import type { NewColumn, NewValue } from '../parquet/new-column.js';
import { unselectable } from '../parquet/select-rows.js';
import { sameSchema, type WrittenRows, writeFile } from '../parquet/write-file.js';
import { type ByteSource, openFileSource } from '../platform/byte-source.js';
import { LEFT_OUT } from '../rows/formats/parquet.js';
import { fileStart, LARGEST_ROW_BYTES, LineScanner, readRecords, recordAt } from '../rows/records.js';
import { REWARD_ERROR } from '../rows/reward-error.js';
import type { Assemble } from './output.js';
import { partsOf, type Shard } from './shards.js';
import type { RunStatistics } from './statistics.js';

/** A file that can be read from anywhere. */
interface OpensFile {
  open(): Promise<ByteSource>;
}

export interface ParquetOutputSettings {
  readonly inputs: readonly OpensFile[];
  readonly columns: readonly NewColumn[];
  /** Names of the inputs' columns that are written, in order; undefined: all are. */
  readonly keep: readonly string[] | undefined;
  readonly shard: Shard | undefined;
  /** Whether rows may be left out, so that their row groups have to be encoded anew. */
  readonly losesRows: boolean;
  /** Whether rows at the end may not have been read. */
  readonly isLimited: boolean;
  /** What the run wrote of the rows, as lines. Default: the work is these. */
  readonly resultsOf?: ((work: string, statistics: RunStatistics) => AsyncIterable<Buffer>) | undefined;
  readonly onNotice: (message: string) => void;
}

/**
 * @returns what makes the output
 * @throws FatalError `usage` where the inputs differ in their columns, there are fewer row groups than shards, or rows may be
 *   left out of a column that cannot be encoded anew
 */
export async function planParquetOutput({
  inputs,
  columns,
  keep,
  shard,
  losesRows,
  isLimited,
  resultsOf = readResults,
  onNotice,
}: ParquetOutputSettings): Promise<Assemble> {
  const counts = await withFiles(inputs, async (files) => {
    refuseOtherColumns(files);
    if (losesRows) refuseUnselectable(files, keep);
    return files.map(({ footer }) => footer.groups.length);
  });
  const ranges = shard && partsOf(shard, counts);
  return (work, target, statistics) =>
    withFiles(inputs, async (files) => {
      const lines = new ResultLines(work, resultsOf(work, statistics), isLimited);
      const [first] = files as [OpenFile];
      try {
        const { bytes, dropped } = await writeFile(target, {
          footer: first.footer,
          groups: groupsOf(files).filter(({ file, index }) => {
            const range = ranges?.[file];
            return range === undefined || (index >= range.from && index < range.until);
          }),
          columns,
          // Why an earlier run gave no reward says nothing of what this one writes.
          kept: (keep ?? namesOf(first)).filter(
            (own) => own !== REWARD_ERROR && !columns.some(({ name }) => name === own),
          ),
          nextRows: (rows) => lines.next(rows, columns.length),
        });
        await lines.end();
        for (const key of dropped) onNotice(droppedInWords(target, key));
        return bytes;
      } finally {
        await lines.close();
      }
    });
}

/** Joins files of the same columns, in order. */
export const joinParquet = (paths: readonly string[], target: string): Promise<number> =>
  withFiles(
    paths.map((path) => ({ open: () => openFileSource(path) })),
    async (files) => {
      refuseOtherColumns(files);
      const [{ footer }] = files as [OpenFile];
      const { bytes } = await writeFile(target, {
        footer,
        groups: groupsOf(files),
        columns: [],
        kept: undefined,
        nextRows: async () => ({ keep: undefined, values: [] }),
      });
      return bytes;
    },
  );

interface OpenFile {
  readonly source: ByteSource;
  readonly footer: Footer;
}

async function withFiles<T>(inputs: readonly OpensFile[], use: (files: readonly OpenFile[]) => Promise<T>): Promise<T> {
  const files: OpenFile[] = [];
  const sources: ByteSource[] = [];
  try {
    for (const input of inputs) {
      const source = await input.open();
      sources.push(source);
      files.push({ source, footer: await readFooter(source) });
    }
    return await use(files);
  } finally {
    await Promise.all(sources.map((source) => source.close()));
  }
}

interface GroupOfFile {
  readonly source: ByteSource;
  readonly group: RowGroup;
  readonly file: number;
  /** Which of the file's. */
  readonly index: number;
}

const groupsOf = (files: readonly OpenFile[]): GroupOfFile[] =>
  files.flatMap(({ source, footer }, file) => footer.groups.map((group, index) => ({ source, group, file, index })));

function refuseOtherColumns(files: readonly OpenFile[]): void {
  const [first, ...others] = files as [OpenFile, ...OpenFile[]];
  const other = others.find(({ footer }) => !sameSchema(first.footer, footer));
  if (other === undefined) return;
  throw usageError(
    `${other.source.name}: expected the columns of ${first.source.name}, with the same types, got others; ` +
      `score it into a file of its own, or with ${optionName('to')} jsonl`,
  );
}

/** The names of a file's columns, each once. */
const namesOf = ({ footer }: OpenFile): string[] => [
  ...new Set(footer.schema.root.children.map(({ element }) => element.name)),
];

function refuseUnselectable(files: readonly OpenFile[], keep: readonly string[] | undefined): void {
  for (const { source, footer } of files) {
    for (const chunk of footer.groups.flatMap(({ chunks }) => inOrder(chunks, keep, ({ leaf }) => leaf.path[0]))) {
      const what = unselectable(chunk);
      if (what === undefined) continue;
      throw usageError(
        `${source.name}: expected columns of which rows can be left out, got ${what} in the column ${chunk.leaf.path.join('.')}; ` +
          `write JSON lines with ${optionName('to')} jsonl`,
      );
    }
  }
}

const droppedInWords = (path: string, key: string): string =>
  `${path}: left out ${key}, which does not read as its program writes it` +
  (key === 'ARROW:schema'
    ? ': readers by Arrow give dictionaries and large strings as strings, durations as integers, and times in UTC'
    : '');

const readResults = (work: string): AsyncIterable<Buffer> =>
  createReadStream(work, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>;

async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const batch of readRecords(chunks, new LineScanner(), fileStart, LARGEST_ROW_BYTES)) {
    for (const i of batch.ends.keys()) yield recordAt(batch, i).bytes;
  }
}

/** The results that a run wrote, a line of JSON for each row, or the mark of one that is left out. */
class ResultLines {
  readonly #path: string;
  readonly #lines: AsyncGenerator<Buffer>;
  readonly #isLimited: boolean;

  constructor(path: string, chunks: AsyncIterable<Buffer>, isLimited: boolean) {
    this.#path = path;
    this.#lines = linesOf(chunks);
    this.#isLimited = isLimited;
  }

  /** What is written of the next rows: values for each column. */
  async next(rows: number, columns: number): Promise<WrittenRows> {
    const values: NewValue[][] = Array.from({ length: columns }, () => []);
    const keep = new Uint8Array(rows);
    let kept = 0;
    for (let row = 0; row < rows; row++) {
      const { done, value } = await this.#lines.next();
      if (done && this.#isLimited) break;
      if (done) throw this.#wrong(`it ends ${rows - row} rows before its row group does`);
      if (value.equals(LEFT_OUT_LINE)) continue;
      keep[row] = 1;
      kept++;
      const cells = JSON.parse(value.toString()) as readonly NewValue[];
      for (const [i, column] of values.entries()) column.push(cells[i] ?? null);
    }
    return { keep: kept === rows ? undefined : keep, values };
  }

  /** @throws FatalError `run` where there are more results than rows */
  async end(): Promise<void> {
    if (!(await this.#lines.next()).done) throw this.#wrong('it has more rows than its input');
  }

  async close(): Promise<void> {
    await this.#lines.return(undefined);
  }

  #wrong(what: string): Error {
    return runError(`${this.#path}: expected a result for each row, but ${what}: the input changed while it was read`);
  }
}

const LEFT_OUT_LINE = LEFT_OUT.subarray(0, -1);
