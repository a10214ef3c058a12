/** What the program says to a person: on standard error, one line each. */
export interface Log {
  /** Worth knowing, and left out by --quiet. */
  note(message: string): void;
  /** Always said. */
  error(message: string): void;
}

export const createLog = (quiet: boolean): Log => ({
  note(message) {
    if (!quiet) process.stderr.write(`reward-score: ${message}\n`);
  },
  error: (message) => void process.stderr.write(`reward-score: ${message}\n`),
});
