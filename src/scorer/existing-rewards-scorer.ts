/** Answers windows whose rows carry their rewards: without a thread, a tokenizer or a model. */
import type { Reading } from '../rows/kinds/reading.js';
import type { Template } from '../rows/templates.js';
import { createAnswer } from './answers.js';
import type { ScoredWindow, ScoringSettings, Window, WindowTask } from './protocol.js';
import { WindowScorer } from './window-scorer.js';

/** Thrown where a row has a text to score. */
class TextToScore extends Error {}

const noTokenizer = () => {
  throw new TextToScore();
};

const noTemplate: Template = { render: noTokenizer, promptOf: noTokenizer };

/** Nothing is refused for how it would be read: that is for the model's settings to say. */
const anyReading: Reading = {
  kind: 'layout',
  jinja: false,
  openings: [],
  lastSpeaker: 'any',
  botName: undefined,
  userName: undefined,
  system: undefined,
};

const noScoring: ScoringSettings = {
  maxLength: 1,
  truncationSide: 'left',
  reserve: 0,
  activation: 'none',
  head: undefined,
  logit: 0,
  labels: 1,
  vocabularySize: 0,
  padTokenId: undefined,
  eosTokenId: undefined,
  template: { name: 'none', kind: 'absent' },
  templateDate: undefined,
  lastSpeaker: 'any',
  botName: undefined,
  userName: undefined,
  system: undefined,
};

/** @returns undefined for a window with a row that a model has to score */
export function existingRewardsScorer(task: WindowTask): (window: Window) => Promise<ScoredWindow | undefined> {
  const scorer = new WindowScorer({
    scorer: {
      score: async () => ({ logits: new Float32Array(), computedTokens: 0 }),
      countTokens: () => 0,
      countWork: () => 0,
    },
    tokenizer: {
      rowOf: noTokenizer,
      rowOfPair: noTokenizer,
      count: noTokenizer,
      encode: noTokenizer,
      addedTexts: { before: [], after: [] },
      notices: [],
    },
    scoring: noScoring,
    task,
    answer: createAnswer(task),
    texts: { fields: task.format.fields, template: noTemplate, reading: anyReading, prompts: 'unused' },
    decoder: true,
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
