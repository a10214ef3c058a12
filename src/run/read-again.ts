/** Rows that were read before, read again, for those few that are shown to a person. */
import { valueAt } from '../rows/fields.js';
import { type ShownConversation, shownConversation } from '../rows/kinds/shown-conversation.js';
import { detailStems } from '../rows/results.js';
import { rowsOf, type ScoredSource } from './scored-file.js';

/** A text of a row, from 0. */
export interface WantedText {
  readonly row: number;
  readonly candidate: number;
}

export interface FoundText {
  readonly conversation: ShownConversation | undefined;
  readonly id: string | undefined;
  /** As the row carries them, where it was scored with details. */
  readonly tokens: number | undefined;
  readonly cut: number | undefined;
}

export const keyOfText = ({ row, candidate }: WantedText): string => `${row}:${candidate}`;

/** @returns by `keyOfText`; a text that is not there any more is left out */
export async function readTextsAgain(
  source: ScoredSource,
  wanted: readonly WantedText[],
): Promise<ReadonlyMap<string, FoundText>> {
  const byRow = new Map<number, WantedText[]>();
  for (const text of wanted) byRow.set(text.row, [...(byRow.get(text.row) ?? []), text]);
  const found = new Map<string, FoundText>();
  const { rewardField, fields } = source.format;
  const [tokens = '', cut = ''] = detailStems(rewardField);
  let number = 0;
  if (byRow.size === 0) return found;
  for await (const { row } of rowsOf(source)) {
    for (const text of byRow.get(number) ?? []) {
      if (row === undefined) continue;
      const id = valueAt(row, source.id ?? 'id');
      found.set(keyOfText(text), {
        conversation: shownConversation(row, text.candidate, fields),
        id: typeof id === 'string' || typeof id === 'number' ? String(id) : undefined,
        tokens: numberIn(row, tokens, text.candidate),
        cut: numberIn(row, cut, text.candidate),
      });
    }
    byRow.delete(number++);
    if (byRow.size === 0) break;
  }
  return found;
}

/** Of a row with one text, several candidates, or a pair. */
function numberIn(row: Readonly<Record<string, unknown>>, field: string, candidate: number): number | undefined {
  const own = row[field];
  const value = Array.isArray(own)
    ? own[candidate]
    : (own ?? row[`${field}_${candidate === 0 ? 'chosen' : 'rejected'}`]);
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}
