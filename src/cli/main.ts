/** The command line: commands, exit codes and how errors are told. Starts quickly: what scores is loaded when it is needed. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { FatalError } from '../errors.js';
import { ExitCode } from './exit-codes.js';
import { addScoreCommand } from './score-command.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('reward-score')
    .description(
      'Scores conversations with GPT-2 reward models: JSONL or CSV in, the same rows with their rewards out.',
    )
    .version(version, '-V, --version')
    .helpOption('-h, --help', 'show this help')
    .exitOverride();
  addScoreCommand(program, version);
  try {
    await program.parseAsync(argv);
  } catch (error) {
    process.exitCode = report(error);
  }
}

/** Tells an error in one line and returns its exit code. */
function report(error: unknown): number {
  // commander has told its own by now; help and version end with its code 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  const debug = process.argv.includes('--debug');
  if (error instanceof FatalError) {
    process.stderr.write(`reward-score: ${debug ? error.stack : error.message}\n`);
    return error.kind === 'usage' ? ExitCode.usage : ExitCode.fatal;
  }
  const text = error instanceof Error ? (debug ? error.stack : error.message) : String(error);
  process.stderr.write(`reward-score: unexpected error: ${text}${debug ? '' : ' (--debug shows where)'}\n`);
  return ExitCode.fatal;
}
