export interface ScoredRows {
  /** Logits [rows, labels], row-major; NaN or infinite where the network gives that. */
  readonly logits: Float32Array;
  /** Tokens that went through the network, padding included. */
  readonly computedTokens: number;
}

/** A network ready to score on the calling thread; a row's logits do not depend on its neighbours beyond rounding. */
export interface TokenScorer {
  /**
   * @param rows token ids of each row, none empty, none longer than the network has positions
   * @param showLife called each time that the network has run
   */
  score(rows: readonly (readonly number[])[], heartbeat: () => void): Promise<ScoredRows>;
  /** How many tokens would go through the network for these rows. */
  countTokens(rows: readonly (readonly number[])[]): number;
  /** Frees the native memory; a process that exits with sessions open may abort. */
  release(): Promise<void>;
}
