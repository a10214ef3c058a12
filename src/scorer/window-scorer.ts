/** Scores one window, from records to rows, texts, tokens and rewards; answers.ts makes the output of the rewards. */

import { rewardOf } from '../model/activation.js';
import type { TokenScorer } from '../model/token-scorer.js';
import type { Tokenizer } from '../model/tokenizer/tokenizer.js';
import { optionName } from '../option-name.js';
import { existingResult } from '../rows/existing-rewards.js';
import { failure, isFailure, type RowFailure } from '../rows/failure.js';
import type { ParsedRecord } from '../rows/formats/format.js';
import type { RowKind } from '../rows/kinds/kinds.js';
import {
  BOUNDARIES_TO_CHECK,
  readRow,
  type ScorableRow,
  type TextSettings,
  type TextToScore,
} from '../rows/kinds/texts.js';
import { type InputRecord, splitRecords } from '../rows/records.js';
import { type RowResult, shapeOf, takenField } from '../rows/results.js';
import { isWellFormed } from '../rows/unicode.js';
import type { ScoredRecord } from '../selection/group.js';
import type { Answer } from './answers.js';
import type { ScoredWindow, ScoringSettings, Window, WindowStats, WindowTask } from './protocol.js';

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
}

interface ExistingResult {
  readonly existing: RowResult;
}

interface PendingText {
  /** Index into the token ids of the window's texts. */
  readonly index: number;
  readonly tokens: number;
  readonly truncated: number;
}

const noPrompt = (): RowFailure =>
  failure(
    'BAD_ROW',
    `expected a prompt of its own (${optionName('reserve')}), got a whole text; give prompt and response, or messages`,
  );

export interface WindowScorerOptions {
  readonly scorer: Pick<TokenScorer, 'score' | 'countTokens'>;
  readonly tokenizer: Pick<Tokenizer, 'rowOf' | 'count'>;
  readonly scoring: ScoringSettings;
  readonly task: Pick<WindowTask, 'maxRowBytes' | 'dryRun'>;
  readonly answer: Answer;
  readonly texts: TextSettings;
  /**
   * The field of the rewards that a row may already have, so that it is not scored; undefined where every row is
   * scored.
   */
  readonly existingField: string | undefined;
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

  /** @param part whether the window is a part of one that is answered as a whole */
  async score(window: Window, part = false): Promise<ScoredWindow> {
    const { scorer, task, heartbeat } = this.#options;
    const texts: number[][] = [];
    const pending: PendingRow[] = [];
    for (const record of this.#recordsOf(window)) {
      heartbeat();
      const parsed = this.#parse(record);
      if (parsed !== undefined) pending.push({ record, parsed, outcome: this.#tokenize(parsed, texts) });
    }
    const { logits, computedTokens } = task.dryRun
      ? { logits: undefined, computedTokens: scorer.countTokens(texts) }
      : await scorer.score(texts, heartbeat);
    return this.#answer(window, pending, logits, computedTokens, part);
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
  ): ScoredWindow {
    const { answer, task } = this.#options;
    const scored = pending.map(({ record, parsed, outcome }): ScoredRecord => {
      return { record, parsed, result: this.#resultOf(outcome, logits) };
    });
    // Records beyond the limit are scored too, as rewards would be rounded differently in other packs.
    const rows = Math.min(window.rows ?? scored.length, scored.length);
    const stats = { ...countOutcomes(pending.slice(0, rows)), computedTokens };
    return answer.write({ scored, rows, stats, part, dryRun: task.dryRun });
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

  #tokenize(parsed: ParsedRecord, texts: number[][]): PendingRow['outcome'] {
    const unusable = parsed.failure ?? (parsed.row && this.#options.answer.refuse?.(parsed.row));
    if (unusable !== undefined) return unusable;
    const existing = this.#existingResult(parsed);
    if (existing !== undefined) return { existing };
    const row = this.#read(parsed);
    if (isFailure(row)) return row;
    const { scoring, tokenizer, heartbeat, decoder } = this.#options;
    const { maxLength, truncationSide, template, reserve } = scoring;
    const beginsOnce = decoder || (row.templated && template.jinja !== undefined);
    const pending = row.texts.map((scorable, index): PendingText | RowFailure => {
      if (isFailure(scorable)) return scorable;
      heartbeat();
      const { text, prompt } = scorable;
      if (reserve > 0 && prompt === undefined) return noPrompt();
      const reserved = prompt !== undefined && { reserved: { tokens: reserve, promptTokens: this.#count(prompt) } };
      const settings = { maxLength, truncationSide, beginsOnce, ...reserved };
      const tokens = tokenizer.rowOf(text, settings, heartbeat);
      if (tokens === undefined)
        return failure('EMPTY_TEXT', 'the text has no tokens', row.kind === 'candidates' ? index : undefined);
      const beyond = tokens.row.find((id) => id >= scoring.vocabularySize);
      if (beyond !== undefined)
        return noEmbedding(beyond, scoring.vocabularySize, row.kind === 'candidates' ? index : undefined);
      return { index: texts.push(tokens.row) - 1, tokens: tokens.row.length, truncated: tokens.cut };
    });
    return { kind: row.kind, texts: pending, boundaryHasSpace: row.boundaryHasSpace };
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
    if (isFailure(read)) return read;
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

  #resultOf(outcome: PendingRow['outcome'], logits: Float32Array | undefined): RowResult {
    if (isFailure(outcome)) return { shape: 'single', rewards: [], failure: outcome };
    if ('existing' in outcome) return outcome.existing;
    const { scoring, answer } = this.#options;
    const { labels, logit, activation } = scoring;
    const shape = shapeOf(outcome.kind);
    const rewards = outcome.texts.map((text, index): number | RowFailure | undefined => {
      if (isFailure(text) || logits === undefined) return isFailure(text) ? text : undefined;
      const reward = rewardOf(logits.subarray(text.index * labels, (text.index + 1) * labels), logit, activation);
      if (Number.isFinite(reward)) return reward;
      return failure('NON_FINITE', `the reward is ${reward}`, shape === 'array' ? index : undefined);
    });
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

const noEmbedding = (id: number, known: number, index: number | undefined): RowFailure =>
  failure(
    'BAD_ROW',
    `the text has an added token with id ${id}, written out, and the model has embeddings for ${known} tokens alone`,
    index,
  );

/** The records of a window, as views of its bytes. */
export function recordsOf(window: Window, format: Pick<Answer['format'], 'newScanner'>): Iterable<InputRecord> {
  const { bytes: whole, oversized, byte, line } = window;
  const bytes = Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength);
  if (oversized === undefined) return splitRecords(bytes, window, format.newScanner());
  return [{ bytes: bytes.subarray(0, 0), lineEnd: bytes, byte, line, oversized }];
}

function countOutcomes(pending: readonly PendingRow[]): Omit<WindowStats, 'failed' | 'rewards' | 'computedTokens'> {
  const forms: Partial<Record<RowKind, number>> = {};
  const boundarySpaces: boolean[] = [];
  const counts = { truncatedRows: 0, truncatedTokens: 0, tokens: 0 };
  for (const { outcome } of pending) {
    if (isFailure(outcome) || 'existing' in outcome) continue;
    const { kind, texts, boundaryHasSpace } = outcome;
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
  return { rows: pending.length, forms, boundarySpaces, ...counts };
}

function checkUnicode(text: TextToScore | RowFailure, index: number | undefined): TextToScore | RowFailure {
  if (isFailure(text) || isWellFormed(text.text)) return text;
  return failure('BAD_UTF8', 'expected valid Unicode, got half of a surrogate pair', index);
}
