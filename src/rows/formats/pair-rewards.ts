/** Rows that carry the rewards of a pair in fields of any names, read as rows that carry them in the usual ones. */
import { asBadRow } from '../failure.js';
import { valueAt } from '../fields.js';
import { refuseAbsentField } from '../kinds/refuse-fields.js';
import type { Row } from '../kinds/roles.js';
import { resultFields } from '../results.js';
import type { ParsedRecord, RowFormat } from './format.js';

/** The fields of the chosen text's reward and of the rejected one's. */
export type PairRewards = readonly [chosen: string, rejected: string];

export const readPairRewards = (format: RowFormat, fields: PairRewards, rewardField: string): RowFormat => ({
  ...format,
  parse(record) {
    const parsed = format.parse(record);
    return parsed?.row === undefined || parsed.failure !== undefined
      ? parsed
      : { ...parsed, ...made(parsed.row, fields, rewardField) };
  },
});

function made(row: Row, fields: PairRewards, rewardField: string): Pick<ParsedRecord, 'row' | 'failure'> {
  for (const name of fields) {
    const failure = refuseAbsentField(row, 'fields', name);
    if (failure !== undefined) return { row, failure: asBadRow(failure) };
  }
  const usual = resultFields({ rewardField, details: false }, 'pair');
  return { row: { ...row, ...Object.fromEntries(usual.map((name, i) => [name, valueAt(row, fields[i] as string)])) } };
}
