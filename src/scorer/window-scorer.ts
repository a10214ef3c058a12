/** Scores one window, from records to rows, texts, tokens and rewards; answers.ts makes the output of the rewards. */

import { rewardOf } from '../model/activation.js';
import type { TokenScorer } from '../model/token-scorer.js';
import type { Tokenizer } from '../model/tokenizer/tokenizer.js';
import { optionName } from '../option-name.js';
import { existingResult } from '../rows/existing-rewards.js';
import { asBadRow, failure, isFailure, type RowFailure } from '../rows/failure.js';
import type { ParsedRecord } from '../rows/formats/format.js';
import type { RowKind } from '../rows/kinds/kinds.js';
import {
  BOUNDARIES_TO_CHECK,
  readRow,
  type ScorableRow,
  type TextSettings,
  type TextToScore,
} from '../rows/kinds/texts.js';
import { type HintCode, type NoticeCode, noticeCodes } from '../rows/notices.js';
import { type InputRecord, splitRecords } from '../rows/records.js';
import { type RowResult, shapeOf, takenField } from '../rows/results.js';
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
  readonly texts: readonly (PendingText | RowFailure)[];
  readonly boundaryHasSpace: boolean | undefined;
  readonly notices: readonly NoticeCode[];
  readonly hints: readonly HintCode[];
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

export interface WindowScorerOptions {
  readonly scorer: Pick<TokenScorer, 'score' | 'countTokens'>;
  readonly tokenizer: Pick<Tokenizer, 'rowOf' | 'count' | 'addedTexts' | 'notices'>;
  readonly scoring: ScoringSettings;
  readonly task: Pick<WindowTask, 'maxRowBytes' | 'dryRun' | 'strict'>;
  readonly answer: Answer;
  readonly texts: TextSettings;
  /**
   * The field of the rewards that a row may already have, so that it is not scored; undefined where every row is
   * scored.
   */
  readonly existingField: string | undefined;
  /** Says how one of the rows was scored; absent where nothing is explained. */
  readonly explainer?: RowExplainer | undefined;
  /** The network sees what stands before a token alone: a text that begins with BOS is given no other. */
  readonly decoder: boolean;
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
    const scored = pending.map(({ record, parsed, outcome }): ScoredRecord => {
      return { record, parsed, result: this.#resultOf(outcome, logits) };
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
    const texts = outcome.texts.map((text) => (isFailure(text) ? text : (text.source as TokenizedText)));
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
    const existing = this.#existingResult(parsed);
    if (existing !== undefined) return { existing };
    const row = this.#read(parsed);
    if (isFailure(row)) return row;
    const { scoring, tokenizer, heartbeat, explainer, decoder } = this.#options;
    const keepsCut = explainer?.explains(record) ?? false;
    const { maxLength, truncationSide, template, reserve } = scoring;
    const beginsOnce = decoder || template.jinja !== undefined;
    let padAtEnd = false;
    const pending = row.texts.map((scorable, index): PendingText | RowFailure => {
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
    const { kind, boundaryHasSpace, notices } = row;
    const hints: readonly HintCode[] = padAtEnd ? [...row.hints, 'PAD_AT_END'] : row.hints;
    return { kind, texts: pending, boundaryHasSpace, notices, hints };
  }

  #existingResult({ row }: ParsedRecord): RowResult | undefined {
    const { existingField, texts } = this.#options;
    return existingField === undefined || row === undefined
      ? undefined
      : existingResult(row, existingField, texts.fields);
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
    const { texts, answer } = this.#options;
    const read = readRow(row, texts);
    if (isFailure(read)) return asBadRow(read);
    const [notice] = this.#options.task.strict ? read.notices : [];
    if (notice !== undefined) return failure('BAD_ROW', `${noticeCodes[notice]} (${optionName('strict')})`);
    const taken = answer.results && takenField(Object.keys(row), read.kind, answer.results);
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
      if (isFailure(text)) return text;
      const reward = rewardOf(logits.subarray(text.index * labels, (text.index + 1) * labels), logit, activation);
      if (Number.isFinite(reward)) return reward;
      return failure('NON_FINITE', `the reward is ${reward}`, isArray ? index : undefined);
    });
  }

  #resultOf(outcome: PendingRow['outcome'], logits: Float32Array | undefined): RowResult {
    if (isFailure(outcome)) return { shape: 'single', rewards: [], failure: outcome };
    if ('existing' in outcome) return outcome.existing;
    const { answer } = this.#options;
    const shape = shapeOf(outcome.kind);
    const rewards =
      logits === undefined
        ? outcome.texts.map((text) => (isFailure(text) ? text : undefined))
        : this.#rewardsOf(outcome, logits);
    const problem = rewards.find(isFailure);
    return {
      shape,
      rewards: rewards.map((reward) => (typeof reward === 'number' ? reward : null)),
      ...(answer.results?.details && {
        tokens: outcome.texts.map((text) => (isFailure(text) ? null : text.tokens)),
        truncated: outcome.texts.map((text) => (isFailure(text) ? null : text.truncated)),
      }),
      ...(problem !== undefined && { failure: problem }),
    };
  }
}

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
      if (isFailure(text)) continue;
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
