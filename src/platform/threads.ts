/** What a worker thread takes over from its process. */

/**
 * Node's flags for a thread, where they may not be those of the process: a program given by --eval is written in what
 * --input-type says, and this file's is not.
 */
export function nodeFlagsOfThread(): { execArgv?: string[] } {
  const flags = process.execArgv.filter((flag) => !flag.startsWith('--input-type'));
  // Left out, flags are inherited even where Node refuses to take them by name.
  return flags.length === process.execArgv.length ? {} : { execArgv: flags };
}

/** The process's own standard error: what a library prints in a thread is no message of this program. */
export const writeToStandardError = (chunk: Uint8Array): void => void process.stderr.write(chunk);
