import { createHash, type Hash } from 'node:crypto';
import type { Window } from '../scorer/protocol.js';

/**
 * Digest of the input from which windows are cut: their bytes, where files begin, and the places of records that are
 * too long to read.
 */
export class WindowHash {
  readonly #hash: Hash;
  #file: number;

  constructor(hash: Hash = createHash('sha256'), file = -1) {
    this.#hash = hash;
    this.#file = file;
  }

  add({ file, byte, bytes, oversized }: Window): void {
    if (file !== this.#file) this.#hash.update(`file ${file}\n`);
    this.#file = file;
    if (oversized !== undefined) this.#hash.update(`${oversized} bytes at ${byte}\n`);
    this.#hash.update(bytes);
  }

  copy(): WindowHash {
    return new WindowHash(this.#hash.copy(), this.#file);
  }

  /** The digest of all that was added so far, in hexadecimal. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }
}
