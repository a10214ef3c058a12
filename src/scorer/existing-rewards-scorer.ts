/** Answers windows whose rows carry their rewards: without a thread, a tokenizer or a model. */
import { builtInTemplates } from '../rows/templates.js';
import { createAnswer } from './answers.js';
import type { ScoredWindow, ScoringSettings, Window, WindowTask } from './protocol.js';
import { WindowScorer } from './window-scorer.js';

/** Thrown where a row has a text to score. */
class TextToScore extends Error {}

const noTokenizer = () => {
  throw new TextToScore();
};

const noScoring: ScoringSettings = {
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
  templateDate: undefined,
  templateGiven: false,
};

/** @returns undefined for a window with a row that a model has to score */
export function existingRewardsScorer(task: WindowTask): (window: Window) => Promise<ScoredWindow | undefined> {
  const scorer = new WindowScorer({
    scorer: { score: async () => ({ logits: new Float32Array(), computedTokens: 0 }), countTokens: () => 0 },
    tokenizer: { rowOf: noTokenizer, count: noTokenizer },
    scoring: noScoring,
    task,
    answer: createAnswer(task),
    texts: { fields: task.format.fields, template: builtInTemplates.chai, templateGiven: false, prompts: 'unused' },
    existingField: task.format.rewardField,
    heartbeat: () => undefined,
  });
  return async (window) => {
    try {
      return await scorer.score(window);
    } catch (error) {
      if (error instanceof TextToScore) return undefined;
      throw error;
    }
  };
}
