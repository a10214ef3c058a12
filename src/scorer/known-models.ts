/**
 * How models are read whose files do not say it, by the id that the user gives: never by shape, and never by the name
 * of the model that a fine-tune started from.
 */
import type { BuiltInTemplate } from '../rows/templates.js';

export interface KnownModel {
  /** Matches an id on the hub, without its revision. */
  readonly ids: RegExp;
  /** The layout of messages; undefined where the model has none that is built in. */
  readonly layout: BuiltInTemplate | undefined;
  /** Tokens that are kept of a text. */
  readonly length: number;
  /** The page that says so. */
  readonly source: string;
}

const knownModels: readonly KnownModel[] = [
  {
    ids: /^ChaiML\//i,
    layout: 'chai',
    length: 256,
    source: 'the card of ChaiML/gpt2_large_retry_and_continue_12m_reward_model',
  },
  {
    ids: /^microsoft\/DialogRPT-/i,
    layout: 'dialogrpt',
    length: 1024,
    source: 'github.com/golsun/DialogRPT, src/score.py',
  },
  {
    // Its card joins text that already says "\n\nHuman:" and "\n\nAssistant:", which no built-in layout writes.
    ids: /^Ray2333\/gpt2-large-/i,
    layout: undefined,
    length: 1024,
    source: 'the card of Ray2333/gpt2-large-helpful-reward_model',
  },
];

/** @param name as the user gives it: only an id can be known */
export function findKnownModel(name: string | undefined): KnownModel | undefined {
  const id = name?.split('@')[0];
  return id === undefined ? undefined : knownModels.find(({ ids }) => ids.test(id));
}
