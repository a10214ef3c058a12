/** The flags of `score`, as the user types them; score.ts acts on them. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type InputFormat, inputFormats, type OutputFormat, outputFormats } from '../../rows/formats/format.js';
import { DEFAULT_MAX_ROW_BYTES, LARGEST_ROW_BYTES } from '../../rows/records.js';
import { type ErrorAction, type ErrorLimit, errorActions, parseErrorLimit } from '../../run/error-policy.js';
import { parseShard, type Shard } from '../../run/shards.js';
import type { BestFlags } from './best-command.js';
import {
  addOptions,
  fieldName,
  fileName,
  grouped,
  modelName,
  type RunFlags,
  runOptions,
  type ScoringFlags,
  scoringOptions,
  wholeNumber,
} from './options.js';

export interface ScoreFlags extends ScoringFlags, RunFlags {
  readonly model?: string;
  readonly output: string;
  readonly resume: boolean;
  readonly overwrite: boolean;
  readonly shard?: Shard;
  readonly stream: boolean;
  readonly onError: ErrorAction;
  readonly maxErrors?: ErrorLimit;
  readonly errors?: string;
  readonly exitZero: boolean;
  readonly details: boolean;
  readonly limit?: number;
  readonly dryRun: boolean;
  readonly maxRowBytes: number;
  readonly strict: boolean;
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
  readonly summary?: string;
  /** Groups are chosen among. */
  readonly best?: BestFlags;
}

function oneByte(text: string): string {
  const character = text === '\\t' ? '\t' : text;
  if (!/^[^"\r\n\u0080-\uffff]$/.test(character)) {
    throw new InvalidArgumentError('Expected one ASCII character that is no quote or line end.');
  }
  return character;
}

/** Those of score; best has them too. */
export const scoreOptions = (): Option[] => [
  ...grouped('Model', [
    new Option(
      '-m, --model <dir|id>',
      'model directory, .onnx classifier, or Hugging Face id: org/name[@revision] (default: the bundled starter)',
    ).argParser(modelName),
  ]),
  ...grouped('Input and output', [
    new Option('-o, --output <file>', 'where to write; - is standard output').argParser(fileName).default('-'),
    new Option('--from <format>', "input format (default: by the file's name, else jsonl)").choices(inputFormats),
    new Option('--to <format>', 'output format (default: as the input, jsonl for text)').choices(outputFormats),
    new Option('--delimiter <character>', 'CSV separator (default: a comma, for tsv a tab)').argParser(oneByte),
    new Option('--limit <rows>', 'read only the first rows').argParser(wholeNumber(1)),
    new Option('--max-row-bytes <bytes>', 'a longer row is a bad one')
      .argParser(wholeNumber(1, LARGEST_ROW_BYTES))
      .default(DEFAULT_MAX_ROW_BYTES),
    new Option('--details', 'also write how many tokens a text has, and how many were cut').default(false),
  ]),
  ...grouped('Names of fields', [
    new Option('--text <field>', 'field that holds a text to score as it is').argParser(fieldName),
    new Option('--prompt <field>', 'field that holds the prompt').argParser(fieldName),
    new Option('--response <field>', 'field that holds the response').argParser(fieldName),
    new Option('--messages <field>', 'field that holds messages').argParser(fieldName),
    new Option('--candidates <field>', 'field that holds an array of responses').argParser(fieldName),
    new Option('--chosen <field>', 'field that holds the preferred response').argParser(fieldName),
    new Option('--rejected <field>', 'field that holds the other response').argParser(fieldName),
  ]),
  ...scoringOptions(),
  ...grouped('Rows that cannot be scored', [
    new Option('--on-error <action>', 'a bad row gets a null reward, is left out, or ends the run')
      .choices(errorActions)
      .default('null'),
    new Option('--max-errors <n|p%>', 'give up at the n-th bad row, or when more than p % are bad').argParser(
      parseErrorLimit,
    ),
    new Option('--errors <file>', 'list bad rows there, as JSON lines, and not in the output').argParser(fileName),
    new Option('--exit-zero', 'exit with 0 even if some rows are bad').default(false),
  ]),
  ...grouped('Long runs', [
    new Option('--resume', 'go on where an interrupted run to the same file stopped').default(false),
    new Option('--overwrite', 'throw away what an unfinished run to the same file left').default(false),
    new Option('--shard <i/n>', 'score the i-th of n shares; merge joins their outputs').argParser(parseShard),
    new Option('--stream', 'answer rows as they arrive').default(false),
    new Option('--dry-run', 'count rows and tokens and estimate the time; score nothing').default(false),
    new Option('--summary <file>', 'write a JSON account of the run').argParser(fileName),
    new Option('--strict', 'end before the start on what would be a warning').default(false),
  ]),
  ...runOptions(),
];

const examples = `
Examples:
  reward-score -m ./my-model chats.jsonl > scored.jsonl
  reward-score -m ./my-model chats.csv.gz -o scored.csv --summary summary.json
  reward-score -m ./my-model chats.jsonl -o scored.jsonl --resume
  cat chats.jsonl | reward-score -m ./my-model --to scores

Each flag can also be given as a variable: --max-length as REWARD_SCORE_MAX_LENGTH.
Exit codes: 0 all rows scored, 1 fatal, 2 wrong use, 3 some rows are bad, 130/143 interrupted.`;

export function addScoreCommand(program: Command, version: string): void {
  const command = program
    .command('score', { isDefault: true })
    .description('score files (or standard input); the default command')
    .argument('[file...]', 'JSONL, CSV, TSV or text files; - is standard input')
    .addHelpText('after', examples);
  addOptions(command, scoreOptions()).action(async (files: string[], flags: ScoreFlags) => {
    if (files.length === 0 && process.stdin.isTTY) {
      command.outputHelp({ error: true });
      command.error('', { exitCode: 2 });
    }
    const { score } = await import('../commands/score.js');
    await score(files.length === 0 ? ['-'] : files, flags, version);
  });
}
