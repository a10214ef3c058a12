/** The flags of `eval`, as the user types them; eval.ts acts on them. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { usageError } from '../../errors.js';
import { metricNames } from '../../evaluation/metrics.js';
import { parseThreshold, type Side, type Threshold } from '../../evaluation/thresholds.js';
import { addOptions, fieldName, fileName, grouped, wholeNumber } from './options.js';
import { type ScoreFlags, scoreOptions } from './score-command.js';

export interface EvalFlags extends ScoreFlags {
  readonly labelField?: string;
  readonly positive?: readonly string[];
  readonly group?: string;
  readonly by?: string;
  readonly baseline?: string;
  readonly id?: string;
  readonly bootstrap: number;
  readonly seed: number;
  readonly json: boolean;
  readonly junit?: string;
  readonly report?: string;
  readonly failUnder?: readonly Threshold[];
  readonly failOver?: readonly Threshold[];
  readonly failOnInterval: boolean;
}

/** Flags of score that eval does not have. */
const notHere = ['output', 'to', 'details', 'resume', 'overwrite', 'shard', 'stream', 'dryRun'] as const;

const threshold =
  (side: Side) =>
  (text: string, before: readonly Threshold[] = []): Threshold[] => {
    const parsed = parseThreshold(side, text);
    if (typeof parsed === 'string') throw new InvalidArgumentError(parsed);
    return [...before, parsed];
  };

const label = (text: string, before: readonly string[] = []): string[] => {
  if (text.trim() === '') throw new InvalidArgumentError('Expected a label.');
  return [...before, text];
};

const evalOptions = (): Option[] => [
  ...grouped('What is evaluated', [
    new Option('--label-field <field>', 'field of the labels (default: label or labels, where there)').argParser(
      fieldName,
    ),
    new Option('--positive <label>', 'label that counts as 1, all others as 0; can be given again').argParser(label),
    new Option('--group <field>', 'rows with the same value are candidates of one group').argParser(fieldName),
    new Option('--by <field>', 'also evaluate the rows of each value apart').argParser(fieldName),
    new Option('--baseline <file>', 'the same rows scored by another model, to be compared with').argParser(fileName),
    new Option('--id <field>', 'field that tells which row of the baseline is which (default: their order)').argParser(
      fieldName,
    ),
    new Option('--bootstrap <number>', 'resamples that intervals are made of')
      .argParser(wholeNumber(100, 1_000_000))
      .default(2000),
    new Option('--seed <number>', 'where the resamples begin').argParser(wholeNumber(0, 2 ** 31 - 1)).default(0),
  ]),
  ...grouped('What comes of it', [
    new Option('--json', 'print JSON').default(false),
    new Option('--report <file>', 'write an HTML page').argParser(fileName),
    new Option('--junit <file>', 'write JUnit XML, a test case for each threshold').argParser(fileName),
    new Option('--fail-under <name=number>', 'exit with 4 if the metric is less; can be given again').argParser(
      threshold('under'),
    ),
    new Option('--fail-over <name=number>', 'exit with 4 if the metric is more; can be given again').argParser(
      threshold('over'),
    ),
    new Option('--fail-on-interval', "compare the worse end of the metric's interval").default(false),
  ]),
];

const examples = `
Examples:
  reward-score eval -m ./my-model labelled.jsonl --group question --by topic
  reward-score eval labelled-scored.jsonl --fail-under auc=0.8 --fail-over ece=0.3 --junit eval.xml

Rows that carry rewards are not scored again, and need no model.
Metrics: ${metricNames.join(', ')}.
Exit codes: those of score, and 4: a threshold was missed.`;

export function addEvalCommand(program: Command, version: string): void {
  const command = program
    .command('eval')
    .description('judge a reward model on labelled rows or pairs: metrics with intervals, thresholds for CI')
    .argument('[file...]', 'JSONL, CSV, TSV or text files, scored or not; - is standard input')
    .addHelpText('after', examples);
  const ofScore = scoreOptions();
  const isHere = (option: Option): boolean => !notHere.some((name) => name === option.attributeName());
  addOptions(command, [...evalOptions(), ...ofScore.filter(isHere)]);
  for (const option of ofScore.filter((each) => !isHere(each))) command.addOption(option.hideHelp());
  command.action(async (files: string[], flags: EvalFlags) => {
    if (files.length === 0 && process.stdin.isTTY) {
      command.outputHelp({ error: true });
      command.error('', { exitCode: 2 });
    }
    const refused = ofScore.find(
      (option) => !isHere(option) && command.getOptionValueSource(option.attributeName()) === 'cli',
    );
    if (refused !== undefined) throw usageError(`expected eval without ${refused.long}: it writes no rows`);
    const { evaluateFiles } = await import('../commands/eval.js');
    await evaluateFiles(files.length === 0 ? ['-'] : files, flags, version);
  });
}
