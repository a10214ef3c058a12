/** A file that is written from some place on, and that says where it is. */
import type { Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { messageOf, runError, usageError } from '../errors.js';

export class AppendedFile {
  readonly path: string;
  /** Bytes written whole, those before the start included. */
  position: number;
  readonly #handle: FileHandle;
  /** A regular file; /dev/null or a FIFO can be neither cut off nor made safe. */
  readonly #regular: boolean;

  private constructor(path: string, handle: FileHandle, position: number, regular: boolean) {
    this.path = path;
    this.#handle = handle;
    this.position = position;
    this.#regular = regular;
  }

  /**
   * @param position what stands after it is cut off; undefined: everything is, of a file that may not be there
   * @throws FatalError `usage` where the file cannot be opened, or is shorter
   */
  static async open(path: string, position?: number): Promise<AppendedFile> {
    let stat: Stats;
    let handle: FileHandle;
    try {
      handle = await open(path, position === undefined ? 'w' : 'a');
      stat = await handle.stat();
    } catch (error) {
      const isFull = /^(?:ENOSPC|EDQUOT|EIO)$/.test((error as NodeJS.ErrnoException).code ?? '');
      throw (isFull ? runError : usageError)(`${path}: cannot be written: ${messageOf(error)}`, { cause: error });
    }
    const regular = stat.isFile();
    if (position === undefined || !regular) return new AppendedFile(path, handle, position ?? 0, regular);
    const { size } = stat;
    if (size < position) {
      await handle.close();
      throw usageError(
        `${path}: expected ${position} bytes or more, as its run had written, got ${size}; --overwrite starts anew`,
      );
    }
    await handle.truncate(position);
    return new AppendedFile(path, handle, position, regular);
  }

  /** @throws FatalError `run`; `position` then stays before what was written in part */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let written = 0; written < bytes.length; ) {
        // Not every file has places: a FIFO only goes on.
        written += (await this.#handle.write(bytes, written)).bytesWritten;
      }
    } catch (error) {
      throw runError(`${this.path}: cannot be written: ${messageOf(error)}`, { cause: error });
    }
    this.position += bytes.length;
  }

  /** Resolves when what was written would outlast a power cut. */
  async sync(): Promise<void> {
    if (!this.#regular) return;
    try {
      await this.#handle.datasync();
    } catch (error) {
      throw runError(`${this.path}: cannot be written: ${messageOf(error)}`, { cause: error });
    }
  }

  /** @throws FatalError `run`: some disks tell only now that there was no room */
  async close(): Promise<void> {
    try {
      await this.#handle.close();
    } catch (error) {
      throw runError(`${this.path}: cannot be written: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Closes the file of a run that has failed: what is wrong was said, and what was made safe stays. */
  async abandon(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
  }
}
