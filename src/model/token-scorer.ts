import { sharedTokens } from './layout/distinct-rows.js';
import type { Continuation, Feeds, Layout, Pack, RowTypes } from './layout/layout.js';

export interface ScoredRows {
  /** Logits [rows, labels], row-major; NaN or infinite where the network gives that. */
  readonly logits: Float32Array;
  /**
   * Tokens that went through the network, padding included. Rows that begin as those before them did may take fewer: what
   * was kept of these is not computed again.
   */
  readonly computedTokens: number;
}

/** A network on the calling thread, whether its graph was built here or exported. */
export interface NetworkSession {
  /** Logits of a pack, [its pooled nodes, or rows of a batch, labels], row-major. */
  run(feeds: Feeds, continues?: Continuation): Promise<Float32Array>;
  /** Whether an earlier run has left just the nodes that a pack is to keep; such a run gives the same bits again. */
  hasKept?(continues: Continuation): boolean;
  /** Frees the native memory; a process that exits with sessions open may abort. */
  release(): Promise<void>;
}

/** A network ready to score on the calling thread; a row's logits do not depend on its neighbours beyond rounding. */
export class TokenScorer {
  readonly #session: NetworkSession;
  readonly #layout: Layout;
  readonly #labels: number;

  constructor(session: NetworkSession, layout: Layout, labels: number) {
    this.#session = session;
    this.#layout = layout;
    this.#labels = labels;
  }

  /**
   * @param rows token ids of each row, none empty, none longer than the network has positions
   * @param heartbeat called each time that the network has run
   * @param types what text each of a row's tokens belongs to. Default: all to one.
   */
  async score(rows: readonly (readonly number[])[], heartbeat: () => void, types?: RowTypes): Promise<ScoredRows> {
    const logits = new Float32Array(rows.length * this.#labels);
    let computedTokens = 0;

    /** Returns whether all of the pack's logits are finite. */
    const run = async (pack: Pack, members?: readonly number[]): Promise<boolean> => {
      if (pack.rows.length === 0 && pack.continues && this.#session.hasKept?.(pack.continues)) return true;
      computedTokens += pack.tokens;
      return this.#run(pack, logits, heartbeat, members);
    };

    /** Equal rows, of packs in which one row's NaN may have reached its neighbours. */
    const doubtful: (readonly number[])[] = [];
    for (const pack of this.#layout.lay(rows, types)) {
      if ((await run(pack)) || pack.rows.length === 1 || !this.#layout.rowsMeet) continue;
      doubtful.push(...pack.rows);
    }
    // Each is run alone, after all packs: what some of these see of others is kept until then.
    for (const members of doubtful) {
      const [first] = members as [number];
      for (const alone of this.#layout.lay([rows[first] as number[]], [types?.[first]])) await run(alone, members);
    }
    return { logits, computedTokens };
  }

  /** How many tokens would go through the network for these rows. */
  countTokens(rows: readonly (readonly number[])[], types?: RowTypes): number {
    return this.#layout.lay(rows, types).reduce((sum, { tokens }) => sum + tokens, 0);
  }

  /** How long the network would take for these rows, in units of one token that sees no others. */
  countWork(rows: readonly (readonly number[])[], types?: RowTypes): number {
    return this.#layout.lay(rows, types).reduce((sum, { work }) => sum + work, 0);
  }

  /** For each row, how many tokens at its beginning are computed once for it and another of these rows. */
  sharedTokens(rows: readonly (readonly number[])[], types?: RowTypes): number[] {
    const { sharesBeginnings, pooledAt } = this.#layout;
    const read = rows.map((row) => (pooledAt === undefined ? row : row.slice(0, pooledAt(row) + 1)));
    return sharedTokens(read, sharesBeginnings, types);
  }

  /** Index of the token that a row's reward is read at; undefined where the network pools by a rule of its own. */
  pooledAt(row: readonly number[]): number | undefined {
    return this.#layout.pooledAt?.(row);
  }

  /**
   * Scores a row as if it ended at each of its tokens from `from` on in turn.
   *
   * @returns logits [tokens from `from` on, labels], row-major
   */
  async trace(row: readonly number[], from: number, heartbeat: () => void): Promise<Float32Array> {
    const packs = this.#layout.trace?.(row, from);
    if (packs === undefined) throw new Error('this network gives no reward at each token');
    const logits = new Float32Array((row.length - from) * this.#labels);
    for (const pack of packs) await this.#run(pack, logits, heartbeat);
    if (logits.every(Number.isFinite) || from === row.length - 1) return logits;
    // A token's NaN may have reached the tokens before it, so each beginning of the row is scored as one.
    const beginnings = row.slice(from).map((_, i) => row.slice(0, from + i + 1));
    return (await this.score(beginnings, heartbeat)).logits;
  }

  /**
   * Runs a pack and puts its logits in the places of its rows, or of `members` instead. Returns whether all are
   * finite.
   */
  async #run(pack: Pack, logits: Float32Array, heartbeat: () => void, members?: readonly number[]): Promise<boolean> {
    const labels = this.#labels;
    const packLogits = await this.#session.run(pack.feeds(), pack.continues);
    heartbeat();
    const own = packLogits.subarray(0, pack.rows.length * labels);
    for (const [i, rows] of pack.rows.entries()) {
      const values = own.subarray(i * labels, (i + 1) * labels);
      for (const row of members ?? rows) logits.set(values, row * labels);
    }
    return own.every(Number.isFinite);
  }

  release(): Promise<void> {
    return this.#session.release();
  }
}
