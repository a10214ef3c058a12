/** A file that is written from its beginning to its end. */
import { type FileHandle, open } from 'node:fs/promises';
import { messageOf, runError } from '../errors.js';

export class FileSink {
  position = 0;
  readonly #path: string;
  readonly #handle: FileHandle;

  static async open(path: string): Promise<FileSink> {
    try {
      return new FileSink(path, await open(path, 'w'));
    } catch (error) {
      throw cannotBeWritten(path, error);
    }
  }

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, this.position);
        done += bytesWritten;
        this.position += bytesWritten;
      }
    } catch (error) {
      throw cannotBeWritten(this.#path, error);
    }
  }

  async sync(): Promise<void> {
    try {
      await this.#handle.sync();
    } catch (error) {
      throw cannotBeWritten(this.#path, error);
    }
  }

  async close(): Promise<void> {
    await this.#handle.close().catch(() => undefined); // It is synchronised, or has failed already.
  }
}

const cannotBeWritten = (path: string, error: unknown): Error =>
  runError(`${path}: cannot be written: ${messageOf(error)}`, { cause: error });
