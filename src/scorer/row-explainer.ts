/** Says how a row was scored, with the tokens and the network that scored it: nothing is rendered a second time. */
import type {
  ExplainedText,
  RenderedText,
  RowExplanation,
  ScoredText,
  TextPart,
  Token,
} from '../explanation/explanation.js';
import { rewardOf } from '../model/activation.js';
import type { TokenScorer } from '../model/token-scorer.js';
import type { TextPlace, Tokenizer, TokenRow } from '../model/tokenizer/tokenizer.js';
import { isFailure, type RowFailure } from '../rows/failure.js';
import type { RowKind } from '../rows/kinds/kinds.js';
import type { TextToScore } from '../rows/kinds/text-to-score.js';
import { type HintCode, hintCodes, type NoticeCode, noticeCodes } from '../rows/notices.js';
import type { Reward } from '../rows/results.js';
import type { ScoringSettings } from './protocol.js';
import { responseStart } from './response-start.js';

/** A text, and the tokens that were made of it. */
export interface TokenizedText extends TextToScore {
  readonly tokens: TokenRow;
}

/** What a worker adds to a row's result. */
export type ExplainedTexts = Omit<RowExplanation, 'line' | 'existing' | 'failure'>;

/** What is known of a row that was scored. */
export interface ScoredTexts {
  readonly kind: RowKind;
  readonly texts: readonly (TokenizedText | RowFailure)[];
  /** Those of the texts; a failure in the place of one that is not finite. */
  readonly rewards: readonly (Reward | RowFailure)[];
  readonly notices: readonly NoticeCode[];
  readonly hints: readonly HintCode[];
}

/** Of a row that could not be read. */
export const nothingExplained: ExplainedTexts = {
  kind: null,
  texts: [],
  tokens: 0,
  computedTokens: 0,
  padToken: null,
  notices: [],
  hints: [],
};

export interface RowExplainerOptions {
  readonly scorer: Pick<TokenScorer, 'countTokens' | 'sharedTokens' | 'pooledAt' | 'trace'>;
  readonly tokenizer: Pick<Tokenizer, 'encode' | 'pieceOf' | 'textOf'>;
  readonly scoring: Omit<ScoringSettings, 'padTokenId'> & { readonly padTokenId: number | undefined };
  /** Where the row begins in its file. */
  readonly byte: number;
  /** Whether the reward at each token is wanted. */
  readonly trace: boolean;
  readonly heartbeat: () => void;
}

export class RowExplainer {
  readonly #options: RowExplainerOptions;

  constructor(options: RowExplainerOptions) {
    this.#options = options;
  }

  /** Whether it is this record that is explained. */
  explains({ byte }: { readonly byte: number }): boolean {
    return byte === this.#options.byte;
  }

