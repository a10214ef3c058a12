/** The program as a process of its own: bin/reward-score.js. */
import { readFileSync } from 'node:fs';
import { forceExit, needsForcedExit } from '../platform/forced-exit.js';
import type { Context } from './context.js';
import { createLog } from './log.js';
import { main } from './main.js';
import { dieBy } from './signals.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

export async function runProcess(): Promise<void> {
  // The reader of help or messages may close the pipe; run/output.ts handles that of the output.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  let readsInput = false;
  const context = processContext(() => {
    readsInput = true;
  });
  const code = await main(process.argv.slice(2), context);
  // A pipe whose writer waits for an answer would keep a process alive that has failed and gives none.
  if (readsInput) process.stdin.destroy();
  // process.exit() would cut off what is still on its way to a pipe.
  process.exitCode = code;
  if (needsForcedExit()) await forceExit(code);
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
