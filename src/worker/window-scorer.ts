/** One window: records to rows, texts, tokens, rewards, and output records again. */
import { concatBytes } from '../bytes.js';
import { rewardOf } from '../model/activation.js';
import type { TokenScorer } from '../model/scorer.js';
import type { Tokenizer } from '../model/tokenizer.js';
import { failure, isFailure, type RowFailure } from '../rows/failure.js';
import type { ParsedRecord, RowFormat } from '../rows/format.js';
import { shapeOf, takenField } from '../rows/formats.js';
import { type Form, type FormSettings, readRow, type ScorableRow, SEAMS_TO_JUDGE } from '../rows/forms.js';
import { type InputRecord, splitRecords } from '../rows/records.js';
import type { RowResult } from '../rows/result.js';
import { isWellFormed } from '../rows/unicode.js';
import type { FailedRow, ScoredWindow, ScoringSettings, Window } from './messages.js';

interface PendingRow {
  readonly record: InputRecord;
  readonly parsed: ParsedRecord;
  readonly form: Form | undefined;
  /** A failure of the whole row, or the state of each of its texts. */
  readonly outcome: RowFailure | readonly PendingText[];
}

/** Index into the window's token rows, or why there are none. */
type PendingText = number | RowFailure;

export class WindowScorer {
  readonly #format: RowFormat;
  readonly #rewardField: string | undefined;
  readonly #forms: FormSettings;
  readonly #tokenizer: Tokenizer;
  readonly #scorer: TokenScorer;
  readonly #settings: ScoringSettings;

  constructor(
    scorer: TokenScorer,
    tokenizer: Tokenizer,
    settings: ScoringSettings,
    rows: { readonly format: RowFormat; readonly rewardField: string | undefined; readonly forms: FormSettings },
  ) {
    this.#format = rows.format;
    this.#rewardField = rows.rewardField;
    this.#forms = rows.forms;
    this.#tokenizer = tokenizer;
    this.#settings = settings;
    this.#scorer = scorer;
  }

  async score(window: Window): Promise<ScoredWindow> {
    const forms: Partial<Record<Form, number>> = {};
    const tokenRows: number[][] = [];
    const pending: PendingRow[] = [];
    const seams: boolean[] = [];
    const counts = { truncatedRows: 0, truncatedTokens: 0, tokens: 0 };

    const bytes = Buffer.from(window.bytes.buffer, window.bytes.byteOffset, window.bytes.byteLength);
    let header = this.#format.hasHeader && window.firstLine === 1;
    for (const record of splitRecords(bytes, window.firstLine, this.#format.newScanner())) {
      const parsed = this.#format.parse(record);
      if (parsed === undefined) continue;
      if (header) {
        header = false;
        continue;
      }
      const row = this.#read(parsed);
      if (isFailure(row)) {
        pending.push({ record, parsed, form: undefined, outcome: row });
        continue;
      }
      forms[row.form] = (forms[row.form] ?? 0) + 1;
      if (row.spacedSeam !== undefined && seams.length < SEAMS_TO_JUDGE) seams.push(row.spacedSeam);
      const { maxLength, truncationSide, template } = this.#settings;
      const templated = row.templated && template.jinja !== undefined;
      let truncated = 0;
      const outcome = row.texts.map((text, index): PendingText => {
        if (isFailure(text)) return text;
        const own = this.#tokenizer.encode(text);
        if (own.length === 0)
          return failure('EMPTY_TEXT', 'the text has no tokens', row.form === 'candidates' ? index : undefined);
        const tokens = this.#tokenizer.toRow(own, { maxLength, truncationSide, templated });
        truncated += tokens.cut;
        counts.tokens += tokens.row.length;
        return tokenRows.push(tokens.row) - 1;
      });
      if (truncated > 0) counts.truncatedRows++;
      counts.truncatedTokens += truncated;
      pending.push({ record, parsed, form: row.form, outcome });
    }

    const { logits, computedTokens } = await this.#scorer.score(tokenRows);
    const output: Buffer[] = [];
    const failed: FailedRow[] = [];
    const rewards: number[] = [];
    for (const { record, parsed, form, outcome } of pending) {
      const result = this.#result(form, outcome, logits);
      if (result.failure !== undefined) failed.push({ line: record.line, failure: result.failure });
      for (const reward of result.rewards) if (reward !== null) rewards.push(reward);
      for (const piece of this.#format.write(record, parsed, result)) {
        output.push(typeof piece === 'string' ? Buffer.from(piece) : piece);
      }
    }
    return {
      bytes: concatBytes(output),
      account: {
        rows: pending.length,
        forms,
        failed,
        rewards: Float32Array.from(rewards),
        computedTokens,
        seams,
        ...counts,
      },
    };
  }

  #read({ row, failure: unusable }: ParsedRecord): ScorableRow | RowFailure {
    if (unusable !== undefined) return unusable;
    if (row === undefined) throw new Error('a parsed record has a row or a failure');
    const read = readRow(row, this.#forms);
    if (isFailure(read)) return read;
    const taken = this.#rewardField && takenField(Object.keys(row), read.form, this.#rewardField);
    if (taken !== undefined)
      return failure('FIELD_EXISTS', `the row has a field ${taken} already; name another with --reward-field`);
    return {
      ...read,
      texts: read.texts.map((text, index) => checkUnicode(text, read.form === 'candidates' ? index : undefined)),
    };
  }

  #result(form: Form | undefined, outcome: PendingRow['outcome'], logits: Float32Array): RowResult {
    if (isFailure(outcome)) return { shape: 'single', rewards: [], failure: outcome };
    const shape = shapeOf(form as Form);
    const { labels, logit, activation } = this.#settings;
    const texts = outcome.map((text, index): number | RowFailure => {
      if (isFailure(text)) return text;
      const reward = rewardOf(logits.subarray(text * labels, (text + 1) * labels), logit, activation);
      if (Number.isFinite(reward)) return reward;
      return failure('NON_FINITE', `the reward is ${reward}`, shape === 'array' ? index : undefined);
    });
    const problem = texts.find(isFailure);
    const rewards = texts.map((text) => (isFailure(text) ? null : text));
    return problem === undefined ? { shape, rewards } : { shape, rewards, failure: problem };
  }
}

function checkUnicode(text: string | RowFailure, index: number | undefined): string | RowFailure {
  if (typeof text !== 'string' || isWellFormed(text)) return text;
  return failure('BAD_UTF8', 'the text has half of a surrogate pair', index);
}