  async explain({ kind, texts, rewards, notices, hints }: ScoredTexts): Promise<ExplainedTexts> {
    const { scorer, scoring } = this.#options;
    const scored = texts.flatMap((text) => (isFailure(text) ? [] : [text.tokens]));
    const rows = scored.map(({ row }) => row);
    const types = scored.map((tokens) => tokens.types);
    const shared = scorer.sharedTokens(rows, types);
    const skipsPadding = rows.some((row) => scorer.pooledAt(row) !== undefined);
    const explained: ExplainedText[] = [];
    let next = 0; // of the texts that have tokens
    for (const [i, text] of texts.entries()) {
      if (isFailure(text)) explained.push({ failure: text });
      else explained.push(await this.#explainText(text, shared[next++] ?? 0, rewards[i] as Reward | RowFailure));
    }
    return {
      kind,
      texts: explained,
      tokens: rows.reduce((sum, row) => sum + row.length, 0),
      computedTokens: rows.length === 0 ? 0 : scorer.countTokens(rows, types),
      padToken: skipsPadding && scoring.padTokenId !== undefined ? this.#tokenOf(scoring.padTokenId) : null,
      notices: notices.map((code) => ({ code, message: noticeCodes[code] })),
      hints: hints.map((code) => ({ code, message: hintCodes[code] })),
    };
  }

  async #explainText(text: TokenizedText, shared: number, reward: Reward | RowFailure): Promise<ScoredText> {
    const { scorer, scoring, tokenizer } = this.#options;
    const { row, places } = text.tokens;
    const place = places?.at(-1);
    if (places === undefined || place === undefined) throw new Error('a row is explained by all of its tokens');
    const isAdded = (i: number): boolean => !places.some(({ start, end }) => i >= start && i < end);
    const tokens = row.map((id, i) => this.#tokenOf(id, isAdded(i)));
    const begins = responseStart(text, text.tokens, scoring.truncationSide, (prompt) => tokenizer.encode(prompt));
    const pooled = scorer.pooledAt(row) ?? null;
    const [ofFirst] = places;
    return {
      judged: text.judged,
      first: text.first === undefined || ofFirst === undefined ? null : this.#renderedText(text.first, tokens, ofFirst),
      ...this.#renderedText(text.text, tokens, place),
      tokens,
      responseStart: begins,
      pooled,
      shared,
      reward: isFailure(reward) ? null : reward,
      trace: this.#options.trace ? await this.#trace(row, Math.min(begins ?? row.length, pooled ?? 0)) : null,
      failure: isFailure(reward) ? reward : null,
    };
  }

  #renderedText(text: string, tokens: readonly Token[], { start, end, cutIds }: TextPlace): RenderedText {
    const { scoring, tokenizer } = this.#options;
    const side = scoring.truncationSide;
    const cut = { side, tokens: cutIds.map((id) => this.#tokenOf(id)), text: tokenizer.textOf(cutIds) };
    return { text, parts: partsOf(text, cut, tokens.slice(start, end)), cut };
  }

  #tokenOf(id: number, added = false): Token {
    const { text, special } = this.#options.tokenizer.pieceOf(id);
    return { id, piece: text, special, added };
  }

  async #trace(row: readonly number[], from: number): Promise<ScoredText['trace']> {
    const { scorer, scoring, heartbeat } = this.#options;
    const { labels, logit, activation } = scoring;
    if (logit === 'all') throw new Error('a trace is of one number for each token');
    const logits = await scorer.trace(row, from, heartbeat);
    return row.slice(from).map((_, i) => {
      const reward = rewardOf(logits.subarray(i * labels, (i + 1) * labels), logit, activation);
      return { token: from + i, reward: Number.isFinite(reward) ? reward : null };
    });
  }
}

/**
 * A text in parts: each special token of its own, found in the order of the tokens, and a border where the text was cut.
 * There is none where a tokenizer does not give back the text that it was given.
 */
function partsOf(text: string, cut: RenderedText['cut'], own: readonly Token[]): TextPart[] {
  const isLeft = cut.side === 'left';
  const border = borderOf(text, cut);
  const parts: TextPart[] = [];
  let at = 0;
  const add = (end: number, special: boolean): void => {
    // What stands on both sides of the border is two parts.
    const middle = border > at && border < end ? border : end;
    for (const [from, to] of [
      [at, middle],
      [middle, end],
    ] as const) {
      if (from === to) continue;
      const isCut = cut.tokens.length > 0 && border >= 0 && (isLeft ? to <= border : from >= border);
      parts.push({ text: text.slice(from, to), special, cut: isCut });
    }
    at = end;
  };
  for (const { piece, special } of isLeft ? [...cut.tokens, ...own] : [...own, ...cut.tokens]) {
    const found = special ? text.indexOf(piece, at) : -1;
    if (found < 0) continue;
    add(found, false);
    add(found + piece.length, true);
  }
  add(text.length, false);
  return parts;
}

/** Where in the text the part that was cut ends, or begins on the right; -1 where that cannot be told. */
function borderOf(text: string, { side, text: cut }: RenderedText['cut']): number {
  // Some tokenizers put a space before a text.
  const own = side === 'left' && cut.startsWith(' ') && !text.startsWith(' ') ? cut.slice(1) : cut;
  if (side === 'left') return text.startsWith(own) ? own.length : -1;
  return text.endsWith(cut) ? text.length - cut.length : -1;
}
