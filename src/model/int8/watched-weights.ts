/** Watches weights as they are read, since what a NaN can do depends on them. */
import type { TensorSource } from '../checkpoint/tensor-source.js';

/**
 * Where no weight is larger, no sum or product that a network takes from a normalised row comes near the largest float32,
 * and a NaN comes only from a row that is NaN throughout.
 */
const LARGEST = 1e5;

export class WatchedWeights implements TensorSource {
  readonly #source: TensorSource;
  #areBounded = true;

  constructor(source: TensorSource) {
    this.#source = source;
  }

  /** Whether every weight that was read is finite, and none is very large. */
  get areBounded(): boolean {
    return this.#areBounded;
  }

  get names(): TensorSource['names'] {
    return this.#source.names;
  }

  shapeOf(name: string): ReturnType<TensorSource['shapeOf']> {
    return this.#source.shapeOf(name);
  }

  read(name: string, start: number, count: number): Float32Array {
    const values = this.#source.read(name, start, count);
    // Not "larger than": a NaN is not.
    this.#areBounded &&= values.every((value) => Math.abs(value) <= LARGEST);
    return values;
  }

  close(): void {
    this.#source.close();
  }
}
