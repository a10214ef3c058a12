/** What the first rows say of all: whether they carry rewards, and where their labels are. */
import { existingShape } from '../../../rows/existing-rewards.js';
import { columnKey } from '../../../rows/formats/csv-header.js';
import { createFormat, type FormatSettings } from '../../../rows/formats/index.js';
import { kindOfRow } from '../../../rows/kinds/kinds.js';
import type { Row } from '../../../rows/kinds/roles.js';
import type { Input } from '../../../run/input.js';
import type { FirstRow } from '../existing-rewards.js';
import type { SampleRow } from '../field-key.js';

/** Where rows have their labels, unless a flag says so. */
const labelFields = ['label', 'labels'] as const;

/** Bytes that are looked at for a row that is neither bad nor a pair. */
const LOOKED_AT = 1 << 20;

export interface FirstRows {
  /** The first one that has rewards, or something to score; undefined if there is no such row. */
  readonly row: FirstRow | undefined;
  /** Where the first one that is no pair has its label. */
  readonly label: string | undefined;
  /** The first one that is no pair; undefined if there is none among those that were looked at. */
  readonly labelled: SampleRow | undefined;
}

export async function lookAtFirstRows(inputs: readonly Input[], settings: FormatSettings): Promise<FirstRows> {
  const { header, rewardField, fields } = settings;
  const places = header === undefined ? [] : [header.place];
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
          if (rows.length === 0 || kind !== 'pair') {
            rows.push(row);
            places.push(`${input.name}:${record.line}`);
          }
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
  const [place = '', lastPlace = place] = places;
  return {
    row: first && { place, hasReward: existingShape(Object.keys(first), rewardField) !== undefined },
    label: last && labelFields.find((name) => Object.hasOwn(last, name)),
    labelled: last && shape(last) !== 'pair' ? { row: last, place: lastPlace } : undefined,
  };
}
