/** From what is known of a row before the network has run, and its logits, to the row's result. */
import { rewardOf } from '../model/activation.js';
import { type CarriedText, existingShape } from '../rows/existing-rewards.js';
import { failure, isFailure, type RowFailure } from '../rows/failure.js';
import type { ParsedRecord } from '../rows/formats/format.js';
import { kindOfRow, type RowKind } from '../rows/kinds/kinds.js';
import type { NamedFields, Row } from '../rows/kinds/roles.js';
import { BOUNDARIES_TO_CHECK } from '../rows/kinds/texts.js';
import type { HintCode, NoticeCode } from '../rows/notices.js';
import type { InputRecord } from '../rows/records.js';
import { type Reward, type RewardShape, type RowResult, shapeOf } from '../rows/results.js';
import { labelValues } from './label-values.js';
import type { ScoringSettings, WindowStats } from './protocol.js';
import type { TokenizedText } from './row-explainer.js';

/** A record, and what is known about its rewards before the network has run. */
export interface PendingRow {
  readonly record: InputRecord;
  readonly parsed: ParsedRecord;
  /** A failure of the whole row, the facts needed to write its rewards, or the rewards that it already has. */
  readonly outcome: RowFailure | PendingTexts | ExistingResult;
}

export interface PendingTexts {
  readonly kind: RowKind;
  readonly texts: readonly (PendingText | RowFailure | CarriedText)[];
  readonly boundaryHasSpace: boolean | undefined;
  readonly notices: readonly NoticeCode[];
  readonly hints: readonly HintCode[];
  readonly templated: boolean;
}

export interface ExistingResult {
  readonly existing: RowResult;
}

export interface PendingText {
  /** Index into the token ids of the window's texts. */
  readonly index: number;
  readonly tokens: number;
  readonly truncated: number;
  /** How many of the tokens stand before the response; null where that is not known. Only with the details. */
  readonly promptTokens?: number | null;
  /** Of the row that is explained. */
  readonly source?: TokenizedText;
}

type RewardSettings = Pick<ScoringSettings, 'labels' | 'logit' | 'activation'>;

export interface ResultSettings {
  readonly scoring: RewardSettings;
  /** Whether the tokens of each text are counted in its result. */
  readonly details: boolean;
  /** The same, and whether every label's logit is in it. */
  readonly logits: boolean;
  /** The field of rewards by its key in rows. */
  readonly rewardKey: string;
  readonly fields: NamedFields;
}

/** @param logits of the window's texts, [texts, labels], row-major */
export function rewardsOf(
  { kind, texts }: PendingTexts,
  logits: Float32Array,
  { labels, logit, activation }: RewardSettings,
): (Reward | RowFailure)[] {
  const isArray = shapeOf(kind) === 'array';
  return texts.map((text, index) => {
    if (isCarried(text)) return text.reward;
    if (isFailure(text)) return text;
    const own = logits.subarray(text.index * labels, (text.index + 1) * labels);
    const reward = logit === 'all' ? labelValues(own, activation) : rewardOf(own, logit, activation);
    const notFinite = [reward].flat().find((number) => !Number.isFinite(number));
    if (notFinite === undefined) return reward;
    return failure('NON_FINITE', `the reward is ${notFinite}`, isArray ? index : undefined);
  });
}

/** @param logits undefined where nothing is scored */
export function resultOf(
  { parsed: { row }, outcome }: PendingRow,
  logits: Float32Array | undefined,
  { scoring, details, logits: givesLogits, rewardKey, fields }: ResultSettings,
): RowResult<Reward> {
  if (isFailure(outcome)) {
    return { shape: shapeOfFailed(row ?? {}, rewardKey, fields), rewards: [], failure: outcome };
  }
  if ('existing' in outcome) return { ...outcome.existing, taken: true };
  const rewards =
    logits === undefined
      ? outcome.texts.map((text) => (isCarried(text) ? text.reward : isFailure(text) ? text : undefined))
      : rewardsOf(outcome, logits, scoring);
  const problem = rewards.find(isFailure);
  return {
    shape: shapeOf(outcome.kind),
    templated: outcome.templated,
    rewards: rewards.map((reward) => (reward === undefined || isFailure(reward) ? null : reward)),
    ...((details || givesLogits) && {
      tokens: outcome.texts.map((text) => (isFailure(text) ? null : text.tokens)),
      truncated: outcome.texts.map((text) => (isFailure(text) ? null : text.truncated)),
      promptTokens: outcome.texts.map((text) => (isFailure(text) ? null : (text.promptTokens ?? null))),
    }),
    ...(givesLogits && logits && { logits: outcome.texts.map((text) => logitsOf(text, logits, scoring.labels)) }),
    ...(problem !== undefined && { failure: problem }),
  };
}

/** @returns [labels], memory of its own: a view would take all texts' logits along to the main thread */
const logitsOf = (text: PendingTexts['texts'][number], logits: Float32Array, labels: number): Float32Array | null =>
  isFailure(text) || isCarried(text) ? null : logits.slice(text.index * labels, (text.index + 1) * labels);

/** By what the row has to score, or else by the rewards that it carries. */
function shapeOfFailed(row: Row, rewardField: string, fields: NamedFields): RewardShape {
  const kind = kindOfRow(row, fields);
  return kind === undefined ? (existingShape(Object.keys(row), rewardField) ?? 'single') : shapeOf(kind);
}

const isCarried = (text: PendingTexts['texts'][number]): text is CarriedText => 'reward' in text;

export function countOutcomes(
  pending: readonly PendingRow[],
): Omit<WindowStats, 'failed' | 'rewards' | 'rewardsWritten' | 'computedTokens'> {
  const forms: Partial<Record<RowKind, number>> = {};
  const notices: Partial<Record<NoticeCode, number>> = {};
  const hints: Partial<Record<HintCode, number>> = {};
  const boundarySpaces: boolean[] = [];
  const counts = { truncatedRows: 0, truncatedTokens: 0, tokens: 0 };
  for (const { outcome } of pending) {
    if (isFailure(outcome) || 'existing' in outcome) continue;
    const { kind, texts, boundaryHasSpace } = outcome;
    for (const code of outcome.notices) notices[code] = (notices[code] ?? 0) + 1;
    for (const code of outcome.hints) hints[code] = (hints[code] ?? 0) + 1;
    forms[kind] = (forms[kind] ?? 0) + 1;
    if (boundaryHasSpace !== undefined && boundarySpaces.length < BOUNDARIES_TO_CHECK)
      boundarySpaces.push(boundaryHasSpace);
    let truncated = 0;
    for (const text of texts) {
      if (isFailure(text) || isCarried(text)) continue;
      counts.tokens += text.tokens;
      truncated += text.truncated;
    }
    if (truncated > 0) counts.truncatedRows++;
    counts.truncatedTokens += truncated;
  }
  return { rows: pending.length, forms, notices, hints, boundarySpaces, ...counts };
}
