/** Flags that commands share, as the user types them, and the environment variables that stand in for them. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Activation, activations } from '../../model/activation.js';
import { type Precision, precisions } from '../../model/precision.js';
import type { TruncationSide } from '../../model/tokenizer/tokenizer.js';

/** Values of scoringOptions, as commander gives them. */
export interface ScoringFlags {
  readonly tokenizer?: string;
  readonly template?: string;
  readonly rewardField: string;
  readonly maxLength?: number;
  readonly truncationSide: TruncationSide;
  readonly reserve: number;
  readonly activation: Activation;
  readonly logit?: string;
  readonly precision: Precision;
}

/** Values of commonOptions. */
export interface CommonFlags {
  readonly offline: boolean;
  readonly quiet: boolean;
  readonly progress: boolean;
}

/** Values of runOptions. */
export interface RunFlags extends CommonFlags {
  readonly workers: number;
  readonly workerTimeout?: number;
  readonly cache: boolean;
}

/** Threads beyond this are a slip of the finger, and Node ends without a word when memory for them runs out. */
const MOST_WORKERS = 256;

/** A timer of Node's takes no more milliseconds than an int32 holds. */
const MOST_TIMEOUT_S = 1_000_000;

export const wholeNumber =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      const range = most === Number.MAX_SAFE_INTEGER ? `${least} up` : `${least} to ${most}`;
      throw new InvalidArgumentError(`Expected a whole number from ${range}.`);
    }
    return value;
  };

const nameOf =
  (what: string) =>
  (text: string): string => {
    if (text.trim() === '') throw new InvalidArgumentError(`Expected the name of a ${what}.`);
    return text;
  };
export const fieldName = nameOf('field');
export const fileName = nameOf('file');
export const modelName = nameOf('model');

export const precisionOption = (): Option =>
  new Option('--precision <name>', 'how the network computes; int8 is faster, and near to fp32')
    .choices(precisions)
    .default('fp32');

export const tokenizerOption = (): Option =>
  new Option('--tokenizer <dir|id>', "another tokenizer than the model's own").argParser(modelName);

/** What decides a reward, besides the model and the row. */
export const scoringOptions = (): Option[] =>
  grouped('What decides a reward', [
    tokenizerOption(),
    new Option(
      '--template <name>',
      'how messages become text: chai, dialogrpt, chatml, model or a Jinja file (default: chai)',
    ),
    new Option('--reward-field <name>', 'field or column of the reward').argParser(fieldName).default('reward'),
    new Option('--max-length <tokens>', 'tokens kept of a text (default: 256)').argParser(wholeNumber(1)),
    new Option('--truncation-side <side>', 'where a longer text is cut').choices(['left', 'right']).default('left'),
    new Option('--reserve <tokens>', 'cut a long prompt so that a response of so many tokens would fit; 0: no matter')
      .argParser(wholeNumber(0))
      .default(0),
    new Option('--activation <name>', 'what is made of the logit').choices(activations).default('none'),
    new Option('--logit <label>', 'label (number or name) to report, for a model with more than one'),
    precisionOption(),
  ]);

/** How the work is done, which changes no reward. */
export const runOptions = (): Option[] => [
  ...grouped('How the work is done', [
    new Option('-j, --workers <number>', 'worker threads; 0 for one a core')
      .argParser(wholeNumber(0, MOST_WORKERS))
      .default(0),
    new Option(
      '--worker-timeout <seconds>',
      'a worker that shows no sign of life for so long is dead (default: 600)',
    ).argParser(wholeNumber(1, MOST_TIMEOUT_S)),
    new Option('--no-cache', 'keep no prepared model on disk'),
  ]),
  ...commonOptions(),
];

export const commonOptions = (): Option[] =>
  grouped('How the work is done', [
    new Option('--offline', 'never reach the network').default(false),
    new Option('-q, --quiet', 'say nothing but errors').default(false),
    new Option('--no-progress', 'show no progress'),
    new Option('--debug', 'show where an error came from'),
  ]);

/** Puts flags under a heading of --help and docs/cli.md. */
export const grouped = (heading: string, options: readonly Option[]): Option[] =>
  options.map((option) => option.helpGroup(`${heading}:`));

/** Adds flags, each with its variable REWARD_SCORE_SOME_FLAG. */
export function addOptions(command: Command, options: readonly Option[]): Command {
  for (const option of options) {
    const name = environmentName(option);
    // For commander a variable that is there sets a switch, whatever it says, and an empty one is a value.
    const isSwitch = !option.required && !option.optional;
    if (isSwitch ? !isSwitchedOn(process.env[name]) : process.env[name] === '') delete process.env[name];
    command.addOption(option.env(name));
  }
  return command;
}

/** Whether the variable of a switch says yes. */
export const isSwitchedOn = (value: string | undefined): boolean => !/^(0|false|no|off|)$/i.test(value ?? '');

const environmentName = (option: Option): string =>
  `REWARD_SCORE_${(option.long as string).slice(2).replaceAll('-', '_').toUpperCase()}`;
