/** The command line: commands, exit codes and how errors are told. Starts quickly: what scores is loaded when it is needed. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, type Option } from 'commander';
import { FatalError, messageOf } from '../errors.js';
import { forceExit, needsForcedExit } from '../platform/forced-exit.js';
import { ExitCode } from './exit-codes.js';
import { addBestCommand } from './flags/best-command.js';
import { addCompletionCommand } from './flags/completion-command.js';
import { addEvalCommand } from './flags/eval-command.js';
import { addMergeCommand } from './flags/merge-command.js';
import { addModelCommand } from './flags/model-command.js';
import { isSwitchedOn } from './flags/options.js';
import { addScoreCommand } from './flags/score-command.js';
import { addServeCommand } from './flags/serve-command.js';
import { oneLine } from './one-line.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

export async function main(argv: readonly string[]): Promise<void> {
  // Whoever reads help or messages may have seen enough; of the output, pipeline/output.ts knows.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  try {
    await createProgram().parseAsync(argv);
  } catch (error) {
    process.exitCode = report(error);
  }
  if (needsForcedExit()) await forceExit(Number(process.exitCode ?? ExitCode.ok));
}

/** The commands and their flags: what is parsed is also what completion and docs/cli.md are made from. */
export function createProgram(): Command {
  const program = new Command('reward-score')
    .description(
      'Scores conversations with GPT-2 reward models: JSONL or CSV in, the same rows with their rewards out.',
    )
    .version(version, '-V, --version')
    .helpOption('-h, --help', 'show this help')
    .addHelpText('after', '\nThe flags of score: reward-score score --help')
    .configureHelp({ optionDescription })
    .configureOutput({ outputError: (text, write) => write(inOneLine(text, program)) })
    .exitOverride();
  addScoreCommand(program, version);
  addBestCommand(program, version);
  addEvalCommand(program, version);
  addMergeCommand(program);
  addServeCommand(program);
  addModelCommand(program);
  addCompletionCommand(program);
  return program;
}

/** Without the variable, whose name follows from the flag's, and without defaults that say nothing. */
function optionDescription({ description, argChoices, defaultValue }: Option): string {
  const notes = [
    ...(argChoices === undefined ? [] : [argChoices.join(', ')]),
    ...(defaultValue === undefined || typeof defaultValue === 'boolean' ? [] : [`default: ${defaultValue}`]),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`;
}

/** commander's errors in the words and the one line of all others. */
function inOneLine(text: string, program: Command): string {
  if (!text.startsWith('error: ')) return text;
  const message = text
    .trimEnd()
    .replace(/^error: /, 'reward-score: ')
    .replace(/\n\(Did you mean (.*)\?\)$/, '; did you mean $1?');
  const lost = message.includes('unknown option') && !message.endsWith('?');
  const typed = process.argv.slice(2).find((word) => !word.startsWith('-'));
  const command = program.commands.find((each) => each.name() === typed)?.name() ?? 'score';
  return `${message}${lost ? `; reward-score ${command} --help lists them` : ''}\n`;
}

/** Tells an error in one line and returns its exit code. */
function report(error: unknown): number {
  // commander has told its own by now; help and version end with its code 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  const expected = error instanceof FatalError;
  const said = expected ? error.message : `unexpected error: ${messageOf(error)} (--debug shows where)`;
  const debug = process.argv.includes('--debug') || isSwitchedOn(process.env.REWARD_SCORE_DEBUG);
  const text = debug && error instanceof Error ? error.stack : oneLine(said);
  process.stderr.write(`reward-score: ${text}\n`);
  return expected && error.kind === 'usage' ? ExitCode.usage : ExitCode.fatal;
}
