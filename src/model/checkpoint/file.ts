import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { type FatalError, messageOf, runError } from '../../errors.js';
import { printableAscii } from '../../platform/printable.js';

/** Files that a failed download leaves in place of weights, by their beginnings. */
const knownNonWeights = [
  { begins: 'version https://git-lfs', is: 'a Git LFS pointer', advice: 'fetch the file itself with git lfs pull' },
  { begins: '<!DOCTYPE', is: 'a web page', advice: 'download the file itself' },
  { begins: '<html', is: 'a web page', advice: 'download the file itself' },
];

/** A file of a checkpoint, read by position: gigabytes of it are never in memory at once. */
export class CheckpointFile {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  readonly #descriptor: number;

  private constructor(path: string, descriptor: number) {
    this.path = path;
    this.#descriptor = descriptor;
    this.size = fstatSync(descriptor).size;
  }

  /** @throws FatalError `run` where it cannot be read or is evidently something else */
  static open(path: string): CheckpointFile {
    let file: CheckpointFile;
    try {
      // This is checked before it is opened: opening a pipe would wait for its writer.
      if (!statSync(path).isFile()) throw runError(`${path}: expected a file`);
      file = new CheckpointFile(path, openSync(path, 'r'));
    } catch (error) {
      throw unreadable(path, error);
    }
    try {
      const beginning = file.read(0, Math.min(file.size, 32)).toString('latin1');
      const nonWeights = knownNonWeights.find(({ begins }) => beginning.startsWith(begins));
      if (nonWeights) throw runError(`${path}: expected weights, got ${nonWeights.is}; ${nonWeights.advice}`);
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Bytes [position, position + length), in a buffer of their own that is aligned for any typed array. */
  read(position: number, length: number): Buffer {
    if (!(position >= 0 && length >= 0 && position + length <= this.size)) {
      throw this.broken(`expected ${length} bytes at byte ${position}, the file has ${this.size}`);
    }
    const bytes = Buffer.allocUnsafeSlow(length);
    for (let done = 0; done < length; ) {
      const count = this.#readSome(bytes, done, position + done);
      if (count === 0) throw this.broken(`the file ended at byte ${position + done} while it was read`);
      done += count;
    }
    return bytes;
  }

  #readSome(bytes: Buffer, done: number, position: number): number {
    try {
      return readSync(this.#descriptor, bytes, done, bytes.length - done, position);
    } catch (error) {
      throw unreadable(this.path, error);
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  /** The error for a file that contradicts itself. */
  broken(what: string): FatalError {
    return runError(`${this.path}: ${what}; download it again`);
  }

  /** The error for a file that may be whole, but holds something that is not supported. */
  refused(what: string): FatalError {
    return runError(`${this.path}: ${what}; save the model with transformers as model.safetensors`);
  }
}

function unreadable(path: string, error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined
    ? (error as Error)
    : runError(`${path}: cannot be read: ${messageOf(error)}`, { cause: error });
}

/** Whether there is a file, itself or through links. */
export function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch {
    return false; // Links may form a circle, or a folder may not be entered.
  }
}

/** The most dimensions that a tensor of torch has. */
const MAX_DIMENSIONS = 64;

export const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Whether a value from a file can be the sizes of a tensor's dimensions, or its strides. */
export const isSizes = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length <= MAX_DIMENSIONS && value.every(isSize);

/** Describes a value from a file in a message. Containers are not written out, as one may contain itself. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return `"${printableAscii(value)}"`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return 'a list';
  return value instanceof Map ? 'a dict' : 'an object';
}
