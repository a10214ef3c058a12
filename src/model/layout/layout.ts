/** The interface of every way to lay out rows for a network. */

/** A tensor that goes into a network's graph. */
export type Feed =
  | { readonly type: 'int32'; readonly data: Int32Array; readonly dims: readonly number[] }
  | { readonly type: 'int64'; readonly data: BigInt64Array; readonly dims: readonly number[] }
  | { readonly type: 'float32'; readonly data: Float32Array; readonly dims: readonly number[] };

/** Tensors by the names of the graph's inputs. */
export type Feeds = Readonly<Record<string, Feed>>;

/** For each row, the type of each of its tokens; undefined where all are of type 0. */
export type RowTypes = readonly (readonly number[] | undefined)[];

/** Rows that go through the network at once. */
export interface Pack {
  /**
   * Makes the feeds when the pack's turn comes: an attention bias may take a megabyte, and a window has hundreds of
   * packs.
   */
  readonly feeds: () => Feeds;
  /** Which rows (indices into the input) each row of the pack's logits belongs to: equal rows are computed once. */
  readonly rows: readonly (readonly number[])[];
  /** Tokens that go through the network, padding included. */
  readonly tokens: number;
  /** How long it takes, in units of one token that sees no others. */
  readonly work: number;
  /** Absent where the pack has nothing to do with those before it. */
  readonly continues?: Continuation;
}

/**
 * How a pack of a causal network goes on after earlier ones, in the order in which the layout gives them: its nodes see
 * nodes whose keys and values are kept.
 */
export interface Continuation {
  /** How many of the kept nodes the pack's nodes see, all of which come before its own. */
  readonly seen: number;
  /** The token ids of the pack's own nodes where they are kept after those, in the place of what was there. */
  readonly keeps?: Int32Array;
  /** The most nodes that are kept for the rows that are laid out together. */
  readonly capacity: number;
}

export interface Layout {
  /**
   * Makes the packs that hold every row; which rows share a pack does not depend on the rows' order.
   *
   * @param rows token ids of each row; none is empty, and none longer than the network has positions
   * @param types what text each of a row's tokens belongs to
   */
  readonly lay: (rows: readonly (readonly number[])[], types?: RowTypes) => Pack[];
  /** Whether a NaN of one row reaches the other rows of its pack. */
  readonly rowsMeet: boolean;
  /** Whether rows that begin alike share their beginning; otherwise only equal rows are computed once. */
  readonly sharesBeginnings: boolean;
  /** Index of the token that a row's reward is read at; absent where the network pools by a rule of its own. */
  readonly pooledAt?: (row: readonly number[]) => number;
  /**
   * Makes the packs that read a reward at each token of a row from `from` on: what the row would get if it ended there.
   * What the packs call row i is the token `from` + i. Absent where tokens see what comes after them.
   */
  readonly trace?: (row: readonly number[], from: number) => Pack[];
}

/** The most that goes through a network at once; this bounds a session's working memory. */
export interface LayoutLimits {
  /** The most nodes of a pack for a network that is built here, unless a single row is longer. */
  readonly nodes: number;
  /** The most tokens of a batch for an exported network, padding included, unless a single row is longer. */
  readonly batchTokens: number;
  /** The most rows of such a batch. */
  readonly batchRows: number;
}
