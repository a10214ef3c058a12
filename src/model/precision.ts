/** The number formats in which the linear layers are multiplied. */
export const precisions = ['fp32', 'int8', 'auto'] as const;
export type Precision = (typeof precisions)[number];

/** How a model is prepared. */
export type Preparation =
  | { readonly precision: 'fp32' }
  /** Quantisation is tuned and measured on texts, which need a tokenizer. */
  | { readonly precision: 'int8' | 'auto'; readonly tokenizerDirectory: string };

export const preparationFor = (precision: Precision, tokenizerDirectory: string): Preparation =>
  precision === 'fp32' ? { precision } : { precision, tokenizerDirectory };
