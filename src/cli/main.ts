/** The command line, from arguments to an exit code. It starts quickly, as the code that scores is loaded on demand. */
import { CommanderError } from 'commander';
import { FatalError, messageOf } from '../errors.js';
import { spellOptionsAs } from '../option-name.js';
import type { Context } from './context.js';
import { ExitCode } from './exit-codes.js';
import { isSwitchedOn } from './flags/options.js';
import { oneLine } from './one-line.js';
import { createProgram } from './program.js';
import { withSourceLines } from './source-lines.js';
import { explainSystemError } from './system-errors.js';

/**
 * @param args the arguments without those of Node
 * @returns the exit code; every error is reported on standard error
 */
export async function main(args: readonly string[], context: Context): Promise<number> {
  spellOptionsAs('flag');
  try {
    return await createProgram(args, context).run();
  } catch (error) {
    return report(explainSystemError(error), args, context);
  }
}

/** Reports an error in one line and returns its exit code. */
function report(error: unknown, args: readonly string[], { env, log }: Context): number {
  // commander has already reported its own errors; help and version end with its code 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  const expected = error instanceof FatalError;
  const message = expected ? error.message : `unexpected error: ${messageOf(error)} (--debug shows where)`;
  const typed = args.findLast((word) => /^--(no-)?debug$/.test(word));
  const debug = typed === undefined ? isSwitchedOn(env.REWARD_SCORE_DEBUG) : typed === '--debug';
  log.error(debug && error instanceof Error ? withSourceLines(String(error.stack)) : oneLine(message));
  return expected && error.kind === 'usage' ? ExitCode.usage : ExitCode.fatal;
}
