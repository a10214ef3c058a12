/** Scores one window, from records to rows, texts, tokens and rewards; answers.ts makes the output of the rewards. */

import type { TokenScorer } from '../model/token-scorer.js';
import type { Tokenizer, TokenRow } from '../model/tokenizer/tokenizer.js';
import { optionName } from '../option-name.js';
import { type CarriedText, carriedTexts, existingResult } from '../rows/existing-rewards.js';
import { asBadRow, failure, isFailure, type RowFailure } from '../rows/failure.js';
import { columnKey } from '../rows/formats/csv-header.js';
import type { ParsedRecord } from '../rows/formats/format.js';
import type { RowKind } from '../rows/kinds/kinds.js';
import type { TextSettings, TextToScore } from '../rows/kinds/text-to-score.js';
import { readRow, type ScorableRow } from '../rows/kinds/texts.js';
import { type HintCode, noticeCodes } from '../rows/notices.js';
import { type InputRecord, splitRecords } from '../rows/records.js';
import {
  insteadOfTakenField,
  type Reward,
  type RewardShape,
  resultFields,
  shapeOf,
  takesRewards,
} from '../rows/results.js';
import { isWellFormed } from '../rows/unicode.js';
import type { ScoredRecord } from '../selection/group.js';
import type { Answer } from './answers.js';
import type { ScoredWindow, ScoringSettings, TokenizerFacts, Window, WindowStats, WindowTask } from './protocol.js';
import { responseStart } from './response-start.js';
import type { ExplainedTexts, RowExplainer, TokenizedText } from './row-explainer.js';
import {
  countOutcomes,
  type ExistingResult,
  type PendingRow,
  type PendingText,
  resultOf,
  rewardsOf,
} from './row-results.js';
import { tokenizerFactsOf } from './tokenizer-facts.js';

/** The token ids of a window's texts, and their types. */
class WindowTexts {
  readonly rows: number[][] = [];
  readonly types: (readonly number[] | undefined)[] = [];

  /** Returns the index of the row. */
  add({ row, types }: TokenRow): number {
    this.types.push(types);
    return this.rows.push(row) - 1;
  }
}

const noPrompt = (): RowFailure =>
  failure(
    'BAD_ROW',
    `expected a prompt of its own (${optionName('reserve')}), got a whole text; give prompt and response, or messages`,
  );

const noReward = (field: string): RowFailure =>
  failure(
    'BAD_ROW',
    `expected a field ${field}, as the first row has one, got none; to have a model score such rows, name it with ${optionName('model')} beside ${optionName('useRewards')}`,
  );

export interface WindowScorerOptions {
  readonly scorer: Pick<TokenScorer, 'score' | 'countTokens' | 'countWork'>;
  readonly tokenizer: Pick<Tokenizer, 'rowOf' | 'rowOfPair' | 'count' | 'encode' | 'addedTexts' | 'notices'>;
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
  /** The fields that results of a shape would be written to, where a row must not have them. */
  readonly #mayBeTaken: Readonly<Record<RewardShape, readonly string[]>>;
  #lastPrompt: { readonly text: string; readonly tokens: number } | undefined;
  #lastEncoded: { readonly text: string; readonly ids: readonly number[] } | undefined;

  constructor(options: WindowScorerOptions) {
    this.#options = options;
    const { answer, task } = options;
    const { rewardField, labels, existing, header } = task.format;
    const results = { rewardField, details: answer.results?.details ?? false, ...(labels && { labels }) };
    const written = (shape: RewardShape): string[] =>
      existing === 'refuse'
        ? resultFields(results, shape).map((name) => (header === undefined ? name : columnKey(name)))
        : [];
    this.#mayBeTaken = { single: written('single'), array: written('array'), pair: written('pair') };
  }

