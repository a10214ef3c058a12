import type { RewardSession } from '../backend/session.js';
import type { ScoredRows, TokenScorer } from '../token-scorer.js';
import { buildPacks, type CostModel, costModelFor, type Pack } from './trie.js';

export interface PackedScorerSettings {
  /** Right-most tokens of this id are read past (scoring rule of transformers >= 4.49). */
  readonly padTokenId: number | undefined;
  readonly hiddenSize: number;
  readonly labels: number;
}

/** A network that was built here: rows in packs, without padding, shared beginnings computed once. */
export class PackedScorer implements TokenScorer {
  readonly #session: RewardSession;
  readonly #settings: PackedScorerSettings;
  readonly #cost: CostModel;

  constructor(session: RewardSession, settings: PackedScorerSettings) {
    this.#session = session;
    this.#settings = settings;
    this.#cost = costModelFor(settings.hiddenSize);
  }

  async score(rows: readonly (readonly number[])[], heartbeat: () => void): Promise<ScoredRows> {
    const { labels } = this.#settings;
    const paths = this.#pathsOf(rows);
    const logits = new Float32Array(rows.length * labels);
    let computedTokens = 0;

    const run = async (pack: Pack, toRow: (index: number) => number): Promise<boolean> => {
      const packed = await this.#session.run(pack);
      heartbeat();
      computedTokens += pack.tokenIds.length;
      pack.rows.forEach((members, i) => {
        for (const member of members) logits.set(packed.subarray(i * labels, (i + 1) * labels), toRow(member) * labels);
      });
      return packed.every(Number.isFinite);
    };

    for (const pack of buildPacks(paths, this.#cost)) {
      if ((await run(pack, (row) => row)) || pack.rows.length === 1) continue;
      // One row's NaN reaches its neighbours through the mask (0 x NaN): only alone does each show its own.
      for (const members of pack.rows) {
        const [first] = members as [number];
        for (const alone of buildPacks([paths[first] as number[]], this.#cost)) await run(alone, () => first);
        for (const row of members) logits.copyWithin(row * labels, first * labels, (first + 1) * labels);
      }
    }
    return { logits, computedTokens };
  }

  countTokens(rows: readonly (readonly number[])[]): number {
    return buildPacks(this.#pathsOf(rows), this.#cost).reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
  }

  /** Each row up to the token whose reward it gets. */
  #pathsOf(rows: readonly (readonly number[])[]): number[][] {
    return rows.map((ids) => ids.slice(0, pooledPosition(ids, this.#settings.padTokenId) + 1));
  }

  release(): Promise<void> {
    return this.#session.release();
  }
}

/**
 * Index of the right-most token that is not the pad token; 0 where there is none.
 *
 * Source: transformers 5.23.0, GPT2ForSequenceClassification.forward (since pull request 35911)
 */
function pooledPosition(ids: readonly number[], padTokenId: number | undefined): number {
  for (let i = ids.length - 1; i > 0; i--) if (ids[i] !== padTokenId) return i;
  return 0;
}
