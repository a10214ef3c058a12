/** The result of scoring one row, and how numbers and failures are written. */
import { optionName } from '../option-name.js';
import type { RowFailure } from './failure.js';
import type { RowKind } from './kinds/kinds.js';
import { REWARD_ERROR, rewardErrorMembers } from './reward-error.js';
import { membersText, type SplicedMember } from './splice.js';

/** Whether a row's rewards are one number, an array (candidates), or two fields (chosen and rejected). */
export type RewardShape = 'single' | 'array' | 'pair';

/**
 * What is done about the rewards that a row carries already.
 *
 * - `refuse`: the row is a bad one, and its rewards give way to null, so that nobody takes another model's for this one's.
 * - `replace`: the row is scored, and its rewards are replaced.
 * - `complete`: finite ones are taken, and the other texts of the row are scored.
 * - `take`: they are taken as they are, valid or not; a row without is scored.
 * - `take only`: they are taken likewise; a row without is a bad one, since no model was named.
 */
export type ExistingRewards = 'refuse' | 'replace' | 'complete' | 'take' | 'take only';

/** Whether rows keep the rewards that they carry, whatever these are. */
export const takesRewards = (existing: ExistingRewards): boolean => existing === 'take' || existing === 'take only';

/** What a text is given: a number, or one for each of the model's labels, in their order. */
export type Reward = number | readonly number[];

export interface RowResult<R extends Reward = number> {
  readonly shape: RewardShape;
  /** The rewards; null in the place of a text that failed, and empty where the whole row failed. */
  readonly rewards: readonly (R | null)[];
  /** For each text, the tokens that were scored, and those that were cut. */
  readonly tokens?: readonly (number | null)[];
  readonly truncated?: readonly (number | null)[];
  /** Of those scored, how many stand before the response; null where the row does not say where that begins. */
  readonly promptTokens?: readonly (number | null)[];
  /** For each text, the logit of every label, [labels]; null in the place of one that failed. Where they are asked for. */
  readonly logits?: readonly (Float32Array | null)[];
  /** The failure of the row, or of its first text that failed. */
  readonly failure?: RowFailure;
  /** Whether the row's texts were made of messages; undefined where it was not read. */
  readonly templated?: boolean;
  /** Whether all of it is what the row carries already, so that the row's own bytes say it. */
  readonly taken?: boolean;
}

export const shapeOf = (kind: RowKind | undefined): RewardShape =>
  kind === 'pair' ? 'pair' : kind === 'candidates' ? 'array' : 'single';

/** Which parts of a result are written. */
export interface ResultSettings {
  /** Field or column of the reward, after which the others are named. */
  readonly rewardField: string;
  /** Whether to write how many tokens each text has and how many of them were cut. */
  readonly details: boolean;
  /** Whether to write why there is no reward. */
  readonly reasons: boolean;
  readonly existing: ExistingRewards;
  /** Where a reward is a number for each label: how these are written. */
  readonly labels?: WrittenLabels;
}

interface WrittenLabels {
  /** The labels, in the order of a reward's numbers. */
  readonly names: readonly string[];
  /** Whether each has a field of its own, as in formats with columns, and not a member of one object. */
  readonly asFields: boolean;
}

/** What decides the names of the fields that a result is written to. */
export type FieldSettings = Pick<ResultSettings, 'rewardField' | 'details' | 'labels'>;

/** What the fields of the details are named after: of the tokens, those that were cut, and those before the response. */
export const detailStems = (rewardField: string): string[] =>
  ['_tokens', '_truncated', '_prompt_tokens'].map((suffix) => rewardField + suffix);

/** The fields that a result is written to, by shape; those of the rewards come first. */
export function resultFields({ rewardField, details, labels }: FieldSettings, shape: RewardShape): string[] {
  const ofTexts = (stem: string): string[] => (shape === 'pair' ? [`${stem}_chosen`, `${stem}_rejected`] : [stem]);
  const rewards = ofTexts(rewardField);
  const ofLabels = labels?.asFields
    ? rewards.flatMap((field) => labels.names.map((label) => `${field}_${label}`))
    : rewards;
  return details ? [...ofLabels, ...detailStems(rewardField).flatMap(ofTexts)] : ofLabels;
}

/** The value of each of resultFields, of a result with rewards: JSON, or undefined for what is not known. */
function resultValues(result: RowResult<Reward>, { details, labels }: FieldSettings): (string | undefined)[] {
  const { shape, rewards, tokens, truncated, promptTokens } = result;
  const isArray = shape === 'array';
  const values = isArray ? arraysOf(rewards, labels) : rewards.flatMap((reward) => valuesOf(reward, labels));
  if (!details) return values;
  const ofDetails = [tokens, truncated, promptTokens].flatMap((numbers): (string | undefined)[] => {
    if (numbers === undefined) return shape === 'pair' ? [undefined, undefined] : [undefined];
    return isArray ? [`[${numbers.map(String).join(',')}]`] : numbers.map(String);
  });
  return [...values, ...ofDetails];
}

/** A text's reward as JSON: a value for each field that it is written to. */
function valuesOf(reward: Reward | null, labels: WrittenLabels | undefined): string[] {
  return labels?.asFields
    ? labels.names.map((_, label) => formatReward(numberOf(reward, label)))
    : [formatRewards(reward, labels?.names)];
}

/** Of several texts likewise, with an array in each field. */
function arraysOf(rewards: readonly (Reward | null)[], labels: WrittenLabels | undefined): string[] {
  const ofTexts = rewards.map((reward) => valuesOf(reward, labels));
  return (ofTexts[0] ?? []).map((_, field) => `[${ofTexts.map((values) => values[field]).join(',')}]`);
}

