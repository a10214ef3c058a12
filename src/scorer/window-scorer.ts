/** One window: records to rows, texts, tokens, rewards, and output records again. */

import { rewardOf } from '../model/activation.js';
import type { TokenScorer } from '../model/token-scorer.js';
import type { Tokenizer } from '../model/tokenizer/tokenizer.js';
import { concatBytes } from '../platform/bytes.js';
import { existingResult } from '../rows/existing-rewards.js';
import type { FailedRow } from '../rows/failed-row.js';
import { failure, isFailure, type RowFailure } from '../rows/failure.js';
import type { ParsedRecord, RowFormat } from '../rows/formats/format.js';
import type { RowKind } from '../rows/kinds/kinds.js';
import {
  BOUNDARIES_TO_CHECK,
  readRow,
  type ScorableRow,
  type TextSettings,
  type TextToScore,
} from '../rows/kinds/texts.js';
import { type InputRecord, splitRecords } from '../rows/records.js';
import { type ResultSettings, type RowResult, shapeOf, takenField } from '../rows/results.js';
import { isWellFormed } from '../rows/unicode.js';
import type { ScoredWindow, ScoringSettings, Window, WindowStats } from './protocol.js';

interface PendingRow {
  readonly record: InputRecord;
  readonly parsed: ParsedRecord;
  /** A failure of the whole row, what it takes to write its rewards, or those that it has already. */
  readonly outcome: RowFailure | PendingTexts | ExistingResult;
}

interface PendingTexts {
  readonly kind: RowKind;
  readonly texts: readonly (PendingText | RowFailure)[];
  readonly boundaryHasSpace: boolean | undefined;
}

interface ExistingResult {
  readonly kept: RowResult;
}

interface PendingText {
  /** Index into the window's token rows. */
  readonly row: number;
  readonly tokens: number;
  readonly truncated: number;
}

const NO_PROMPT = 'expected a prompt of its own (--reserve), got a whole text; give prompt and response, or messages';

export interface RowSettings {
  readonly format: RowFormat;
  readonly forms: TextSettings;
  /** What a row must not have already is known by; undefined where results are not written into rows. */
  readonly results: ResultSettings | undefined;
  /** The field by which a row has its rewards already, and is not scored; undefined: every row is scored. */
  readonly existingField: string | undefined;
  /** The longest record that is read, in bytes. */
  readonly maxRowBytes: number;
  /** Everything but the scoring. */
  readonly dryRun: boolean;
  /** Called between one piece of work and the next. */
  readonly heartbeat: () => void;
}

type RowScorer = Pick<TokenScorer, 'score' | 'countTokens'>;
type RowTokenizer = Pick<Tokenizer, 'rowOf' | 'count'>;

export class WindowScorer {
  readonly #scorer: RowScorer;
  readonly #tokenizer: RowTokenizer;
  readonly #settings: ScoringSettings;
  readonly #rows: RowSettings;
  #lastPrompt: { readonly text: string; readonly tokens: number } | undefined;

  constructor(scorer: RowScorer, tokenizer: RowTokenizer, settings: ScoringSettings, rows: RowSettings) {
    this.#scorer = scorer;
    this.#tokenizer = tokenizer;
    this.#settings = settings;
    this.#rows = rows;
  }

