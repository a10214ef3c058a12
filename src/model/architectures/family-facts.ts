/** How a row is read for a network where neither the user nor the files of its tokenizer say so. */
export interface RowDefaults {
  /**
   * The layout of messages where the tokenizer has no chat template; `pair` where prompt and response are two texts of
   * the network; undefined where messages have no usual form.
   */
  readonly layout: 'chai' | 'pair' | undefined;
  /** The most tokens of a row that has such a layout; undefined where the model's files alone say it. */
  readonly length: number | undefined;
  /** The side at which a row that is too long is cut; `as the tokenizer says`: right, where that says nothing. */
  readonly side: 'left' | 'as the tokenizer says';
}

/** As the cards of Chai's models load them, whose tokenizer states nothing. */
export const gpt2Defaults: RowDefaults = { layout: 'chai', length: 256, side: 'left' };

export const decoderDefaults: RowDefaults = { layout: undefined, length: undefined, side: 'left' };

export const encoderDefaults: RowDefaults = { layout: 'pair', length: undefined, side: 'as the tokenizer says' };

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
