/** Scores one window, from records to rows, texts, tokens and rewards; answers.ts makes the output of the rewards. */

import { rewardOf } from '../model/activation.js';
import type { TokenScorer } from '../model/token-scorer.js';
import type { Tokenizer } from '../model/tokenizer/tokenizer.js';
import { optionName } from '../option-name.js';
import { existingResult, existingShape, finiteRewards } from '../rows/existing-rewards.js';
import { asBadRow, failure, isFailure, type RowFailure } from '../rows/failure.js';
import { columnKey } from '../rows/formats/csv-header.js';
import type { ParsedRecord } from '../rows/formats/format.js';
import { kindOfRow, type RowKind } from '../rows/kinds/kinds.js';
import type { NamedFields, Row } from '../rows/kinds/roles.js';
import {
  BOUNDARIES_TO_CHECK,
  readRow,
  type ScorableRow,
  type TextSettings,
  type TextToScore,
} from '../rows/kinds/texts.js';
import { type HintCode, type NoticeCode, noticeCodes } from '../rows/notices.js';
import { type InputRecord, splitRecords } from '../rows/records.js';
import { type RewardShape, type RowResult, shapeOf, takenField, takesRewards } from '../rows/results.js';
import { isWellFormed } from '../rows/unicode.js';
import type { ScoredRecord } from '../selection/group.js';
import type { Answer } from './answers.js';
import type { ScoredWindow, ScoringSettings, TokenizerFacts, Window, WindowStats, WindowTask } from './protocol.js';
import type { ExplainedTexts, RowExplainer, TokenizedText } from './row-explainer.js';
import { tokenizerFactsOf } from './tokenizer-facts.js';

/** A record, and what is known about its rewards before the network has run. */
interface PendingRow {
  readonly record: InputRecord;
  readonly parsed: ParsedRecord;
  /** A failure of the whole row, the facts needed to write its rewards, or the rewards that it already has. */
  readonly outcome: RowFailure | PendingTexts | ExistingResult;
}

interface PendingTexts {
  readonly kind: RowKind;
  /** A number is the reward that the row carries for the text. */
  readonly texts: readonly (PendingText | RowFailure | number)[];
  readonly boundaryHasSpace: boolean | undefined;
  readonly notices: readonly NoticeCode[];
  readonly hints: readonly HintCode[];
  readonly templated: boolean;
}

interface ExistingResult {
  readonly existing: RowResult;
}

interface PendingText {
  /** Index into the token ids of the window's texts. */
  readonly index: number;
  readonly tokens: number;
  readonly truncated: number;
  /** Of the row that is explained. */
  readonly source?: TokenizedText;
}

const noPrompt = (): RowFailure =>
  failure(
    'BAD_ROW',
    `expected a prompt of its own (${optionName('reserve')}), got a whole text; give prompt and response, or messages`,
  );

const noReward = (field: string): RowFailure =>
  failure(
    'BAD_ROW',
    `expected a field ${field}, as the first row has one, got none; name the model that is to score it with ${optionName('model')}`,
  );

export interface WindowScorerOptions {
  readonly scorer: Pick<TokenScorer, 'score' | 'countTokens'>;
  readonly tokenizer: Pick<Tokenizer, 'rowOf' | 'count' | 'addedTexts' | 'notices'>;
  readonly scoring: ScoringSettings;
  readonly task: Pick<WindowTask, 'format' | 'maxRowBytes' | 'dryRun' | 'strict'>;
  readonly answer: Answer;
  readonly texts: TextSettings;
  /** The network sees what stands before a token alone: a text that begins with BOS is given no other. */
  readonly decoder: boolean;
  /** Says how one of the rows was scored; absent where nothing is explained. */
  readonly explainer?: RowExplainer | undefined;
  /** Called between pieces of work. */
  readonly heartbeat: () => void;
}