const numberOf = (reward: Reward | null, label: number): number | null =>
  typeof reward === 'object' ? (reward?.[label] ?? null) : reward;

/** A reward as JSON: a number, or an object with that of each label. */
export function formatRewards(reward: Reward | null, labels: readonly string[] = []): string {
  if (typeof reward !== 'object' || reward === null) return formatReward(reward);
  return `{${membersText(labels.map((label, i) => [label, formatReward(numberOf(reward, i))]))}}`;
}

/** The shortest decimal that rounds to the float32 `value`, as JavaScript writes it; -0 as 0. */
export function formatReward(value: number | null): string {
  if (value === null) return 'null';
  // A reward that a row carried need not be one, and stays what it was.
  if (Math.fround(value) !== value) return String(value);
  // 9 digits distinguish any two float32. A shorter decimal than one of 6 digits is found with 6 of them too.
  for (let digits = 6; digits < 9; digits++) {
    const decimal = Number(value.toPrecision(digits));
    if (Math.fround(decimal) === value) return String(decimal + 0);
  }
  return String(Number(value.toPrecision(9)));
}

/** A reward as it is read again after it was written. */
export const writtenReward = (reward: number): number => Number(formatReward(reward));

/** What a result changes in its row. */
export interface RowEdit {
  /** They take the place of the row's own fields of these names, or else come after all of them. */
  readonly members: readonly SplicedMember[];
  /** Fields of the row that are left out. */
  readonly removed: readonly string[];
}

/**
 * The fields that represent a result in its row: the rewards, and `reward_error` after them where there is a failure.
 *
 * @param own the row's value of a field; undefined where it has none of that name
 */
export function resultEdit(
  result: RowResult<Reward>,
  settings: ResultSettings,
  own: (name: string) => unknown = () => undefined,
): RowEdit {
  const isThere = (name: string): boolean => own(name) !== undefined;
  const errors = settings.reasons ? rewardErrorMembers(result.failure) : [];
  const rewards = rewardMembers(result, settings, isThere);
  if (result.taken) return { members: [...rewards, ...errors].filter(([name]) => !isThere(name)), removed: [] };
  const written = takesRewards(settings.existing) ? rewards.filter(([name]) => !isThere(name)) : rewards;
  if (errors.length > 0) return { members: [...written, ...errors], removed: [] };
  // An older reason is none for what this run gives.
  return { members: written, removed: isEmpty(own(REWARD_ERROR)) ? [] : [REWARD_ERROR] };
}

/** A cell of CSV is empty where others have null. */
const isEmpty = (value: unknown): boolean => value === undefined || value === null || value === '';

/** A row that failed as a whole has one field of null, or all of a pair's where it carries one of them. */
function rewardMembers(
  result: RowResult<Reward>,
  settings: ResultSettings,
  isThere: (name: string) => boolean,
): SplicedMember[] {
  const { rewardField, details, existing, labels } = settings;
  const { shape, rewards } = result;
  if (rewards.length > 0) {
    // What most results are is written without a list for each step.
    if (shape === 'single' && !details && !labels?.asFields) {
      return [[rewardField, formatRewards(rewards[0] ?? null, labels?.names)]];
    }
    const values = resultValues(result, settings);
    return resultFields(settings, shape).map((name, i) => [name, values[i]]);
  }
  const ofRewards = resultFields({ ...settings, details: false }, shape);
  // Where nothing may be replaced, the details that are there may be the user's own.
  const replaced =
    details && existing !== 'refuse' ? resultFields(settings, shape).slice(ofRewards.length).filter(isThere) : [];
  return [...(ofRewards.some(isThere) ? ofRewards : fieldsWithout(settings)), ...replaced].map((name) => [
    name,
    undefined,
  ]);
}

/** What is null in a row of which no more is known than that it has no reward. */
const fieldsWithout = (settings: FieldSettings): string[] => resultFields({ ...settings, details: false }, 'single');

/** The output for a record that has no fields to splice into: its failure, and the record itself. */
export function unparsedRecord(
  { failure }: RowResult<Reward>,
  settings: ResultSettings,
  input: string | undefined,
): string {
  const rewards = fieldsWithout(settings).map((name): SplicedMember => [name, undefined]);
  const errors = settings.reasons ? rewardErrorMembers(failure, input) : [];
  return `{${membersText([...rewards, ...errors])}}`;
}

/** One line of `--to scores`. */
export function scoreLine(
  { shape, rewards, failure }: RowResult<Reward>,
  { labels }: Pick<ResultSettings, 'labels'>,
): string {
  if (rewards.length === 0 || failure?.code === 'FIELD_EXISTS') return 'null';
  const values = rewards.map((reward) => formatRewards(reward, labels?.names));
  return shape === 'single' ? (values[0] as string) : `[${values.join(',')}]`;
}

/** What to do about a reward field that is there already. */
export const insteadOfTakenField = (): string =>
  `name another with ${optionName('rewardField')}, replace what is there with ${optionName('rescore')}, ` +
  `or keep it and score the other rows with ${optionName('useRewards')}`;

/**
 * The first of the fields of a row that a result of this kind would overwrite, by its key.
 *
 * @param keys of the row's fields
 * @param keyOf the key of a name
 */
export const takenField = (
  keys: readonly string[],
  kind: RowKind,
  settings: FieldSettings,
  keyOf: (name: string) => string = (name) => name,
): string | undefined =>
  resultFields(settings, shapeOf(kind))
    .map(keyOf)
    .find((key) => keys.includes(key));
