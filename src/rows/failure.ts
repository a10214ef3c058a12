/** Everything that can be wrong with one row. It travels with the row as a value; the other rows are scored. */

/** The closed list of codes, each with its meaning. */
export const failureCodes = {
  BAD_JSON: 'the line is not JSON',
  BAD_CSV: 'the record is not CSV, or has another number of fields than the header',
  BAD_UTF8: 'the record, or a text in it, is not valid Unicode',
  BAD_ROW: 'the row has no text to score, or a field is of the wrong kind',
  EMPTY_TEXT: 'there is no text, or no response, to score',
  FIELD_EXISTS: 'the row has the reward field already',
  ROW_TOO_LARGE: 'the record has more bytes than a row may have',
  NON_FINITE: 'the reward is not a finite number',
  TEMPLATE_ERROR: 'the chat template could not render the messages',
  WORKER_CRASH: 'scoring the row alone ended a worker thread, twice',
} as const;

export type FailureCode = keyof typeof failureCodes;

export interface RowFailure {
  readonly code: FailureCode;
  readonly message: string;
  /** Number of the candidate, from 0, where one candidate failed. */
  readonly index?: number;
  /** Length of a record over the size limit, whose bytes are not carried. */
  readonly bytes?: number;
  /** Wrong is how the tool is used rather than the row: on the first record it ends the run before anything is written. */
  readonly wrongUse?: true;
}

export const failure = (code: FailureCode, message: string, index?: number): RowFailure => ({
  code,
  message,
  ...(index !== undefined && { index }),
});

/** A bad row, as all rows like it are with these options. */
export const wrongUse = (message: string): RowFailure => ({ ...failure('BAD_ROW', message), wrongUse: true });

/** The failure of one row among others, as it is written and counted. */
export function asBadRow({ wrongUse: _, ...written }: RowFailure): RowFailure {
  return written;
}

export const ICONV_HINT = 'if it is in another encoding, convert it first: iconv -f LATIN1 -t UTF-8';

export const notUtf8 = (): RowFailure => failure('BAD_UTF8', `expected UTF-8, got other bytes; ${ICONV_HINT}`);

export const isFailure = (value: unknown): value is RowFailure =>
  typeof value === 'object' && value !== null && 'code' in value && 'message' in value;
