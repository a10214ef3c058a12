// A seeded generator for benchmarks and simulations: mulberry32, 32 bits of state.

/** Numbers from 0 up to, and without, 1. */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Of mean 1. */
export const exponential = (random) => -Math.log(1 - random());

/** Of mean 0 and deviation 1, by Box and Muller. */
export const normal = (random) => Math.sqrt(2 * exponential(random)) * Math.cos(2 * Math.PI * random());
