/**
 * The ends of files, where Parquet says what is in them: they are read again whenever a file is opened. The oldest give way
 * where a data set has very many files.
 */
const MOST_BYTES = 1 << 25;

export class TailCache {
  readonly #tails = new Map<string, Buffer>();
  #bytes = 0;

  get(name: string): Buffer | undefined {
    return this.#tails.get(name);
  }

  keep(name: string, tail: Buffer): void {
    this.#drop(name);
    if (tail.length > MOST_BYTES) return;
    this.#tails.set(name, tail);
    this.#bytes += tail.length;
    for (const oldest of this.#tails.keys()) {
      if (this.#bytes <= MOST_BYTES) break;
      this.#drop(oldest);
    }
  }

  #drop(name: string): void {
    this.#bytes -= this.#tails.get(name)?.length ?? 0;
    this.#tails.delete(name);
  }
}
