/** Rows that were read before, read again, for those few that are shown to a person. */
import { type CarriedDetails, carriedDetails } from '../rows/carried-details.js';
import { valueAt } from '../rows/fields.js';
import { type ShownConversation, shownConversation } from '../rows/kinds/shown-conversation.js';
import { rowsOf, type ScoredSource } from './scored-file.js';

/** A text of a row, from 0. */
export interface WantedText {
  readonly row: number;
  readonly candidate: number;
}

export interface FoundText extends CarriedDetails {
  readonly conversation: ShownConversation | undefined;
  readonly id: string | undefined;
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
  let number = 0;
  if (byRow.size === 0) return found;
  for await (const { row } of rowsOf(source)) {
    for (const text of byRow.get(number) ?? []) {
      if (row === undefined) continue;
      const id = valueAt(row, source.id ?? 'id');
      found.set(keyOfText(text), {
        conversation: shownConversation(row, text.candidate, fields),
        id: typeof id === 'string' || typeof id === 'number' ? String(id) : undefined,
        ...carriedDetails(row, rewardField, text.candidate),
      });
    }
    byRow.delete(number++);
    if (byRow.size === 0) break;
  }
  return found;
}
