/** The field that says why a row has no reward. One run writes it, and the next may read it. */
import { type FailureCode, failure, failureCodes, type RowFailure } from './failure.js';
import type { Row } from './kinds/roles.js';
import type { SplicedMember } from './splice.js';

export const REWARD_ERROR = 'reward_error';

/**
 * The members that carry a failure; none for a result without one.
 *
 * @param input the record, where no fields of its own are written
 */
export const rewardErrorMembers = (problem: RowFailure | undefined, input?: string): SplicedMember[] =>
  problem === undefined ? [] : [[REWARD_ERROR, JSON.stringify({ ...problem, input })]];

/**
 * The failure that an earlier run wrote into a row.
 *
 * @param index number of the candidate without a reward
 * @returns undefined where there is none, or this program did not write it
 */
export function readRewardError(row: Row, index?: number): RowFailure | undefined {
  const { code, message } = (row[REWARD_ERROR] ?? {}) as { code?: unknown; message?: unknown };
  const isKnown = typeof code === 'string' && Object.hasOwn(failureCodes, code) && typeof message === 'string';
  return isKnown ? failure(code as FailureCode, message, index) : undefined;
}
