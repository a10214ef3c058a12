/** Groups of candidates: one row with several of them, or several rows with one each. */
import { optionName } from '../option-name.js';
import { failure, type RowFailure } from '../rows/failure.js';
import { canonicalKey, DEEPEST_KEY } from '../rows/field-key.js';
import { valueAt } from '../rows/fields.js';
import type { ParsedRecord } from '../rows/formats/format.js';
import type { InputRecord } from '../rows/records.js';
import type { RowResult } from '../rows/results.js';
import { type RankedCandidate, rankCandidates } from './rank.js';
import { addedFields, type SelectionSettings } from './settings.js';

/** A record of the input with its result of scoring. */
export interface ScoredRecord {
  readonly record: InputRecord;
  readonly parsed: ParsedRecord;
  readonly result: RowResult;
  /** The key of its group, of a record that must not be parsed; undefined if its row has the key. */
  readonly groupKey?: string | undefined;
}

export interface Group {
  readonly records: readonly ScoredRecord[];
  /** The candidates that have a reward, best first. */
  readonly ranked: readonly RankedCandidate[];
}

/** A failure of a row that could be scored, but may not be chosen. */
export interface RefusedRecord {
  /** Number of the record, from 0. */
  readonly index: number;
  readonly record: InputRecord;
  readonly failure: RowFailure;
}

/**
 * Groups consecutive records with equal values in the group field. A row that may not be chosen stays in its group,
 * without a reward.
 *
 * @param next the record after these; a group to which it belongs is not whole, and is left out
 * @param onRefused called for each row that may not be chosen
 */
export function* groupsOf(
  records: Iterable<ScoredRecord>,
  settings: SelectionSettings,
  next: ParsedRecord | undefined,
  onRefused: (refused: RefusedRecord) => void,
): Generator<Group> {
  let members: ScoredRecord[] = [];
  let key: string | undefined;
  let index = 0;
  for (const scored of records) {
    const ownKey = scored.groupKey ?? keyOf(scored.parsed, settings);
    if (members.length > 0 && (ownKey === undefined || ownKey !== key)) {
      yield groupOf(members, settings);
      members = [];
    }
    key = ownKey;
    const reason = whyRefused(scored, ownKey, settings);
    if (reason !== undefined) onRefused({ index, record: scored.record, failure: reason });
    members.push(reason === undefined ? scored : { ...scored, result: failedResult(scored, reason) });
    index++;
  }
  const isCut = next !== undefined && key !== undefined && keyOf(next, settings) === key;
  if (members.length > 0 && !isCut) yield groupOf(members, settings);
}

/** What the row carries already stays there: it failed as a member of its group. */
const failedResult = ({ result: { taken = false } }: ScoredRecord, reason: RowFailure): RowResult => ({
  shape: 'single',
  rewards: [],
  failure: reason,
  taken,
});

const keyOf = ({ row }: ParsedRecord, { group }: SelectionSettings): string | undefined =>
  row === undefined || group === undefined ? undefined : canonicalKey(valueAt(row, group) ?? undefined);

function groupOf(records: readonly ScoredRecord[], { group }: SelectionSettings): Group {
  const [first] = records as [ScoredRecord];
  const rewards = group === undefined ? first.result.rewards : records.map(({ result }) => loneReward(result));
  return { records, ranked: rankCandidates(rewards) };
}

const loneReward = ({ shape, rewards }: RowResult): number | null => (shape === 'single' ? (rewards[0] ?? null) : null);

/** Why a row may not be chosen; undefined where it may, or already has a failure. */
function whyRefused(
  { parsed: { row }, result }: ScoredRecord,
  key: string | undefined,
  settings: SelectionSettings,
): RowFailure | undefined {
  if (row === undefined || result.failure !== undefined) return undefined;
  const { group } = settings;
  if (result.shape !== (group === undefined ? 'array' : 'single')) {
    return failure(
      'BAD_ROW',
      group === undefined
        ? `expected a row with candidates, or rows that ${optionName('group')} FIELD joins`
        : `expected a row with one text to score (${optionName('group')}), got several`,
    );
  }
  if (group !== undefined && key === undefined) {
    const isThere = (valueAt(row, group) ?? undefined) !== undefined;
    const problem = isThere
      ? `expected a value of at most ${DEEPEST_KEY} levels in the field ${group} (${optionName('group')}), got one that is nested deeper`
      : `expected a field ${group} (${optionName('group')}), got none`;
    return failure('BAD_ROW', problem);
  }
  if (settings.pairs !== undefined) return undefined;
  const taken = addedFields(settings).find((name) => Object.hasOwn(row, name));
  if (taken === undefined) return undefined;
  const hint =
    taken === settings.responseField
      ? `; name another with ${optionName('responseField')}`
      : '; is it the output of best?';
  return failure('FIELD_EXISTS', `the row has a field ${taken} already${hint}`);
}
