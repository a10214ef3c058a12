/** Which matrix of a network is multiplied how, as it is written down with the prepared model, and in words. */
import { optionName } from '../../option-name.js';
import { type Product, products } from './products.js';

/** To be changed when the same checkpoint gives another choice or another model of it: others are not used. */
export const AUTO_RECIPE = 'auto 1';

export interface Mix {
  /** By tensor. */
  readonly matrices: Readonly<Record<string, Product>>;
  /** The modelled time of all of them, in that of float32. */
  readonly cost: number;
  /** Why it is float32 throughout; left out where it is not. */
  readonly fallback?: string;
  /** What the choice went by; left out where int8 throughout was near enough. */
  readonly measured?: readonly MeasuredMatrices[];
}

/** Matrices that have the same activations. */
interface MeasuredMatrices {
  readonly matrices: readonly string[];
  /** The error of rewards that they alone make in int8, in standard deviations of the rewards. */
  readonly int8: number;
  /** The same as they are in the mix. */
  readonly chosen: number;
}

/** A mix in numbers. */
export interface MixCounts {
  /** How many matrices are multiplied in each way, without those ways that none is. */
  readonly matrices: Partial<Readonly<Record<Product, number>>>;
  /** As in `Mix`. */
  readonly cost: number;
}

export const countMix = (mix: Mix): MixCounts => ({ matrices: countProducts(mix), cost: mix.cost });

function countProducts({ matrices }: Mix): MixCounts['matrices'] {
  const ways = Object.values(matrices);
  const counts = products.map((product) => [product, ways.filter((way) => way === product).length] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

/** What a user must know of a mix that fell back to float32; undefined for others. */
export const fallbackInWords = (mix: Mix | undefined): string | undefined =>
  mix?.fallback && `${optionName('precision')} auto takes fp32 for this model: ${mix.fallback}`;

/** A line on the whole, and one for each way that is not int8 with the names of its matrices. */
export function mixInWords(mix: Mix): string[] {
  const { matrices, cost, fallback } = mix;
  if (fallback !== undefined) return [`fp32 throughout: ${fallback}`];
  const counts = Object.entries(countProducts(mix)).map(([product, count]) => `${count} ${product}`);
  const errors = new Map((mix.measured ?? []).flatMap((one) => one.matrices.map((tensor) => [tensor, one] as const)));
  const lineOf = (tensor: string, product: Product): string => {
    const error = errors.get(tensor);
    const measured = error === undefined ? '' : `, error ${error.chosen} std (in int8 ${error.int8})`;
    return `${tensor}: ${product}${measured}`;
  };
  return [
    `${counts.join(', ')}; the matrices take ${cost.toFixed(2)} of the time of fp32`,
    ...Object.entries(matrices)
      .filter(([, product]) => product !== 'int8')
      .map(([tensor, product]) => lineOf(tensor, product)),
  ];
}
