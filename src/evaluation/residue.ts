/**
 * A sum of terms, or 0 where they cancel each other as far as arithmetic can tell: what is left of them is rounding then,
 * and whoever holds it against 0 should not be answered by that.
 *
 * Source: the bound of a sum in floating point, Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 4.2
 *
 * @param magnitude sum of the terms' absolute values
 * @param terms how many there are
 */
export const withoutResidue = (sum: number, magnitude: number, terms: number): number =>
  // Each term was rounded a few times itself.
  Math.abs(sum) <= (terms + 4) * Number.EPSILON * magnitude ? 0 : sum;
