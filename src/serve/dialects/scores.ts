/** The scores of a request's rows, one each, as dialects ask for them: every label's, with an activation, or the reward. */
import { type RowResult, writtenReward } from '../../rows/results.js';
import { type Activation, labelValues } from '../../scorer/label-values.js';
import { Refusal } from '../refusal.js';

export class Scores {
  readonly #results: readonly RowResult[];
  /** Of the member that the rows come from. */
  readonly name: string;

  /**
   * @param name see there
   * @throws Refusal 422 for the first row without a score, which it names
   */
  constructor(results: readonly RowResult[], name: string) {
    this.#results = results;
    this.name = name;
    for (const [index, { failure }] of results.entries()) {
      if (failure !== undefined) throw this.#refusal(index, failure.code, failure.message);
    }
  }

  /** Of all rows, after truncation. */
  get tokens(): number {
    return this.tokensOfEach.reduce((sum, tokens) => sum + tokens, 0);
  }

  /** [rows], after truncation. */
  get tokensOfEach(): number[] {
    return this.#results.map(({ tokens }) => tokens?.[0] ?? 0);
  }

  /** The first row whose text was cut; undefined where there is none. */
  get firstCut(): { readonly index: number; readonly tokens: number } | undefined {
    const index = this.#results.findIndex(({ truncated }) => (truncated?.[0] ?? 0) > 0);
    return index < 0 ? undefined : { index, tokens: this.#results[index]?.truncated?.[0] ?? 0 };
  }

  /** [rows], as the server's own routes give them. */
  get rewards(): number[] {
    return this.#results.map(({ rewards }) => writtenReward(rewards[0] as number));
  }

  /**
   * [rows][labels]
   *
   * @throws Refusal 422 for a row with a number that JSON does not have
   */
  values(activation: Activation): number[][] {
    return this.#results.map(({ logits }, index) => {
      const values = labelValues(logits?.[0] as Float32Array, activation);
      const odd = values.find((value) => !Number.isFinite(value));
      if (odd !== undefined) throw this.#refusal(index, 'NON_FINITE', `a label's score is ${odd}`);
      return values.map(writtenReward);
    });
  }

  /**
   * [rows], of a model that has one label.
   *
   * @throws Refusal 422 for a row with a number that JSON does not have
   */
  ones(activation: Activation): number[] {
    return this.values(activation).map(([value]) => value as number);
  }

  #refusal(index: number, code: string, message: string): Refusal {
    return new Refusal(422, `${this.name}[${index}]: ${code}: ${message}`, { details: { code, index } });
  }
}
