/**
 * The containers that inputs and outputs may be in. A new one is a file that implements `Container` and a line here.
 */
import { gzip, zstd } from '../compression/containers.js';
import { parquet } from '../parquet/container.js';
import type { Container, WrittenContainer } from '../rows/container.js';

/** Those of records' bytes: a file's name says first what the bytes are, and then its container. */
const written: readonly WrittenContainer[] = [gzip, zstd];

const containers: readonly Container[] = [...written, parquet];

/** The container that a file's name announces, in upper or lower case. */
export const containerOfName = (path: string): WrittenContainer | undefined =>
  written.find(({ extension }) => path.toLowerCase().endsWith(extension));

/** The file's name without the extension of a container. */
export const contentName = (path: string): string =>
  path.slice(0, path.length - (containerOfName(path)?.extension.length ?? 0));

/** The container of a file that begins with these bytes. */
export const containerOfBytes = (head: Uint8Array): Container | undefined =>
  containers.find((container) => container.matches(head) === true);

/** Whether more bytes are needed to determine the container of a file. A pipe may give them one by one. */
export const isUndecided = (head: Uint8Array): boolean =>
  containerOfBytes(head) === undefined && containers.some((container) => container.matches(head) === undefined);
