/** Bytes that can be read from anywhere, and not only in order. */
import { type FileHandle, open } from 'node:fs/promises';
import { messageOf, runError } from '../errors.js';

export interface ByteSource {
  /** Its name in messages. */
  readonly name: string;
  readonly size: number;
  /**
   * Returns so many bytes from there; fewer only where the source ends.
   *
   * @param until up to where reading is likely to go on, for a source that reads ahead
   */
  readAt(position: number, length: number, until?: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** @throws RangeError where the source ends before that */
export async function readExactly(
  source: ByteSource,
  position: number,
  length: number,
  until?: number,
): Promise<Buffer> {
  const bytes = await source.readAt(position, length, until);
  if (bytes.length < length) {
    throw new RangeError(`expected ${length} bytes at byte ${position}, the file has ${bytes.length}`);
  }
  return bytes;
}

/**
 * A file that is read through one descriptor, so that it stays the same file when its name is given to another.
 *
 * @throws FatalError `run` where it cannot be read
 */
export async function openFileSource(path: string): Promise<ByteSource> {
  const failed = (error: unknown): Error => runError(`${path}: cannot be read: ${messageOf(error)}`, { cause: error });
  let handle: FileHandle;
  let size: number;
  try {
    handle = await open(path, 'r');
    size = (await handle.stat()).size;
  } catch (error) {
    throw failed(error);
  }
  return {
    name: path,
    size,
    async readAt(position, length) {
      const bytes = Buffer.allocUnsafe(length);
      let read = 0;
      try {
        while (read < length) {
          const { bytesRead } = await handle.read(bytes, read, length - read, position + read);
          if (bytesRead === 0) break;
          read += bytesRead;
        }
      } catch (error) {
        throw failed(error);
      }
      return bytes.subarray(0, read);
    },
    close: () => handle.close(),
  };
}

/** Yields the bytes from there to the end of the source. */
export async function* readOn(source: ByteSource, from: number, chunkBytes: number): AsyncGenerator<Buffer> {
  for (let position = from; position < source.size; ) {
    const chunk = await source.readAt(position, Math.min(chunkBytes, source.size - position), source.size);
    position += chunk.length;
    yield chunk;
  }
}
