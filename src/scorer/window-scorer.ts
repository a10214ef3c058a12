/** Scores one window, from records to rows, texts, tokens and rewards; answers.ts makes the output of the rewards. */

import { rewardOf } from '../model/activation.js';
import type { TokenScorer } from '../model/token-scorer.js';
import type { Tokenizer } from '../model/tokenizer/tokenizer.js';
import { optionName } from '../option-name.js';
import { type CarriedText, carriedTexts, existingResult, existingShape } from '../rows/existing-rewards.js';
import { failure, isFailure, type RowFailure } from '../rows/failure.js';
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
import { type InputRecord, splitRecords } from '../rows/records.js';
import { type RewardShape, type RowResult, shapeOf, takenField, takesRewards } from '../rows/results.js';
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
  readonly texts: readonly (PendingText | RowFailure | CarriedText)[];
  readonly boundaryHasSpace: boolean | undefined;
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
  readonly tokenizer: Pick<Tokenizer, 'rowOf' | 'count'>;
  readonly scoring: ScoringSettings;
  readonly task: Pick<WindowTask, 'format' | 'maxRowBytes' | 'dryRun'>;
  readonly answer: Answer;
  readonly texts: TextSettings;
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
    const scored = pending.map((row): ScoredRecord => {
      return { record: row.record, parsed: row.parsed, result: this.#resultOf(row, logits) };
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
    const carried = this.#carriedResult(parsed);
    if (carried !== undefined) return carried;
    const row = this.#read(parsed);
    if (isFailure(row)) return row;
    const carriedOnes = this.#carriedTexts(parsed, row);
    if (isFailure(carriedOnes)) return carriedOnes;
    const { scoring, tokenizer, heartbeat } = this.#options;
    const { maxLength, truncationSide, template, reserve } = scoring;
    const templated = row.templated && template.jinja !== undefined;
    const pending = row.texts.map((scorable, index): PendingText | RowFailure | CarriedText => {
      const own = carriedOnes[index] ?? null;
      if (own !== null) return own;
      if (isFailure(scorable)) return scorable;
      heartbeat();
      const { text, prompt } = scorable;
      if (reserve > 0 && prompt === undefined) return noPrompt();
      const reserved = prompt !== undefined && { reserved: { tokens: reserve, promptTokens: this.#count(prompt) } };
      const settings = { maxLength, truncationSide, templated, ...reserved };
      const tokens = tokenizer.rowOf(text, settings, heartbeat);
      if (tokens === undefined)
        return failure('EMPTY_TEXT', 'the text has no tokens', row.kind === 'candidates' ? index : undefined);
      return { index: texts.push(tokens.row) - 1, tokens: tokens.row.length, truncated: tokens.cut };
    });
    return { kind: row.kind, texts: pending, boundaryHasSpace: row.boundaryHasSpace, templated: row.templated };
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

  /** What is known of a row's texts that need not be scored. */
  #carriedTexts(
    { row = {} }: ParsedRecord,
    { kind, texts }: ScorableRow,
  ): readonly (CarriedText | null)[] | RowFailure {
    return this.#options.task.format.existing === 'complete'
      ? carriedTexts(row, this.#rewardKey, shapeOf(kind), texts.length)
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
    if (isFailure(read)) return read;
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

  #resultOf({ parsed: { row }, outcome }: PendingRow, logits: Float32Array | undefined): RowResult {
    const { scoring, answer, texts } = this.#options;
    if (isFailure(outcome)) {
      return { shape: shapeOfFailed(row ?? {}, this.#rewardKey, texts.fields), rewards: [], failure: outcome };
    }
    if ('existing' in outcome) return { ...outcome.existing, taken: true };
    const { labels, logit, activation } = scoring;
    const shape = shapeOf(outcome.kind);
    const rewards = outcome.texts.map((text, index): number | RowFailure | undefined => {
      if (isCarried(text)) return text.reward;
      if (isFailure(text) || logits === undefined) return isFailure(text) ? text : undefined;
      const reward = rewardOf(logits.subarray(text.index * labels, (text.index + 1) * labels), logit, activation);
      if (Number.isFinite(reward)) return reward;
      return failure('NON_FINITE', `the reward is ${reward}`, shape === 'array' ? index : undefined);
    });
    const problem = rewards.find(isFailure);
    return {
      shape,
      templated: outcome.templated,
      rewards: rewards.map((reward) => (typeof reward === 'number' ? reward : null)),
      ...(answer.results?.details && {
        tokens: outcome.texts.map((text) => (isFailure(text) ? null : text.tokens)),
        truncated: outcome.texts.map((text) => (isFailure(text) ? null : text.truncated)),
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

const isCarried = (text: PendingTexts['texts'][number]): text is CarriedText => 'reward' in text;

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
      if (isFailure(text) || isCarried(text)) continue;
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
