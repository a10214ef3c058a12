import type { FailedRow } from '../rows/failed-row.js';

/** Writes the list of failures: one line of JSON for each failed row. */
export const failureLines = (file: string, failed: readonly FailedRow[]): Buffer =>
  Buffer.from(
    failed
      .map(
        ({ path = file, line, byte, failure, input }) =>
          `${JSON.stringify({ file: path, line, byte, ...failure, input })}\n`,
      )
      .join(''),
  );
