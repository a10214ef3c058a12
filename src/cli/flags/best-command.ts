/** The flags of `best`, as the user types them: those of score, and its own. best is score with groups. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { addOptions, fieldName, grouped, wholeNumber } from './options.js';
import { type ScoreFlags, scoreOptions } from './score-command.js';

export interface BestFlags {
  readonly group?: string;
  readonly responseField: string;
  readonly top?: number;
  readonly rank: boolean;
  readonly pairs: boolean;
  readonly minGap?: number;
}

function notNegative(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0) || value === Number.POSITIVE_INFINITY) {
    throw new InvalidArgumentError('Expected a number from 0 up.');
  }
  return value;
}

/** A group has one record, and its rows' own details would say nothing of the others'. */
const notOfGroups = ['--details', '--to'];

const options = (): Option[] => [
  ...grouped('Choice', [
    new Option('--group <field>', 'consecutive rows with the same value there are candidates of one group').argParser(
      fieldName,
    ),
    new Option('--response-field <field>', "field of the winner's text, for rows with candidates")
      .argParser(fieldName)
      .default('response'),
    new Option('--top <k>', 'a record for each of the k best, with its rank').argParser(wholeNumber(1)),
    new Option('--rank', 'a record for each candidate, best first, with its rank').default(false),
    new Option('--pairs', 'best against worst, as a pair to train on').default(false),
    new Option('--min-gap <reward>', 'leave out pairs whose rewards are nearer').argParser(notNegative),
    new Option('--to <format>', 'output format (default: as the input; jsonl for --pairs)').choices([
      'jsonl',
      'csv',
      'tsv',
    ]),
  ]),
  ...scoreOptions().filter(({ long }) => !notOfGroups.includes(long ?? '')),
];

const examples = `
Examples:
  reward-score best -m ./my-model candidates.jsonl > winners.jsonl
  reward-score best -m ./my-model samples.csv --group prompt_id --top 4 -o kept.csv
  reward-score best -m ./my-model candidates.jsonl --pairs --min-gap 0.5 > pairs.jsonl

A row that carries the reward field already is not scored again.`;

export function addBestCommand(program: Command, version: string): void {
  const command = program
    .command('best')
    .description('choose the best candidate of each group, list them by rank, or make pairs to train on')
    .argument('[file...]', 'files of rows with candidates, or of rows that --group joins; - is standard input')
    .addHelpText('after', examples);
  addOptions(command, options()).action(async (files: string[], flags: ScoreFlags & BestFlags) => {
    if (files.length === 0 && process.stdin.isTTY) {
      command.outputHelp({ error: true });
      command.error('', { exitCode: 2 });
    }
    const { score } = await import('../commands/score.js');
    await score(files.length === 0 ? ['-'] : files, { ...flags, details: false, best: flags }, version);
  });
}
