/** Which consecutive records are in one group, so that the input is not cut within groups. */
import { runError } from '../errors.js';
import type { GroupKeyReader } from '../rows/group-key.js';
import type { InputRecord } from '../rows/records.js';
import { groupTooLarge, isTooLarge } from './group-limits.js';

/** The most groups that are remembered, to notice one that occurs again. */
const MOST_REMEMBERED = 1_000_000;

export interface JoinOptions {
  /** The field that groups rows. */
  readonly field: string;
  readonly readKey: GroupKeyReader;
  readonly isBlank: (record: InputRecord) => boolean;
  /** The file and line of a record, for messages. */
  readonly placeOf: (record: InputRecord) => string;
  /** Called once, for the first group that occurs again after others. */
  readonly onReturn: (key: string, record: InputRecord) => void;
}

/**
 * Checks whether a record is in the group of the one before it; it is called with each in order, one file after the
 * other. A record without a value in the field is a group of its own; blank ones belong to the group around them.
 *
 * @returns a function that throws FatalError `run` where a group is too large to be held
 */
export function joinsByKey(options: JoinOptions): (record: InputRecord) => boolean {
  const { field, readKey, isBlank, placeOf, onReturn } = options;
  const seen = new Set<string>();
  let hasReturned = false;
  let previous: string | undefined;
  let group = { rows: 0, bytes: 0, lastByte: 0 };

  const grow = (record: InputRecord, rows: number): void => {
    const isSameFile = record.byte > group.lastByte;
    const length = record.bytes.length + record.lineEnd.length;
    group = {
      rows: (isSameFile ? group.rows : 0) + rows,
      bytes: (isSameFile ? group.bytes : 0) + length,
      lastByte: record.byte,
    };
    if (isTooLarge(group.rows, group.bytes)) throw runError(groupTooLarge(field, placeOf(record)));
  };

  return (record) => {
    if (isBlank(record)) {
      if (previous !== undefined) grow(record, 0);
      return previous !== undefined;
    }
    const key = readKey(record);
    if (key !== undefined && key === previous) {
      grow(record, 1);
      return true;
    }
    previous = key;
    group = { rows: 1, bytes: record.bytes.length + record.lineEnd.length, lastByte: record.byte };
    if (key === undefined || hasReturned) return false;
    if (seen.has(key)) {
      hasReturned = true;
      onReturn(key, record);
    } else if (seen.size < MOST_REMEMBERED) seen.add(key);
    return false;
  };
}
