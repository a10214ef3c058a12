/** What a worker thread inherits from its process. */

/**
 * Node's flags for a thread, where they must differ from those of the process: --input-type is for a program given by
 * --eval, and a thread runs a file.
 */
export function nodeFlagsOfThread(): { execArgv?: string[] } {
  const flags = process.execArgv.filter((flag) => !flag.startsWith('--input-type'));
  // Without execArgv, flags are inherited even where Node refuses to take them by name.
  return flags.length === process.execArgv.length ? {} : { execArgv: flags };
}

/** Writes to the process's own standard error: what a library prints in a thread is not a message of this program. */
export const writeToStandardError = (chunk: Uint8Array): void => void process.stderr.write(chunk);
