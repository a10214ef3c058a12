/** The flags of `score`, as the user types them; score.ts acts on them. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Activation, activations } from '../model/activation.js';
import type { TruncationSide } from '../model/tokenizer.js';
import { type InputFormat, inputFormats, type OutputFormat, outputFormats } from '../rows/format.js';

/** Flag values as commander gives them. */
export interface ScoreFlags {
  readonly model?: string;
  readonly tokenizer?: string;
  readonly output: string;
  readonly overwrite: boolean;
  readonly from?: InputFormat;
  readonly to?: OutputFormat;
  readonly delimiter?: string;
  readonly text?: string;
  readonly prompt?: string;
  readonly response?: string;
  readonly messages?: string;
  readonly candidates?: string;
  readonly chosen?: string;
  readonly rejected?: string;
  readonly template?: string;
  readonly rewardField: string;
  readonly maxLength?: number;
  readonly truncationSide: TruncationSide;
  readonly activation: Activation;
  readonly logit?: string;
  readonly workers: number;
  readonly summary?: string;
  readonly cache: boolean;
  readonly offline: boolean;
  readonly quiet: boolean;
  readonly progress: boolean;
}

/** Threads beyond this are a slip of the finger, and Node ends without a word when memory for them runs out. */
const MOST_WORKERS = 256;

const wholeNumber =
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
const fieldName = nameOf('field');
const fileName = nameOf('file');
const directoryName = nameOf('directory');

function oneByte(text: string): string {
  const character = text === '\\t' ? '\t' : text;
  if (!/^[^"\r\n\u0080-\uffff]$/.test(character)) {
    throw new InvalidArgumentError('Expected one ASCII character that is no quote or line end.');
  }
  return character;
}

const options = [
  new Option(
    '-m, --model <dir|id>',
    'model directory, or Hugging Face id: org/name[@revision] (default: a placeholder)',
  ).argParser(directoryName),
  new Option('--tokenizer <dir|id>', "another tokenizer than the model's own").argParser(directoryName),
  new Option('-o, --output <file>', 'where to write; - is standard output').argParser(fileName).default('-'),
  new Option('--overwrite', 'throw away what an unfinished run to the same file left').default(false),
  new Option('--from <format>', "input format (default: by the file's name, else jsonl)").choices(inputFormats),
  new Option('--to <format>', 'output format (default: as the input, jsonl for text)').choices(outputFormats),
  new Option('--delimiter <character>', 'CSV separator (default: a comma, for tsv a tab)').argParser(oneByte),
  new Option('--text <field>', 'field that holds a text to score as it is').argParser(fieldName),
  new Option('--prompt <field>', 'field that holds the prompt').argParser(fieldName),
  new Option('--response <field>', 'field that holds the response').argParser(fieldName),
  new Option('--messages <field>', 'field that holds messages').argParser(fieldName),
  new Option('--candidates <field>', 'field that holds an array of responses').argParser(fieldName),
  new Option('--chosen <field>', 'field that holds the preferred response').argParser(fieldName),
  new Option('--rejected <field>', 'field that holds the other response').argParser(fieldName),
  new Option(
    '--template <name>',
    'how messages become text: chai, dialogrpt, chatml, model or a Jinja file (default: chai)',
  ),
  new Option('--reward-field <name>', 'field or column to write').argParser(fieldName).default('reward'),
  new Option('--max-length <tokens>', 'tokens kept of a text (default: 256)').argParser(wholeNumber(1)),
  new Option('--truncation-side <side>', 'where a longer text is cut').choices(['left', 'right']).default('left'),
  new Option('--activation <name>', 'what is made of the logit').choices(activations).default('none'),
  new Option('--logit <label>', 'label (number or name) to report, for a model with more than one'),
  new Option('-j, --workers <number>', 'worker threads; 0 for one a core')
    .argParser(wholeNumber(0, MOST_WORKERS))
    .default(0),
  new Option('--summary <file>', 'write a JSON account of the run').argParser(fileName),
  new Option('--offline', 'never reach the network').default(false),
  new Option('--no-cache', 'keep no prepared model on disk'),
  new Option('-q, --quiet', 'say nothing but errors').default(false),
  new Option('--no-progress', 'show no progress'),
  new Option('--debug', 'show where an error came from'),
];

const examples = `
Examples:
  reward-score -m ./my-model chats.jsonl > scored.jsonl
  reward-score -m ./my-model chats.csv -o scored.csv --summary summary.json
  zcat chats.jsonl.gz | reward-score -m ./my-model --to scores

Exit codes: 0 all rows scored, 1 fatal, 2 wrong use, 3 some rows are bad, 130/143 interrupted.`;

export function addScoreCommand(program: Command, version: string): void {
  const command = program
    .command('score', { isDefault: true })
    .description('score files (or standard input); the default command')
    .argument('[file...]', 'JSONL, CSV, TSV or text files; - is standard input')
    .addHelpText('after', examples);
  for (const option of options) {
    const name = environmentName(option);
    // For commander a variable that is there sets a switch, whatever it says, and an empty one is a value.
    const isSwitch = !option.required && !option.optional;
    if (isSwitch ? !isSwitchedOn(process.env[name]) : process.env[name] === '') delete process.env[name];
    command.addOption(option.env(name));
  }
  command.action(async (files: string[], flags: ScoreFlags) => {
    if (files.length === 0 && process.stdin.isTTY) {
      command.outputHelp({ error: true });
      command.error('', { exitCode: 2 });
    }
    const { score } = await import('./score.js');
    await score(files.length === 0 ? ['-'] : files, flags, version);
  });
}

/** Whether the variable of a switch says yes. */
export const isSwitchedOn = (value: string | undefined): boolean => !/^(0|false|no|off|)$/i.test(value ?? '');

const environmentName = (option: Option): string =>
  `REWARD_SCORE_${(option.long as string).slice(2).replaceAll('-', '_').toUpperCase()}`;
