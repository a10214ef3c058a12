/** A text of a row that is scored, and what decides how it is made. */
import type { Template } from '../templates.js';
import type { Reading } from './reading.js';
import type { NamedFields } from './roles.js';

/** A text to score. */
export interface TextToScore {
  readonly text: string;
  /** The text before it, where the network reads two, of which the second is judged. */
  readonly first?: string;
  /** The part before the response; undefined where it is not known, or was not requested. */
  readonly prompt?: string;
  readonly judged: Judged;
}

/** What a text's reward judges: the response, or the last message. */
export interface Judged {
  /** Where the row has it: `candidates[1]`, `messages`. */
  readonly field: string;
  /** Who wrote it; undefined where the row does not say it. */
  readonly author?: string;
  readonly content: string;
}

export interface TextSettings {
  readonly fields: NamedFields;
  readonly template: Template;
  readonly reading: Reading;
  readonly prompts: Prompts;
}

/** Whether prompts are requested. Where they are needed, a text whose prompt cannot be rendered is a bad one. */
export type Prompts = 'unused' | 'wanted' | 'needed';
