/** A file that is written from some place on, and that says where it is. */
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf, runError, usageError } from '../errors.js';

export class AppendedFile {
  readonly path: string;
  /** Bytes written whole, those before the start included. */
  position: number;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle, position: number) {
    this.path = path;
    this.#handle = handle;
    this.position = position;
  }

  /**
   * @param position what stands after it is cut off; undefined: everything is, of a file that may not be there
   * @throws FatalError `usage` where the file cannot be opened, or is shorter
   */
  static async open(path: string, position?: number): Promise<AppendedFile> {
    let size: number;
    let handle: FileHandle;
    try {
      handle = await open(path, position === undefined ? 'w' : 'a');
      size = (await handle.stat()).size;
    } catch (error) {
      throw usageError(`${path}: cannot be written: ${messageOf(error)}`, { cause: error });
    }
    if (position === undefined) return new AppendedFile(path, handle, 0);
    if (size < position) {
      await handle.close();
      throw usageError(
        `${path}: expected ${position} bytes or more, as its run had written, got ${size}; --overwrite starts anew`,
      );
    }
    await handle.truncate(position);
    return new AppendedFile(path, handle, position);
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
    try {
      await this.#handle.datasync();
    } catch (error) {
      throw runError(`${this.path}: cannot be written: ${messageOf(error)}`, { cause: error });
    }
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** Makes a rename outlast a power cut. */
export async function syncFolderOf(path: string): Promise<void> {
  const handle = await open(dirname(path), 'r');
  try {
    await handle.sync();
  } catch {
    // Some file systems do not sync folders.
  } finally {
    await handle.close();
  }
}
