/** A file that is appended to from some position on, and that knows its position. */

import type { Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type FatalError, messageOf, runError, usageError } from '../errors.js';
import { optionName } from '../option-name.js';
import { extendTail, type FilePosition, filePosition, TAIL_BYTES } from './file-position.js';

export class AppendedFile {
  readonly path: string;
  /** Bytes that were written completely, including those before the start. */
  position: number;
  /** The last `TAIL_BYTES` before `position`, or all bytes where there are fewer. */
  tail: Uint8Array;
  readonly #handle: FileHandle;
  /** Whether it is a regular file; /dev/null or a FIFO has no positions, and can be neither cut nor synchronised. */
  readonly #regular: boolean;

  private constructor(path: string, handle: FileHandle, regular: boolean, position: number, tail: Uint8Array) {
    this.path = path;
    this.#handle = handle;
    this.#regular = regular;
    this.position = position;
    this.tail = tail;
  }

  /**
   * @param start the position after which the file is cut off; where undefined, all of it is, and the file need not
   *   exist
   * @throws FatalError `usage` where the file cannot be opened, or is not the one that was written up to `start`
   */
  static async open(path: string, start?: FilePosition): Promise<AppendedFile> {
    // A file without bytes before the start is like a new one.
    const from = start === undefined || start.bytes === 0 ? undefined : start;
    let stat: Stats;
    let handle: FileHandle;
    try {
      handle = await open(path, from === undefined ? 'w' : 'r+');
      stat = await handle.stat();
    } catch (error) {
      if (from !== undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') throw tooShort(path, from, 0);
      throw cannotBeOpened(path, error);
    }
    const regular = stat.isFile();
    if (from === undefined || !regular) {
      return new AppendedFile(path, handle, regular, from?.bytes ?? 0, new Uint8Array());
    }
    try {
      if (stat.size < from.bytes) throw tooShort(path, from, stat.size);
      const tail = await readTail(path, handle, from.bytes);
      if (filePosition({ position: from.bytes, tail }).tail !== from.tail) {
        throw usageError(
          `${path}: expected the bytes that its run had written before byte ${from.bytes}, got others; ` +
            `give the file of that run, or start anew with ${optionName('overwrite')}`,
        );
      }
      await handle.truncate(from.bytes);
      return new AppendedFile(path, handle, regular, from.bytes, tail);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** @throws FatalError `run`; `position` then stays before the bytes that were written only in part */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let written = 0; written < bytes.length; ) {
        // Bytes are written at a given position where the file has positions, so that a second writer could not double
        // any.
        const place = this.#regular ? this.position + written : null;
        written += (await this.#handle.write(bytes, written, bytes.length - written, place)).bytesWritten;
      }
    } catch (error) {
      throw cannotBeWritten(this.path, error);
    }
    this.position += bytes.length;
    if (this.#regular) this.tail = extendTail(this.tail, bytes);
  }

  /** Resolves when the written bytes would survive a power cut. */
  async sync(): Promise<void> {
    if (!this.#regular) return;
    try {
      await this.#handle.datasync();
    } catch (error) {
      throw cannotBeWritten(this.path, error);
    }
  }

  /** @throws FatalError `run`, as some disks report only now that there was no room */
  async close(): Promise<void> {
    try {
      await this.#handle.close();
    } catch (error) {
      throw cannotBeWritten(this.path, error);
    }
  }

  /** Closes the file of a run that has failed: its error was reported, and the synchronised bytes stay. */
  async abandon(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
  }
}

/** A full or failing disk is not a usage error; a file that may not be created there is. */
export function cannotBeOpened(path: string, error: unknown): FatalError {
  const isDiskFailure = /^(?:ENOSPC|EDQUOT|EIO)$/.test((error as NodeJS.ErrnoException).code ?? '');
  const fatal = isDiskFailure ? runError : usageError;
  return fatal(`${path}: cannot be written: ${messageOf(error)}`, { cause: error });
}

const cannotBeWritten = (path: string, error: unknown): FatalError =>
  runError(`${path}: cannot be written: ${messageOf(error)}`, { cause: error });

const tooShort = (path: string, { bytes }: FilePosition, size: number): FatalError =>
  usageError(
    `${path}: expected ${bytes} bytes or more, as its run had written, got ${size}; ${optionName('overwrite')} starts anew`,
  );

async function readTail(path: string, handle: FileHandle, end: number): Promise<Uint8Array> {
  const tail = Buffer.alloc(Math.min(TAIL_BYTES, end));
  try {
    for (let read = 0; read < tail.length; ) {
      const { bytesRead } = await handle.read(tail, read, tail.length - read, end - tail.length + read);
      if (bytesRead === 0) break;
      read += bytesRead;
    }
  } catch (error) {
    throw runError(`${path}: cannot be read: ${messageOf(error)}`, { cause: error });
  }
  return tail;
}
