/** How a row is made for a network where the user sets nothing else. */
export interface RowDefaults {
  /** Name of a built-in template. */
  readonly template: string;
  /** The most tokens of a row; fewer where the network has fewer positions. */
  readonly length: number;
  /** The side at which a row that is too long is cut. */
  readonly side: 'left' | 'right';
}

/** The defaults of every family so far. */
export const commonDefaults: RowDefaults = { template: 'chai', length: 256, side: 'left' };

/** A pad token that the tokenizer names: its pad token, else its eos token. */
export type PadOfTokenizer = 'of the tokenizer';

/** What is true of every network of a family, whatever its sizes are. */
export interface ArchitectureFacts {
  /** Which nodes a node sees: itself and those before it, or all of its row. This decides how rows are laid out. */
  readonly attention: 'causal' | 'bidirectional';
  /** Which of a row's nodes the reward is read at. `last` is the right-most one that is not the pad token. */
  readonly pooling: 'last' | 'first' | 'mean';
  /** The pad token, which is not pooled, where config.json names none: the tokenizer's (pad, else eos), or no token. */
  readonly defaultPad: PadOfTokenizer | undefined;
  /** Whether prompt and response go in as one text, or as two that the tokenizer joins. */
  readonly input: 'text' | 'pair';
  /** Names of tensors that old versions of transformers saved beside the weights, and that no reward depends on. */
  readonly bufferNames: RegExp;
  readonly defaults: RowDefaults;
}
