/** The program as a process of its own: bin/reward-score.js. */
import { readFileSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { messageOf } from '../errors.js';
import { forceExit, needsForcedExit } from '../platform/forced-exit.js';
import type { Context } from './context.js';
import { ExitCode } from './exit-codes.js';
import { createLog } from './log.js';
import { main } from './main.js';
import { dieBy } from './signals.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

export async function runProcess(): Promise<void> {
  // Whoever reads messages may close the pipe.
  process.stderr.on('error', () => undefined);
  const outputFailure = watchOutput(process.stdout);
  let readsInput = false;
  const context = processContext(() => {
    readsInput = true;
  });
  let code: number = await main(process.argv.slice(2), context);
  const failure = await outputFailure();
  if (failure !== undefined && (code === ExitCode.ok || code > ExitCode.usage)) {
    context.log.error(`standard output cannot be written: ${messageOf(failure)}`);
    code = ExitCode.fatal;
  }
  // A pipe whose writer waits for an answer would keep a process alive that has failed and gives none.
  if (readsInput) process.stdin.destroy();
  // process.exit() would cut off what is still on its way to a pipe.
  process.exitCode = code;
  if (needsForcedExit()) await forceExit(code);
}

/**
 * Watches over what is written by whoever does not wait for it: help, a report, JSON. run/output.ts sees to rewards by itself.
 *
 * @returns waits until everything is written, and gives the first error, unless it is that the reader has seen enough
 */
function watchOutput(stdout: Writable): () => Promise<Error | undefined> {
  let failure: Error | undefined;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') failure ??= error;
  });
  return async () => {
    // The event comes after the answer to the write.
    await new Promise<void>((resolve) => stdout.write('', () => setImmediate(resolve)));
    return failure;
  };
}

/**
 * The context that this process gives to a run of the program.
 *
 * @param onInputOpened called when a command first asks for standard input
 */
export const processContext = (onInputOpened: () => void = () => undefined): Context => ({
  // Node opens standard input on first access, which a run that reads only files should not do.
  get stdin() {
    onInputOpened();
    return process.stdin;
  },
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  signals: process,
  dieBy,
  version,
  log: createLog(process.stderr),
});
