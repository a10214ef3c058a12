/** What decides a reward, besides the model and the row. */
import { activations } from '../../model/activation.js';
import { precisions } from '../../model/precision.js';
import { lastSpeakers } from '../../rows/kinds/reading.js';
import type { Flag } from './flag.js';
import { day, fieldName, modelName, speakerName, wholeNumber } from './parsers.js';

const group = 'Scoring';
const commands = ['score', 'best', 'eval', 'explain', 'serve', 'model check'] as const;
/** Those that read files of rows. */
const runs = ['score', 'best', 'eval'] as const;

/** Without heading and commands: `model prepare` has it too. */
export const tokenizer = {
  name: 'tokenizer',
  value: '<dir|id>',
  doc: "tokenizer to use in place of the model's own",
  parse: modelName,
  decides: 'reward',
  compare: 'by content',
} as const;

/** As tokenizer. */
export const precision = {
  name: 'precision',
  value: '<name>',
  doc: 'number format of the computation; int8 is faster, with rewards close to those of fp32 on most models; auto makes sure that they are, matrix by matrix',
  choices: precisions,
  default: 'fp32',
  decides: 'reward',
} as const;

/** As tokenizer. */
export const head = {
  name: 'head',
  value: '<tokens>',
  doc: 'reward of a causal language model that has no reward head: yes-no:A,B (the logit of A as the next token less that of B) or token:N; for rows of text, or with a Jinja file',
  decides: 'reward',
} as const;

export const scoringFlags = [
  { ...tokenizer, group, commands },
  {
    name: 'template',
    value: '<name>',
    group,
    doc: 'how messages become text: chai, dialogrpt, chatml, model (its own chat template), pair (two texts, for encoders), none (texts as they are) or a Jinja file (default: what comes with the model)',
    commands,
    decides: 'reward',
  },
  {
    name: 'template-date',
    value: '<day>',
    group,
    doc: 'day that strftime_now gives a Jinja template, as YYYY-MM-DD (default: the day the run began)',
    parse: day,
    commands,
    decides: 'reward',
  },
  {
    name: 'last-speaker',
    value: '<who>',
    group,
    doc: 'whose message may be the last one where there is no response (default: any in a layout, assistant in a chat template)',
    choices: lastSpeakers,
    commands,
    decides: 'reward',
  },
  {
    name: 'bot-name',
    value: '<name>',
    group,
    doc: "author of a response whose row has no bot_name (default: follows from the other authors' names)",
    parse: speakerName,
    commands,
    decides: 'reward',
  },
  {
    name: 'user-name',
    value: '<name>',
    group,
    doc: 'author of a string prompt, and of messages that state none',
    parse: speakerName,
    commands,
    decides: 'reward',
  },
  {
    name: 'system',
    value: '<field>',
    group,
    doc: 'field of a system message beside a prompt or messages; none if there is none (default: system, where the template has a place for it)',
    parse: fieldName,
    commands,
    decides: 'reward',
  },
  {
    name: 'reward-field',
    value: '<name>',
    group,
    doc: 'name of the field or column that holds the reward',
    parse: fieldName,
    default: 'reward',
    commands,
    decides: 'output',
  },
  {
    name: 'rescore',
    group,
    doc: 'score rows that have rewards already too, and replace these',
    excludes: ['use-rewards'],
    commands: runs,
    decides: 'output',
  },
  {
    name: 'use-rewards',
    group,
    doc: 'take the finite rewards that rows have already, and score the others',
    commands: runs,
    decides: 'output',
  },
  {
    name: 'max-length',
    value: '<tokens>',
    group,
    doc: 'number of tokens that are kept of a longer text (default: what comes with the model; 256 for GPT-2)',
    parse: wholeNumber(1),
    commands,
    decides: 'reward',
  },
  {
    name: 'truncation-side',
    value: '<side>',
    group,
    doc: 'side on which a longer text is cut (default: left; for an encoder, as its tokenizer says)',
    choices: ['left', 'right'],
    commands,
    decides: 'reward',
  },
  {
    name: 'reserve',
    value: '<tokens>',
    group,
    doc: 'cut a long prompt so that a response of this many tokens would fit: for many candidates of one prompt, elsewhere it can cost more (see --dry-run); 0 turns this off',
    parse: wholeNumber(0),
    default: 0,
    commands,
    decides: 'reward',
  },
  {
    name: 'activation',
    value: '<name>',
    group,
    doc: 'function that turns the logit into the reward',
    choices: activations,
    default: 'none',
    commands,
    decides: 'reward',
  },
  { ...head, group, commands },
  {
    name: 'logit',
    value: '<label>',
    group,
    doc: 'label (number or name) whose logit is the reward, for a model with more than one; all gives a reward of each, an object in JSON and a column each in CSV and Parquet (score and explain)',
    commands,
    decides: 'reward',
  },
  { ...precision, group, commands },
] as const satisfies readonly Flag[];
