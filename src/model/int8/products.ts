/**
 * How a matrix may be multiplied, from the fastest way to the exact one, and what each costs.
 *
 * With what rounding cuts off (the residuals r and R of the integers q and Q), x·W = q·Q + r·Q + q·R + r·R in units of the
 * scales. Pooled nodes have the first three in every form (graph.ts); the others have as many as the form says.
 */

export const products = ['int8', 'outliers', 'finer-weights', 'finer-activations', 'fp32'] as const;
export type Product = (typeof products)[number];

/** A product of which at least some is in integers. */
export type IntegerProduct = Exclude<Product, 'fp32'>;

interface ProductParts {
  /** Some channels of the activations, in float32. */
  readonly outliers: boolean;
  /** r·Q */
  readonly activations: boolean;
  /** q·R */
  readonly weights: boolean;
}

/** What is multiplied at every node beside q·Q. */
export const parts: Readonly<Record<IntegerProduct, ProductParts>> = {
  int8: { outliers: false, activations: false, weights: false },
  outliers: { outliers: true, activations: false, weights: false },
  'finer-weights': { outliers: true, activations: false, weights: true },
  'finer-activations': { outliers: true, activations: true, weights: false },
};

/** Whether some channels of the activations are multiplied in float32. */
export const hasOutliers = (product: Product): boolean => product !== 'fp32' && parts[product].outliers;

/**
 * The time of a product with all that belongs to it, in times of float32. These are numbers and no measurements, so that
 * what is chosen by them does not depend on how busy a machine is: docs/design/021-precision-auto.md.
 */
export const costOf: Readonly<Record<Product, number>> = {
  int8: 1 / 3.45,
  outliers: 1 / 3.03,
  'finer-weights': 1 / 1.72,
  'finer-activations': 1 / 1.6,
  fp32: 1,
};
