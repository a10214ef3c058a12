/** Answers windows whose rows carry their rewards: without a thread, a tokenizer or a model. */
import { createFormat, type FormatSettings } from '../rows/formats/index.js';
import { builtInTemplates } from '../rows/templates.js';
import type { ScoredWindow, Window } from './protocol.js';
import { WindowScorer } from './window-scorer.js';

/** Thrown where a row has a text to score. */
class TextToScore extends Error {}

const noTokenizer = () => {
  throw new TextToScore();
};

const noScoring = {
  maxLength: 1,
  truncationSide: 'left',
  reserve: 0,
  activation: 'none',
  logit: 0,
  labels: 1,
  vocabularySize: 0,
  padTokenId: undefined,
  eosTokenId: undefined,
  template: { name: 'chai' },
  templateGiven: false,
} as const;

/** @returns undefined for a window with a row that a model has to score */
export function existingRewardsScorer(
  format: FormatSettings,
  maxRowBytes: number,
): (window: Window) => Promise<ScoredWindow | undefined> {
  const scorer = new WindowScorer(
    { score: async () => ({ logits: new Float32Array(), computedTokens: 0 }), countTokens: () => 0 },
    { rowOf: noTokenizer, count: noTokenizer },
    noScoring,
    {
      format: createFormat(format),
      forms: { fields: format.fields, template: builtInTemplates.chai, templateGiven: false, prompts: false },
      results: undefined,
      existingField: format.rewardField,
      maxRowBytes,
      dryRun: false,
      heartbeat: () => undefined,
    },
  );
  return async (window) => {
    try {
      return await scorer.score(window);
    } catch (error) {
      if (error instanceof TextToScore) return undefined;
      throw error;
    }
  };
}
