/** Groups of candidates: one row with several of them, or several rows with one each. */
import { optionName } from '../option-name.js';
import { clip } from '../rows/describe-value.js';
import { failure, type RowFailure } from '../rows/failure.js';
import { canonicalKey, DEEPEST_KEY } from '../rows/field-key.js';
import { valueAt } from '../rows/fields.js';
import type { ParsedRecord } from '../rows/formats/format.js';
import type { NamedFields } from '../rows/kinds/roles.js';
import type { InputRecord } from '../rows/records.js';
import type { Reward, RowResult } from '../rows/results.js';
import { otherPairField } from './pair-fields.js';
import { promptKey } from './prompt-key.js';
import { type RankedCandidate, rankCandidates } from './rank.js';
import { addedFields, type SelectionSettings } from './settings.js';

/** A record of the input with its result of scoring. */
export interface ScoredRecord<R extends Reward = number> {
  readonly record: InputRecord;
  readonly parsed: ParsedRecord;
  readonly result: RowResult<R>;
  /** The key of its group, of a record that must not be parsed; undefined if its row has the key. */
  readonly groupKey?: string | undefined;
}

/** A record of a group, with its number in the window, from 0. */
export interface Member extends ScoredRecord {
  readonly index: number;
}

export interface Group {
  readonly members: readonly Member[];
  /** The candidates that have a reward, best first. */
  readonly ranked: readonly RankedCandidate[];
}

/** A failure of a row that could be scored, but may not be chosen. */
export interface RefusedRecord {
  readonly member: Member;
  readonly failure: RowFailure;
}

/**
 * Groups consecutive records with equal values in the group field; those without a value between them are groups of
 * their own, after it. A row that may not be chosen stays in its group, without a reward.
 *
 * @param next the record after these; a group to which it belongs is not whole, and is left out
 * @param onRefused called for each row that may not be chosen
 */
export function* groupsOf(
  records: Iterable<ScoredRecord>,
  settings: GroupingSettings,
  next: ParsedRecord | undefined,
  onRefused: (refused: RefusedRecord) => void,
): Generator<Group> {
  let members: Member[] = [];
  let alone: Member[] = [];
  let key: string | undefined;
  const refuse = (member: Member, reason: RowFailure): Member => {
    onRefused({ member, failure: reason });
    return { ...member, result: failedResult(member, reason) };
  };
  const close = (): Group[] => {
    const reason = key === undefined ? undefined : whyOfSeveralPrompts(members, key, settings);
    const own =
      reason === undefined
        ? members
        : members.map((member) => (member.result.failure === undefined ? refuse(member, reason) : member));
    const groups = [...(own.length > 0 ? [own] : []), ...alone.map((member) => [member])];
    [members, alone] = [[], []];
    return groups.map((each) => groupOf(each, settings.selection));
  };
  let index = 0;
  for (const scored of records) {
    const ownKey = scored.groupKey ?? keyOf(scored.parsed, settings.selection);
    if (ownKey === undefined ? key === undefined : ownKey !== key) yield* close();
    const member = { ...scored, index: index++ };
    const reason = whyRefused(member, ownKey, settings);
    const settled = reason === undefined ? member : refuse(member, reason);
    if (ownKey === undefined) alone.push(settled);
    else {
      members.push(settled);
      key = ownKey;
    }
  }
  const isCut = next !== undefined && key !== undefined && keyOf(next, settings.selection) === key;
  if (isCut) members = [];
  yield* close();
}

/** What decides how records are grouped. */
export interface GroupingSettings {
  readonly selection: SelectionSettings;
  readonly fields: NamedFields;
  readonly rewardField: string;
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

function groupOf(members: readonly Member[], { group }: SelectionSettings): Group {
  const [first] = members as [Member];
  const { shape, rewards } = first.result;
  const all =
    group === undefined ? (shape === 'array' ? rewards : []) : members.map(({ result }) => loneReward(result));
  return { members, ranked: rankCandidates(all) };
}

const loneReward = ({ shape, rewards }: RowResult): number | null => (shape === 'single' ? (rewards[0] ?? null) : null);

/** Candidates of several prompts are none of one group, whatever its id says. */
function whyOfSeveralPrompts(
  members: readonly Member[],
  key: string,
  { fields }: GroupingSettings,
): RowFailure | undefined {
  let first: string | undefined;
  for (const { parsed, result } of members) {
    if (parsed.row === undefined || result.failure !== undefined) continue;
    const prompt = promptKey(parsed.row, fields);
    first ??= prompt;
    if (prompt === first) continue;
    const message = `expected rows of one prompt in the group ${clip(key)} (${optionName('group')}), got several prompts`;
    return failure('BAD_ROW', message);
  }
  return undefined;
}

/** Why a row may not be chosen; undefined where it may, or already has a failure. */
function whyRefused(
  { parsed: { row }, result }: ScoredRecord,
  key: string | undefined,
  settings: GroupingSettings,
): RowFailure | undefined {
  if (row === undefined || result.failure !== undefined) return undefined;
  const { selection } = settings;
  const { group } = selection;
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
  if (selection.pairs !== undefined) return otherPairField(row, settings);
  const taken = addedFields(selection).find((name) => Object.hasOwn(row, name));
  if (taken === undefined) return undefined;
  const hint =
    taken === selection.responseField
      ? `; name another with ${optionName('responseField')}`
      : '; is it the output of best?';
  return failure('FIELD_EXISTS', `the row has a field ${taken} already${hint}`);
}