  get tokenizerFacts(): TokenizerFacts {
    return tokenizerFactsOf(this.#options.tokenizer);
  }

  /** @param part whether the window is a part of one that is answered as a whole */
  async score(window: Window, part = false): Promise<ScoredWindow> {
    const { scorer, task, heartbeat } = this.#options;
    const texts = new WindowTexts();
    const pending: PendingRow[] = [];
    for (const record of this.#recordsOf(window)) {
      heartbeat();
      const parsed = this.#parse(record);
      if (parsed !== undefined) pending.push({ record, parsed, outcome: this.#tokenize(record, parsed, texts) });
    }
    if (task.dryRun) {
      const computedTokens = scorer.countTokens(texts.rows, texts.types);
      const work = scorer.countWork(texts.rows, texts.types);
      return this.#answer(window, pending, undefined, { computedTokens, work }, part);
    }
    const { logits, computedTokens } = await scorer.score(texts.rows, heartbeat, texts.types);
    const explained = await this.#explain(pending, logits);
    return this.#answer(window, pending, logits, { computedTokens }, part, explained);
  }

  /** Answers the window with rows that all failed, each for its own reason as far as it can be read. */
  fail(window: Window, reason: RowFailure): ScoredWindow {
    const pending = [...this.#recordsOf(window)].flatMap((record) => {
      const parsed = this.#parse(record);
      return parsed === undefined ? [] : [{ record, parsed, outcome: parsed.failure ?? reason }];
    });
    return this.#answer(window, pending, undefined, { computedTokens: 0 }, true);
  }

  #answer(
    window: Window,
    pending: readonly PendingRow[],
    logits: Float32Array | undefined,
    computed: Pick<WindowStats, 'computedTokens' | 'work'>,
    part: boolean,
    explained?: ExplainedTexts,
  ): ScoredWindow {
    const { answer, task, scoring, texts } = this.#options;
    const wanted = {
      details: this.#writesDetails || answer.countsTokens === true,
      logits: answer.logits ?? false,
    };
    const settings = { scoring, ...wanted, rewardKey: this.#rewardKey, fields: texts.fields };
    const scored = pending.map((row): ScoredRecord<Reward> => {
      return { record: row.record, parsed: row.parsed, result: resultOf(row, logits, settings) };
    });
    // Records beyond the limit are scored too, as rewards would be rounded differently in other packs.
    const rows = Math.min(window.rows ?? scored.length, scored.length);
    const stats = { ...countOutcomes(pending.slice(0, rows)), ...computed };
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
    return explainer?.explain({ ...outcome, texts, rewards: rewardsOf(outcome, logits, this.#options.scoring) });
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

  #tokenize(record: InputRecord, parsed: ParsedRecord, texts: WindowTexts): PendingRow['outcome'] {
    const unusable = parsed.failure ?? (parsed.row && this.#options.answer.refuse?.(parsed.row));
    if (unusable !== undefined) return unusable;
    const carried = this.#carriedResult(parsed);
    if (carried !== undefined) return carried;
    const row = this.#read(parsed);
    if (isFailure(row)) return row;
    const carriedOnes = this.#carriedTexts(parsed, row);
    if (isFailure(carriedOnes)) return carriedOnes;
    const { scoring, tokenizer, heartbeat, decoder, explainer } = this.#options;
    const isExplained = explainer?.explains(record) ?? false;
    const keepsCut = isExplained || this.#writesDetails;
    const { maxLength, truncationSide, template, reserve } = scoring;
    const beginsOnce = decoder || (row.templated && template.jinja !== undefined);
    let padAtEnd = false;
    const pending = row.texts.map((scorable, index): PendingText | RowFailure | CarriedText => {
      const own = carriedOnes[index] ?? null;
      if (own !== null) return own;
      if (isFailure(scorable)) return scorable;
      heartbeat();
      const { text, first, prompt } = scorable;
      if (reserve > 0 && prompt === undefined) return noPrompt();
      const reserved = reserve > 0 &&
        prompt !== undefined && { reserved: { tokens: reserve, promptTokens: this.#count(prompt) } };
      const settings = { maxLength, truncationSide, beginsOnce, keepsCut, ...reserved };
      const tokens =
        first === undefined
          ? tokenizer.rowOf(text, settings, heartbeat)
          : tokenizer.rowOfPair(first, text, settings, heartbeat);
      if (tokens === undefined)
        return failure('EMPTY_TEXT', 'the text has no tokens', row.kind === 'candidates' ? index : undefined);
      const beyond = tokens.row.find((id) => id >= scoring.vocabularySize);
      if (beyond !== undefined)
        return noEmbedding(beyond, scoring.vocabularySize, row.kind === 'candidates' ? index : undefined);
      padAtEnd ||= tokens.row.at(-1) === scoring.padTokenId;
      return {
        index: texts.add(tokens),
        tokens: tokens.row.length,
        truncated: tokens.cut,
        ...(this.#writesDetails && { promptTokens: this.#promptTokens(scorable, tokens) }),
        ...(isExplained && { source: { ...scorable, tokens } }),
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
    const { format } = this.#options.task;
    const { existing, rewardField } = format;
    if (row === undefined || existing === 'refuse' || existing === 'replace') return undefined;
    const carried = existingResult(row, format);
    if (carried === undefined) return existing === 'take only' ? noReward(rewardField) : undefined;
    return takesRewards(existing) || carried.failure === undefined ? { existing: carried } : undefined;
  }

  /** What is known of a row's texts that need not be scored. */
  #carriedTexts(
    { row = {} }: ParsedRecord,
    { kind, texts }: ScorableRow,
  ): readonly (CarriedText | null)[] | RowFailure {
    const { format } = this.#options.task;
    return format.existing === 'complete' ? carriedTexts(row, format, shapeOf(kind), texts.length) : [];
  }

  /** Counts the tokens of a prompt. The last count is stored, as consecutive candidates have the same prompt. */
  #count(prompt: string): number {
    if (this.#lastPrompt?.text !== prompt) {
      const { tokenizer, heartbeat } = this.#options;
      this.#lastPrompt = { text: prompt, tokens: tokenizer.count(prompt, heartbeat) };
    }
    return this.#lastPrompt.tokens;
  }

  get #writesDetails(): boolean {
    return this.#options.answer.results?.details ?? false;
  }

  /** How many of a text's tokens stand before the response; null where it is not known where that begins. */
  #promptTokens(text: TextToScore, tokens: TokenRow): number | null {
    if (text.prompt === undefined && text.first === undefined) return null;
    const { truncationSide } = this.#options.scoring;
    return responseStart(text, tokens, truncationSide, (prompt) => this.#encode(prompt)) ?? tokens.row.length;
  }

  /** The tokens of a prompt. The last ones are stored, as consecutive candidates have the same prompt. */
  #encode(text: string): readonly number[] {
    if (this.#lastEncoded?.text !== text) this.#lastEncoded = { text, ids: this.#options.tokenizer.encode(text) };
    return this.#lastEncoded.ids;
  }

  #read({ row }: ParsedRecord): ScorableRow | RowFailure {
    if (row === undefined) throw new Error('a parsed record has a row or a failure');
    const { texts, task } = this.#options;
    const read = readRow(row, texts);
    if (isFailure(read)) return asBadRow(read);
    const [notice] = task.strict ? read.notices : [];
    if (notice !== undefined) return failure('BAD_ROW', `${noticeCodes[notice]} (${optionName('strict')})`);
    const taken = this.#mayBeTaken[shapeOf(read.kind)].find((name) => Object.hasOwn(row, name));
    if (taken !== undefined)
      return failure('FIELD_EXISTS', `the row has a field ${taken} already; ${insteadOfTakenField()}`);
    if (read.texts.every(isUnicode)) return read;
    return {
      ...read,
      texts: read.texts.map((text, index) => (isUnicode(text) ? text : halfOfAPair(read.kind, index))),
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

const isUnicode = (text: TextToScore | RowFailure): boolean =>
  isFailure(text) || (isWellFormed(text.text) && (text.first === undefined || isWellFormed(text.first)));

const halfOfAPair = (kind: RowKind, index: number): RowFailure =>
  failure(
    'BAD_UTF8',
    'expected valid Unicode, got half of a surrogate pair',
    kind === 'candidates' ? index : undefined,
  );
