/** The number formats in which the linear layers are multiplied. */
export const precisions = ['fp32', 'int8'] as const;
export type Precision = (typeof precisions)[number];

/** How a model is prepared. */
export type Preparation =
  | { readonly precision: 'fp32' }
  /** Quantisation is tuned and measured on texts, which need a tokenizer. */
  | { readonly precision: 'int8'; readonly tokenizerDirectory: string };

export const preparationFor = (precision: Precision, tokenizerDirectory: string): Preparation =>
  precision === 'int8' ? { precision, tokenizerDirectory } : { precision };
