/** Which consecutive records are in one group, so that the input is not cut within groups. */
import { runError } from '../errors.js';
import { optionName } from '../option-name.js';
import { clip } from '../rows/describe-value.js';
import type { GroupKeyReader } from '../rows/group-key.js';
import type { InputRecord } from '../rows/records.js';
import { groupTooLarge, isTooLarge } from './group-limits.js';
import { SeenGroups } from './seen-groups.js';

export interface JoinOptions {
  /** The field that groups rows. */
  readonly field: string;
  readonly readKey: GroupKeyReader;
  readonly isBlank: (record: InputRecord) => boolean;
  /** A file and a line, for messages. */
  readonly placeOf: (file: number, line: number) => string;
}

/** Whether a record of a file is in the group of the one before it; called for each in order, one file after the other. */
export type JoinsByKey = (record: InputRecord, file: number) => boolean;

/**
 * Joins records with one value in the field. Blank ones belong to the group around them, and so do records without a
 * value: these are bad ones, and what comes after them may be of the same group.
 *
 * @returns a function that throws FatalError `run` where a group comes back after others, or is too large to be held
 */
export function joinsByKey({ field, readKey, isBlank, placeOf }: JoinOptions): JoinsByKey {
  const seen = new SeenGroups();
  /** How many lines the files before each one have. */
  const linesBefore = [0];
  let lastLine = 0;
  let file = 0;
  let previous: string | undefined;
  let group = { rows: 0, bytes: 0 };

  const begin = (next: number): void => {
    for (; file < next; file++) {
      linesBefore.push((linesBefore[file] as number) + lastLine);
      lastLine = 0;
    }
    previous = undefined;
  };
  const placeOfTotal = (total: number): string => {
    const index = linesBefore.findLastIndex((lines) => lines < total);
    return placeOf(index, total - (linesBefore[index] as number));
  };
  const refuseReturn = (key: string, line: number, before: number): never => {
    throw runError(
      `${placeOf(file, line)}: the group ${clip(key)} was there before, at ${placeOfTotal(before)}, with others in between: ` +
        `sort the rows by ${field}, or hold them in memory with ${optionName('gather')}`,
    );
  };

  return (record, ofFile) => {
    if (ofFile !== file) begin(ofFile);
    // A file is read from its beginning to find its groups, so that lines are known.
    const line = record.line as number;
    lastLine = line;
    const length = record.bytes.length + record.lineEnd.length;
    const isFiller = isBlank(record);
    const key = isFiller ? undefined : readKey(record);
    if (key !== undefined && key !== previous) {
      previous = key;
      group = { rows: 1, bytes: length };
      const before = seen.add(key, (linesBefore[file] as number) + line);
      if (before !== undefined) refuseReturn(key, line, before);
      return false;
    }
    if (previous === undefined) return false;
    group = { rows: group.rows + (isFiller ? 0 : 1), bytes: group.bytes + length };
    if (!isTooLarge(group.rows, group.bytes)) return true;
    if (key !== undefined) throw runError(groupTooLarge(field, placeOf(file, line)));
    // It need not go on.
    previous = undefined;
    return false;
  };
}
