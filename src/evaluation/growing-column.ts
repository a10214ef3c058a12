/** A column of numbers whose length is not known yet. */
export class GrowingColumn {
  #values = new Float64Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(2 * this.#length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }

  /** A view; the column must not grow any more. */
  get floats(): Float64Array {
    return this.#values.subarray(0, this.#length);
  }

  get integers(): Int32Array {
    return Int32Array.from(this.floats);
  }
}
