/** Rows of Parquet, which its container gives as JSON lines. */

import { authorFields, contentFields } from '../kinds/conversation.js';
import { type NamedFields, namesThatAreRead, type Row } from '../kinds/roles.js';
import {
  detailStems,
  type FieldSettings,
  type ResultSettings,
  type RewardShape,
  resultEdit,
  resultFields,
} from '../results.js';
import { REWARD_ERROR } from '../reward-error.js';
import type { RowFormat } from './format.js';
import { jsonlToJsonl } from './jsonl.js';
import { ofOneShape } from './one-shape.js';

/** Reads rows of Parquet, writes JSON lines. */
export function parquetToJsonl(settings: ResultSettings, textField: string): RowFormat {
  const lines = jsonlToJsonl(settings, textField);
  return {
    ...lines,
    parse(record) {
      const parsed = lines.parse(record);
      return parsed?.row === undefined ? parsed : { ...parsed, row: withMessages(parsed.row) };
    },
  };
}

/** A column that results are written to. */
export interface ResultColumn {
  readonly name: string;
  /** A reward, a number of tokens, or why there is no reward, as JSON. */
  readonly type: 'number' | 'count' | 'text';
  readonly isList: boolean;
}

/** The columns that rows of this shape get, in order. */
export function resultColumns(settings: ResultSettings, shape: RewardShape): ResultColumn[] {
  const isList = shape === 'array';
  const rewards = resultFields({ ...settings, details: false }, shape);
  const columns = resultFields(settings, shape).map(
    (name): ResultColumn => ({ name, type: rewards.includes(name) ? 'number' : 'count', isList }),
  );
  return settings.reasons ? [...columns, { name: REWARD_ERROR, type: 'text', isList: false }] : columns;
}

/** The line of a row that is left out. */
export const LEFT_OUT = Buffer.from('-\n');

/**
 * Reads rows of Parquet and writes, for each, a line of JSON with the values of the result's columns alone: the other
 * columns stay where they are, and the output is put together when all of a run is there.
 *
 * @param shape that of all rows, since a column has one type
 */
export function parquetToParquet(
  settings: ResultSettings & { readonly fields: NamedFields },
  textField: string,
  shape: RewardShape,
): RowFormat {
  const columns = resultColumns(settings, shape);
  return {
    ...ofOneShape(parquetToJsonl(settings, textField), shape, settings.fields),
    placeholder: LEFT_OUT,
    write(_, __, result) {
      const { members } = resultEdit({ ...result, shape, taken: false }, settings);
      const values = new Map(members);
      const cells = columns.map(({ name, type }) => {
        const value = values.get(name) ?? 'null';
        return type === 'text' && value !== 'null' ? JSON.stringify(value) : value;
      });
      return [`[${cells.join(',')}]\n`];
    },
  };
}

/** Older versions of `datasets` store a list of messages as lists of their fields, `{role: […], content: […]}`. */
export function withMessages(row: Row): Row {
  const changed = Object.entries(row).flatMap(([name, value]): [string, unknown][] => {
    const messages = messagesOf(value);
    return messages === undefined ? [] : [[name, messages]];
  });
  return changed.length === 0 ? row : { ...row, ...Object.fromEntries(changed) };
}

function messagesOf(value: unknown): object[] | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const lists = Object.entries(value);
  const has = (names: readonly string[]): boolean => names.some((name) => Object.hasOwn(value, name));
  if (!has(authorFields) || !has(contentFields)) return undefined;
  const [length, ...others] = new Set(lists.map(([, list]) => (Array.isArray(list) ? list.length : undefined)));
  if (length === undefined || others.length > 0) return undefined;
  return Array.from({ length }, (_, i) => Object.fromEntries(lists.map(([name, list]) => [name, list[i]])));
}

/**
 * The columns that a reward may depend on, and those that it is written to: where no others are written, no others need
 * be decoded.
 *
 * @param system the field of a system message
 */
export function columnsToRead(
  fields: NamedFields,
  system: string | undefined,
  settings: FieldSettings,
): ReadonlySet<string> {
  // A flag gives the name of a column, or a path that begins with one.
  const named = [...Object.values(fields), system ?? 'system'].flatMap((name) => [name, name.split('.')[0] as string]);
  const written = [...resultFields(settings, 'single'), ...resultFields(settings, 'pair'), REWARD_ERROR];
  return new Set([...named, ...namesThatAreRead, 'tools', ...written, ...detailStems(settings.rewardField)]);
}