export class WindowScorer {
  readonly #options: WindowScorerOptions;
  #lastPrompt: { readonly text: string; readonly tokens: number } | undefined;

  constructor(options: WindowScorerOptions) {
    this.#options = options;
  }

  get tokenizerFacts(): TokenizerFacts {
    return tokenizerFactsOf(this.#options.tokenizer);
  }

  /** @param part whether the window is a part of one that is answered as a whole */
  async score(window: Window, part = false): Promise<ScoredWindow> {
    const { scorer, task, heartbeat } = this.#options;
    const texts: number[][] = [];
    const pending: PendingRow[] = [];
    for (const record of this.#recordsOf(window)) {
      heartbeat();
      const parsed = this.#parse(record);
      if (parsed !== undefined) pending.push({ record, parsed, outcome: this.#tokenize(record, parsed, texts) });
    }
    const { logits, computedTokens } = task.dryRun
      ? { logits: undefined, computedTokens: scorer.countTokens(texts) }
      : await scorer.score(texts, heartbeat);
    const explained = logits && (await this.#explain(pending, logits));
    return this.#answer(window, pending, logits, computedTokens, part, explained);
  }

  /** Answers the window with rows that all failed, each for its own reason as far as it can be read. */
  fail(window: Window, reason: RowFailure): ScoredWindow {
    const pending = [...this.#recordsOf(window)].flatMap((record) => {
      const parsed = this.#parse(record);
      return parsed === undefined ? [] : [{ record, parsed, outcome: parsed.failure ?? reason }];
    });
    return this.#answer(window, pending, undefined, 0, true);
  }

  #answer(
    window: Window,
    pending: readonly PendingRow[],
    logits: Float32Array | undefined,
    computedTokens: number,
    part: boolean,
    explained?: ExplainedTexts,
  ): ScoredWindow {
    const { answer, task } = this.#options;
    const scored = pending.map((row): ScoredRecord => {
      return { record: row.record, parsed: row.parsed, result: this.#resultOf(row, logits) };
    });
    // Records beyond the limit are scored too, as rewards would be rounded differently in other packs.
    const rows = Math.min(window.rows ?? scored.length, scored.length);
    const stats = { ...countOutcomes(pending.slice(0, rows)), computedTokens };
    return answer.write({ scored, rows, stats, part, dryRun: task.dryRun, explained });
  }

  async #explain(pending: readonly PendingRow[], logits: Float32Array): Promise<ExplainedTexts | undefined> {
    const { explainer } = this.#options;
    const outcome = explainer && pending.find(({ record }) => explainer.explains(record))?.outcome;
    if (outcome === undefined || isFailure(outcome) || 'existing' in outcome) return undefined;
    // Where a row is explained, none of its rewards is taken from it.
    const texts = outcome.texts.map((text) =>
      isFailure(text) ? text : ((text as PendingText).source as TokenizedText),
    );
    return explainer?.explain({ ...outcome, texts, rewards: this.#rewardsOf(outcome, logits) });
  }

  #recordsOf(window: Window): Iterable<InputRecord> {
    return recordsOf(window, this.#options.answer.format);
  }

  #parse(record: InputRecord): ParsedRecord | undefined {
    const { answer, task } = this.#options;
    const { oversized } = record;
    if (oversized === undefined) return answer.format.parse(record);
    const message = `expected at most ${task.maxRowBytes} bytes (${optionName('maxRowBytes')}), got ${oversized}`;
    return { failure: { ...failure('ROW_TOO_LARGE', message), bytes: oversized } };
  }

  #tokenize(record: InputRecord, parsed: ParsedRecord, texts: number[][]): PendingRow['outcome'] {
    const unusable = parsed.failure ?? (parsed.row && this.#options.answer.refuse?.(parsed.row));
    if (unusable !== undefined) return unusable;
    const carried = this.#carriedResult(parsed);
    if (carried !== undefined) return carried;
    const row = this.#read(parsed);
    if (isFailure(row)) return row;
    const known = this.#knownRewards(parsed, row);
    if (isFailure(known)) return known;
    const { scoring, tokenizer, heartbeat, decoder, explainer } = this.#options;
    const keepsCut = explainer?.explains(record) ?? false;
    const { maxLength, truncationSide, template, reserve } = scoring;
    const beginsOnce = decoder || (row.templated && template.jinja !== undefined);
    let padAtEnd = false;
    const pending = row.texts.map((scorable, index): PendingText | RowFailure | number => {
      const reward = known[index] ?? null;
      if (reward !== null) return reward;
      if (isFailure(scorable)) return scorable;
      heartbeat();
      const { text, prompt } = scorable;
      if (reserve > 0 && prompt === undefined) return noPrompt();
      const reserved = reserve > 0 &&
        prompt !== undefined && { reserved: { tokens: reserve, promptTokens: this.#count(prompt) } };
      const settings = { maxLength, truncationSide, beginsOnce, keepsCut, ...reserved };
      const tokens = tokenizer.rowOf(text, settings, heartbeat);
      if (tokens === undefined)
        return failure('EMPTY_TEXT', 'the text has no tokens', row.kind === 'candidates' ? index : undefined);
      padAtEnd ||= tokens.row.at(-1) === scoring.padTokenId;
      return {
        index: texts.push(tokens.row) - 1,
        tokens: tokens.row.length,
        truncated: tokens.cut,
        ...(keepsCut && { source: { ...scorable, tokens } }),
      };
    });
    const { kind, boundaryHasSpace, notices, templated } = row;
    const hints: readonly HintCode[] = padAtEnd ? [...row.hints, 'PAD_AT_END'] : row.hints;
    return { kind, texts: pending, boundaryHasSpace, notices, hints, templated };
  }

  /** The field of rewards by its key in rows. */
  get #rewardKey(): string {
    const { header, rewardField } = this.#options.task.format;
    return header === undefined ? rewardField : columnKey(rewardField);
  }

  /** What is known of a row without a look at its texts; undefined where they are to be scored. */
  #carriedResult({ row }: ParsedRecord): ExistingResult | RowFailure | undefined {
    const { task, texts } = this.#options;
    const { existing, rewardField } = task.format;
    if (row === undefined || existing === 'refuse' || existing === 'replace') return undefined;
    const carried = existingResult(row, this.#rewardKey, texts.fields);
    if (carried === undefined) return existing === 'take only' ? noReward(rewardField) : undefined;
    return takesRewards(existing) || carried.failure === undefined ? { existing: carried } : undefined;
  }

  /** The rewards of a row's texts that need not be scored. */
  #knownRewards({ row = {} }: ParsedRecord, { kind, texts }: ScorableRow): readonly (number | null)[] | RowFailure {
    return this.#options.task.format.existing === 'complete'
      ? finiteRewards(row, this.#rewardKey, shapeOf(kind), texts.length)
      : [];
  }

  /** Counts the tokens of a prompt. The last count is stored, as consecutive candidates have the same prompt. */
  #count(prompt: string): number {
    if (this.#lastPrompt?.text !== prompt) {
      const { tokenizer, heartbeat } = this.#options;
      this.#lastPrompt = { text: prompt, tokens: tokenizer.count(prompt, heartbeat) };
    }
    return this.#lastPrompt.tokens;
  }

  #read({ row }: ParsedRecord): ScorableRow | RowFailure {
    if (row === undefined) throw new Error('a parsed record has a row or a failure');
    const { texts, answer, task } = this.#options;
    const read = readRow(row, texts);
    if (isFailure(read)) return asBadRow(read);
    const [notice] = task.strict ? read.notices : [];
    if (notice !== undefined) return failure('BAD_ROW', `${noticeCodes[notice]} (${optionName('strict')})`);
    const { existing } = task.format;
    const results = { rewardField: this.#rewardKey, details: answer.results?.details ?? false };
    const taken = existing === 'refuse' ? takenField(Object.keys(row), read.kind, results) : undefined;
    if (taken !== undefined)
      return failure(
        'FIELD_EXISTS',
        `the row has a field ${taken} already; name another with ${optionName('rewardField')}`,
      );
    return {
      ...read,
      texts: read.texts.map((text, index) => checkUnicode(text, read.kind === 'candidates' ? index : undefined)),
    };
  }

  #rewardsOf({ kind, texts }: PendingTexts, logits: Float32Array): (number | RowFailure)[] {
    const { labels, logit, activation } = this.#options.scoring;
    const isArray = shapeOf(kind) === 'array';
    return texts.map((text, index) => {
      if (typeof text === 'number' || isFailure(text)) return text;
      const reward = rewardOf(logits.subarray(text.index * labels, (text.index + 1) * labels), logit, activation);
      if (Number.isFinite(reward)) return reward;
      return failure('NON_FINITE', `the reward is ${reward}`, isArray ? index : undefined);
    });
  }

  #resultOf({ parsed: { row }, outcome }: PendingRow, logits: Float32Array | undefined): RowResult {
    const { answer, texts } = this.#options;
    if (isFailure(outcome)) {
      return { shape: shapeOfFailed(row ?? {}, this.#rewardKey, texts.fields), rewards: [], failure: outcome };
    }
    if ('existing' in outcome) return { ...outcome.existing, taken: true };
    const shape = shapeOf(outcome.kind);
    const rewards =
      logits === undefined
        ? outcome.texts.map((text) => (typeof text === 'number' || isFailure(text) ? text : undefined))
        : this.#rewardsOf(outcome, logits);
    const problem = rewards.find(isFailure);
    return {
      shape,
      templated: outcome.templated,
      rewards: rewards.map((reward) => (typeof reward === 'number' ? reward : null)),
      ...(answer.results?.details && {
        tokens: outcome.texts.map((text) => (isScored(text) ? text.tokens : null)),
        truncated: outcome.texts.map((text) => (isScored(text) ? text.truncated : null)),
      }),
      ...(problem !== undefined && { failure: problem }),
    };
  }
}

/** By what the row has to score, or else by the rewards that it carries. */
function shapeOfFailed(row: Row, rewardField: string, fields: NamedFields): RewardShape {
  const kind = kindOfRow(row, fields);
  return kind === undefined ? (existingShape(Object.keys(row), rewardField) ?? 'single') : shapeOf(kind);
}

const isScored = (text: PendingTexts['texts'][number]): text is PendingText =>
  typeof text !== 'number' && !isFailure(text);

/** The records of a window, as views of its bytes. */
export function recordsOf(window: Window, format: Pick<Answer['format'], 'newScanner'>): Iterable<InputRecord> {
  const { bytes: whole, oversized, byte, line } = window;
  const bytes = Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength);
  if (oversized === undefined) return splitRecords(bytes, window, format.newScanner());
  return [{ bytes: bytes.subarray(0, 0), lineEnd: bytes, byte, line, oversized }];
}

function countOutcomes(pending: readonly PendingRow[]): Omit<WindowStats, 'failed' | 'rewards' | 'computedTokens'> {
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
      if (!isScored(text)) continue;
      counts.tokens += text.tokens;
      truncated += text.truncated;
    }
    if (truncated > 0) counts.truncatedRows++;
    counts.truncatedTokens += truncated;
  }
  return { rows: pending.length, forms, notices, hints, boundarySpaces, ...counts };
}

function checkUnicode(text: TextToScore | RowFailure, index: number | undefined): TextToScore | RowFailure {
  if (isFailure(text) || isWellFormed(text.text)) return text;
  return failure('BAD_UTF8', 'expected valid Unicode, got half of a surrogate pair', index);
}
