/** Parquet as a container of rows: a line of JSON for each (docs/design/013-containers.md). */
import { usageError } from '../errors.js';
import type { ByteSource } from '../platform/byte-source.js';
import type { Container, EncodedFile, FileColumn } from '../rows/container.js';
import { ENCRYPTED_MAGIC, type Footer, MAGIC, readFooter } from './footer.js';
import type { SchemaNode } from './hyparquet.js';
import { isBinary } from './leaf-json.js';
import { leavesOf } from './schema.js';

export const parquet = {
  name: 'parquet',
  matches: (head) => {
    const beginning = head.subarray(0, MAGIC.length);
    const possible = [MAGIC, ENCRYPTED_MAGIC].some((magic) => magic.subarray(0, beginning.length).equals(beginning));
    return possible && (beginning.length === MAGIC.length || undefined);
  },
  async *decode(file, part) {
    const { readGroup } = await import('./read-rows.js');
    const source = await open(file);
    try {
      const { schema, groups } = await readFooter(source);
      for (const [index, group] of groups.entries()) {
        if (part !== undefined && index !== part) continue;
        yield* readGroup({ source, schema, group, index, columns: file.columns });
      }
    } finally {
      await source.close();
    }
  },
  async readParts(file) {
    const { groups } = await footerOf(file);
    return groups.map(({ rows, rowsBefore }) => ({ rows, rowsBefore }));
  },
  async readColumns(file) {
    const { schema } = await footerOf(file);
    return schema.root.children.map((node): FileColumn => {
      const { name } = node.element;
      const isFlat = node.children.length === 0 && node.element.repetition_type !== 'REPEATED';
      return { name, sample: sampleOf(node), isFlat, isBinary: leavesOf(schema, name).some(isBinary) };
    });
  },
} as const satisfies Container;

function sampleOf({ element, children, isMap }: SchemaNode): unknown {
  if (isMap) return {};
  if (element.repetition_type === 'REPEATED' || element.converted_type === 'LIST') return [];
  return children.length === 0
    ? ''
    : Object.fromEntries(children.map((child) => [child.element.name, sampleOf(child)]));
}

/** @throws FatalError `usage` where the file cannot be read from anywhere */
async function open(file: Pick<EncodedFile, 'name' | 'open'>): Promise<ByteSource> {
  const source = await file.open?.();
  if (source !== undefined) return source;
  throw usageError(`${file.name}: expected a regular file, as Parquet is read from its end; save it to one first`);
}

/** Reads what a file says of itself. */
async function footerOf(file: Pick<EncodedFile, 'name' | 'open'>): Promise<Footer> {
  const source = await open(file);
  try {
    return await readFooter(source);
  } finally {
    await source.close();
  }
}
