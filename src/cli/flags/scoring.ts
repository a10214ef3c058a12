/** What decides a reward, besides the model and the row. */
import { activations } from '../../model/activation.js';
import { precisions } from '../../model/precision.js';
import type { Flag } from './flag.js';
import { fieldName, modelName, wholeNumber } from './parsers.js';

const group = 'What decides a reward';
const commands = ['score', 'best', 'eval', 'serve', 'model check'] as const;

/** Without heading and commands: `model prepare` has it too. */
export const tokenizer = {
  name: 'tokenizer',
  value: '<dir|id>',
  doc: "another tokenizer than the model's own",
  parse: modelName,
  decides: 'reward',
  compare: 'by content',
} as const;

/** As tokenizer. */
export const precision = {
  name: 'precision',
  value: '<name>',
  doc: 'how the network computes; int8 is faster, and near to fp32',
  choices: precisions,
  default: 'fp32',
  decides: 'reward',
} as const;

export const scoringFlags = [
  { ...tokenizer, group, commands },
  {
    name: 'template',
    value: '<name>',
    group,
    doc: 'how messages become text: chai, dialogrpt, chatml, model or a Jinja file (default: chai)',
    commands,
    decides: 'reward',
  },
  {
    name: 'reward-field',
    value: '<name>',
    group,
    doc: 'field or column of the reward',
    parse: fieldName,
    default: 'reward',
    commands,
    decides: 'output',
  },
  {
    name: 'max-length',
    value: '<tokens>',
    group,
    doc: 'tokens kept of a text (default: 256)',
    parse: wholeNumber(1),
    commands,
    decides: 'reward',
  },
  {
    name: 'truncation-side',
    value: '<side>',
    group,
    doc: 'where a longer text is cut',
    choices: ['left', 'right'],
    default: 'left',
    commands,
    decides: 'reward',
  },
  {
    name: 'reserve',
    value: '<tokens>',
    group,
    doc: 'cut a long prompt so that a response of so many tokens would fit; 0: no matter',
    parse: wholeNumber(0),
    default: 0,
    commands,
    decides: 'reward',
  },
  {
    name: 'activation',
    value: '<name>',
    group,
    doc: 'what is made of the logit',
    choices: activations,
    default: 'none',
    commands,
    decides: 'reward',
  },
  {
    name: 'logit',
    value: '<label>',
    group,
    doc: 'label (number or name) to report, for a model with more than one',
    commands,
    decides: 'reward',
  },
  { ...precision, group, commands },
] as const satisfies readonly Flag[];
