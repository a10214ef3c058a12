/** The fields that flags name beside those that are scored: groups, labels, ids, slices, rewards of pairs. */
import { usageError } from '../../errors.js';
import { columnKey } from '../../rows/formats/csv-header.js';
import type { FormatSettings } from '../../rows/formats/index.js';
import type { PairRewards } from '../../rows/formats/pair-rewards.js';
import { refuseAbsentField } from '../../rows/kinds/refuse-fields.js';
import type { Input } from '../../run/input.js';
import type { FirstRow } from '../../run/inspect.js';

/** The keys of fields that a flag names before the inputs are looked at. */
export const asKeys = (names: PairRewards | undefined, asColumns: boolean): PairRewards | undefined =>
  names && asColumns ? [columnKey(names[0]), columnKey(names[1])] : names;

/** A record that shows which fields rows have, or a header. */
export type SampleRow = Pick<FirstRow, 'row' | 'place'>;

/**
 * The first record of the inputs, or their header.
 *
 * @param inputs as `inspectInputs` left them
 */
export function firstRecord(inputs: readonly Input[]): SampleRow | undefined {
  const found = inputs.find(({ first }) => first !== undefined);
  return found?.first && { row: found.first.row, place: `${found.name}:${found.first.line}` };
}

/**
 * The key of the field or column that a flag names, or of a path into it.
 *
 * @param option as a property: `labelField`
 * @param sample undefined where there is none
 * @throws FatalError `usage` where the sample has no such field
 */
export function fieldKey(
  name: string,
  option: string,
  { from, header }: Pick<FormatSettings, 'from' | 'header'>,
  sample: SampleRow | undefined,
): string {
  if ((from === 'csv' || from === 'tsv') && header !== undefined) {
    const keys = header.columns.map(columnKey);
    const [first = '', ...rest] = name.split('.');
    if (keys.includes(columnKey(name))) return columnKey(name);
    if (keys.includes(columnKey(first))) return [columnKey(first), ...rest].join('.');
  }
  const refused = sample && refuseAbsentField(sample.row, option, name);
  if (refused !== undefined) throw usageError(`${sample?.place}: ${refused.message}`);
  return name;
}
