/** What --details wrote into a row before: how many tokens a text has, and how many were cut off. */
import type { Row } from './kinds/roles.js';
import { detailStems } from './results.js';

export interface CarriedDetails {
  readonly tokens: number | undefined;
  readonly cut: number | undefined;
}

/** @param candidate the text's number in its row, from 0; of a pair the chosen one is the first */
export function carriedDetails(row: Row, rewardField: string, candidate: number): CarriedDetails {
  const [tokens = '', cut = ''] = detailStems(rewardField);
  return { tokens: numberIn(row, tokens, candidate), cut: numberIn(row, cut, candidate) };
}

function numberIn(row: Row, field: string, candidate: number): number | undefined {
  const own = row[field];
  const ofPair = row[`${field}_${candidate === 0 ? 'chosen' : 'rejected'}`];
  const value = Array.isArray(own) ? own[candidate] : (own ?? ofPair);
  // A cell of CSV is a text.
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}
