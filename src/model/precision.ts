/** What the linear layers are multiplied in. */
export const precisions = ['fp32', 'int8'] as const;
export type Precision = (typeof precisions)[number];

/** What a model is prepared for. */
export type Preparation =
  | { readonly precision: 'fp32' }
  /** Quantisation is tuned and judged by texts, which take a tokenizer. */
  | { readonly precision: 'int8'; readonly tokenizerDirectory: string };

export const preparationFor = (precision: Precision, tokenizerDirectory: string): Preparation =>
  precision === 'int8' ? { precision, tokenizerDirectory } : { precision };
