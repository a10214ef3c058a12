/** What the first rows say of all: whether they carry rewards, and where their labels are. */
import { usageError } from '../../../errors.js';
import { existingShape } from '../../../rows/existing-rewards.js';
import { columnKey, listColumns } from '../../../rows/formats/csv-header.js';
import { createFormat, type FormatSettings } from '../../../rows/formats/index.js';
import { kindOfRow } from '../../../rows/kinds/kinds.js';
import type { Row } from '../../../rows/kinds/roles.js';
import type { Input } from '../../../run/input.js';
import type { FirstRow } from '../existing-rewards.js';

/** Where rows have their labels, unless a flag says so. */
const labelFields = ['label', 'labels'] as const;

/** Bytes that are looked at for a row that is neither bad nor a pair. */
const LOOKED_AT = 1 << 20;

export interface FirstRows {
  /** The first one that has rewards, or something to score; undefined if there is no such row. */
  readonly row: FirstRow | undefined;
  /** Where the first one that is no pair has its label. */
  readonly label: string | undefined;
}

export async function lookAtFirstRows(inputs: readonly Input[], settings: FormatSettings): Promise<FirstRows> {
  const { header, rewardField, fields } = settings;
  let place = header?.place ?? '';
  const shape = (row: Row) => existingShape(Object.keys(row), rewardField) ?? kindOfRow(row, fields);
  const rows: Row[] =
    header === undefined ? [] : [Object.fromEntries(header.columns.map((name) => [columnKey(name), '']))];
  if (header === undefined) {
    const format = createFormat(settings);
    for (const input of inputs) {
      const found = await input.peekRecord(
        format.newScanner(),
        (record) => {
          const row = record.oversized === undefined ? format.parse(record)?.row : undefined;
          const kind = row && shape(row);
          if (row === undefined || kind === undefined) return true;
          if (rows.length === 0) place = `${input.name}:${record.line}`;
          if (rows.length === 0 || kind !== 'pair') rows.push(row);
          return kind === 'pair';
        },
        LOOKED_AT,
      );
      await input.reset();
      if (found !== undefined) break;
    }
  }
  const [first] = rows;
  const last = rows.at(-1);
  return {
    row: first && { place, hasReward: existingShape(Object.keys(first), rewardField) !== undefined },
    label: last && labelFields.find((name) => Object.hasOwn(last, name)),
  };
}

/**
 * The key of a column that a flag names, or a path into it.
 *
 * @throws FatalError `usage` where there is no such column
 */
export function fieldKey(name: string, flag: string, { from, header }: FormatSettings): string {
  if ((from !== 'csv' && from !== 'tsv') || header === undefined) return name;
  const keys = header.columns.map(columnKey);
  const [first = '', ...rest] = name.split('.');
  if (keys.includes(columnKey(name))) return columnKey(name);
  if (keys.includes(columnKey(first))) return [columnKey(first), ...rest].join('.');
  throw usageError(
    `${header.place}: expected a column ${JSON.stringify(name)}, which ${flag} names; got ${listColumns(header.columns)}`,
  );
}
