import { type BatchSettings, buildBatches } from '../layout/padded.js';
import type { ScoredRows, TokenScorer } from '../token-scorer.js';
import type { ExportedSession } from './session.js';

/**
 * A network that another tool exported: rows in batches of one width. A row's NaN stays its own, since rows do not meet
 * in the graph (probe.ts); where they would, there are no batches.
 */
export class PaddedScorer implements TokenScorer {
  readonly #session: ExportedSession;
  readonly #labels: number;
  readonly #settings: BatchSettings;

  constructor(session: ExportedSession, labels: number, settings: BatchSettings) {
    this.#session = session;
    this.#labels = labels;
    this.#settings = settings;
  }

  async score(rows: readonly (readonly number[])[], heartbeat: () => void): Promise<ScoredRows> {
    const labels = this.#labels;
    const logits = new Float32Array(rows.length * labels);
    let computedTokens = 0;
    for (const { tokens, width, rows: places } of buildBatches(rows, this.#settings)) {
      const scored = await this.#session.run({ tokens, width });
      heartbeat();
      computedTokens += tokens.length * width;
      for (const [i, same] of places.entries()) {
        for (const place of same) logits.set(scored.subarray(i * labels, (i + 1) * labels), place * labels);
      }
    }
    return { logits, computedTokens };
  }

  countTokens(rows: readonly (readonly number[])[]): number {
    return buildBatches(rows, this.#settings).reduce((sum, { tokens, width }) => sum + tokens.length * width, 0);
  }

  release(): Promise<void> {
    return this.#session.release();
  }
}
