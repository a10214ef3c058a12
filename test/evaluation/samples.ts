/** Generated samples with known truth. */
import { xorshift128plus } from 'pure-rand/generator/xorshift128plus';

/** Seeded random numbers, from another generator than the bootstrap's. */
export class Random {
  readonly #generator;

  constructor(seed: number) {
    this.#generator = xorshift128plus(seed);
    // What comes first of it still looks like the seed.
    for (let i = 0; i < 20; i++) this.#generator.next();
  }

  /** In (0, 1). */
  uniform(): number {
    return ((this.#generator.next() >>> 0) + 0.5) * 2 ** -32;
  }

  /** Standard normal: Box and Muller, 1958. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  below(bound: number): number {
    return Math.floor(this.uniform() * bound);
  }

  /** The same elements in another order: Fisher and Yates. */
  shuffled(length: number): Int32Array {
    const order = Int32Array.from({ length }, (_, i) => i);
    for (let i = length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [order[i], order[j]] = [order[j] as number, order[i] as number];
    }
    return order;
  }
}