  async score(window: Window): Promise<ScoredWindow> {
    const tokenRows: number[][] = [];
    const pending: PendingRow[] = [];
    const { dryRun, heartbeat } = this.#rows;
    for (const record of recordsOf(window, this.#rows.format)) {
      heartbeat();
      const parsed = this.#parse(record);
      if (parsed !== undefined) pending.push({ record, parsed, outcome: this.#tokenize(parsed, tokenRows) });
    }
    const { logits, computedTokens } = dryRun
      ? { logits: undefined, computedTokens: this.#scorer.countTokens(tokenRows) }
      : await this.#scorer.score(tokenRows, heartbeat);
    // Rows beyond these are scored all the same: in other packs, rewards would be rounded in another way.
    return this.#write(pending.slice(0, window.rows), logits, computedTokens);
  }

  /** The window as rows that all failed, unread as far as that can be. */
  fail(window: Window, reason: RowFailure): ScoredWindow {
    const pending = [...recordsOf(window, this.#rows.format)].flatMap((record) => {
      const parsed = this.#parse(record);
      return parsed === undefined ? [] : [{ record, parsed, outcome: parsed.failure ?? reason }];
    });
    return this.#write(pending.slice(0, window.rows), undefined, 0);
  }

  #parse(record: InputRecord): ParsedRecord | undefined {
    const { oversized } = record;
    if (oversized === undefined) return this.#rows.format.parse(record);
    const message = `expected at most ${this.#rows.maxRowBytes} bytes (--max-row-bytes), got ${oversized}`;
    return { failure: { ...failure('ROW_TOO_LARGE', message), bytes: oversized } };
  }

  #tokenize(parsed: ParsedRecord, tokenRows: number[][]): PendingRow['outcome'] {
    const kept = this.#existingResult(parsed);
    if (kept !== undefined) return { kept };
    const row = this.#read(parsed);
    if (isFailure(row)) return row;
    const { maxLength, truncationSide, template, reserve } = this.#settings;
    const { heartbeat } = this.#rows;
    const templated = row.templated && template.jinja !== undefined;
    const texts = row.texts.map((judged, index): PendingText | RowFailure => {
      if (isFailure(judged)) return judged;
      heartbeat();
      const { text, prompt } = judged;
      if (reserve > 0 && prompt === undefined) return failure('BAD_ROW', NO_PROMPT);
      const reserved = prompt !== undefined && { reserved: { tokens: reserve, promptTokens: this.#count(prompt) } };
      const settings = { maxLength, truncationSide, templated, ...reserved };
      const tokens = this.#tokenizer.rowOf(text, settings, heartbeat);
      if (tokens === undefined)
        return failure('EMPTY_TEXT', 'the text has no tokens', row.kind === 'candidates' ? index : undefined);
      return { row: tokenRows.push(tokens.row) - 1, tokens: tokens.row.length, truncated: tokens.cut };
    });
    return { kind: row.kind, texts, boundaryHasSpace: row.boundaryHasSpace };
  }

  #existingResult({ row, failure: unusable }: ParsedRecord): RowResult | undefined {
    const { existingField } = this.#rows;
    return existingField === undefined || unusable || row === undefined
      ? undefined
      : existingResult(row, existingField, this.#rows.forms.fields);
  }

  /** Tokens of a prompt. Candidates follow one another after the same. */
  #count(prompt: string): number {
    if (this.#lastPrompt?.text !== prompt) {
      this.#lastPrompt = { text: prompt, tokens: this.#tokenizer.count(prompt, this.#rows.heartbeat) };
    }
    return this.#lastPrompt.tokens;
  }

  #read({ row, failure: unusable }: ParsedRecord): ScorableRow | RowFailure {
    if (unusable !== undefined) return unusable;
    if (row === undefined) throw new Error('a parsed record has a row or a failure');
    const read = readRow(row, this.#rows.forms);
    if (isFailure(read)) return read;
    const taken = this.#rows.results && takenField(Object.keys(row), read.kind, this.#rows.results);
    if (taken !== undefined)
      return failure('FIELD_EXISTS', `the row has a field ${taken} already; name another with --reward-field`);
    return {
      ...read,
      texts: read.texts.map((text, index) => checkUnicode(text, read.kind === 'candidates' ? index : undefined)),
    };
  }

  #write(pending: readonly PendingRow[], logits: Float32Array | undefined, computedTokens: number): ScoredWindow {
    const { format, results, dryRun } = this.#rows;
    const output: Buffer[] = [];
    const failed: FailedRow[] = [];
    const rewards: number[] = [];
    for (const [row, { record, parsed, outcome }] of pending.entries()) {
      const result = this.#result(outcome, logits);
      if (result.failure !== undefined) {
        const { byte, line } = record;
        const unparsed = results?.reasons === false && parsed.row === undefined && parsed.cells === undefined;
        const input = unparsed && record.oversized === undefined ? { input: record.bytes.toString('utf8') } : {};
        failed.push({ row, byte, line, failure: result.failure, ...input });
      }
      for (const reward of result.rewards) if (reward !== null) rewards.push(reward);
      if (dryRun) continue;
      for (const piece of format.write(record, parsed, result)) {
        output.push(typeof piece === 'string' ? Buffer.from(piece) : piece);
      }
    }
    const stats = { ...countOutcomes(pending), failed, rewards: Float32Array.from(rewards), computedTokens };
    return { bytes: concatBytes(output), stats };
  }

  #result(outcome: PendingRow['outcome'], logits: Float32Array | undefined): RowResult {
    if (isFailure(outcome)) return { shape: 'single', rewards: [], failure: outcome };
    if ('kept' in outcome) return outcome.kept;
    const shape = shapeOf(outcome.kind);
    const { labels, logit, activation } = this.#settings;
    const texts = outcome.texts.map((text, index): number | RowFailure | undefined => {
      if (isFailure(text) || logits === undefined) return isFailure(text) ? text : undefined;
      const reward = rewardOf(logits.subarray(text.row * labels, (text.row + 1) * labels), logit, activation);
      if (Number.isFinite(reward)) return reward;
      return failure('NON_FINITE', `the reward is ${reward}`, shape === 'array' ? index : undefined);
    });
    const problem = texts.find(isFailure);
    return {
      shape,
      rewards: texts.map((text) => (typeof text === 'number' ? text : null)),
      ...(this.#rows.results?.details && {
        tokens: outcome.texts.map((text) => (isFailure(text) ? null : text.tokens)),
        truncated: outcome.texts.map((text) => (isFailure(text) ? null : text.truncated)),
      }),
      ...(problem !== undefined && { failure: problem }),
    };
  }
}

function recordsOf(window: Window, format: RowFormat): Iterable<InputRecord> {
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
    if (isFailure(outcome) || 'kept' in outcome) continue;
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

function checkUnicode(judged: TextToScore | RowFailure, index: number | undefined): TextToScore | RowFailure {
  if (isFailure(judged) || isWellFormed(judged.text)) return judged;
  return failure('BAD_UTF8', 'expected valid Unicode, got half of a surrogate pair', index);
}
