/** How a row was scored, as plain data: what the worker says of it, and what is shown beside that. */
import type { RowFailure } from '../rows/failure.js';
import type { RowKind } from '../rows/kinds/kinds.js';
import type { Judged } from '../rows/kinds/text-to-score.js';
import type { HintCode, NoticeCode } from '../rows/notices.js';
import type { Reward } from '../rows/results.js';
import { visibleLine } from './visible.js';

/** What a worker says of a row that it scored. */
export interface RowExplanation {
  /** Number of its first line, from 1; null in a file that was not read from its beginning. */
  readonly line: number | null;
  /** Null where the row could not be read. */
  readonly kind: RowKind | null;
  /** In the order in which rewards are written; empty where the whole row failed. */
  readonly texts: readonly ExplainedText[];
  /** Tokens of all texts, and how many of them the network computes for this row alone, padding included. */
  readonly tokens: number;
  readonly computedTokens: number;
  /** Right-most tokens of this id are skipped when a reward is read; null where there are none. */
  readonly padToken: Token | null;
  /** The rewards that the row carries already. */
  readonly existing: readonly (number | null)[] | null;
  /** What the user should know of how the row was read. */
  readonly notices: readonly Note[];
  readonly hints: readonly Note[];
  /** Of the row, or of its first text that failed. */
  readonly failure: RowFailure | null;
}

/** A notice or a hint (rows/notices.ts). */
interface Note {
  readonly code: NoticeCode | HintCode;
  readonly message: string;
}

/** A text of the row; one that could not be tokenized has a failure and nothing else. */
export type ExplainedText = ScoredText | { readonly failure: RowFailure };

/** What the template or the row made, as it was tokenized. */
export interface RenderedText {
  readonly text: string;
  /** The same text in pieces, so that special tokens and what was cut can be told apart. */
  readonly parts: readonly TextPart[];
  readonly cut: Cut;
}

/** Of a pair, the second text. */
export interface ScoredText extends RenderedText {
  readonly judged: Judged;
  /** The first text of a pair; null where the network gets one text. */
  readonly first: RenderedText | null;
  /** The tokens that the network got. */
  readonly tokens: readonly Token[];
  /** Index of the first token of the response, or of a pair's second text; 0 where a text has no prompt, null where none of it is left. */
  readonly responseStart: number | null;
  /** Index of the token that the reward is read at; null where a graph pools by a rule of its own. */
  readonly pooled: number | null;
  /** Tokens at the beginning that are computed once for this text and another one of the row. */
  readonly shared: number;
  readonly reward: Reward | null;
  /** Where asked for: the reward that the text would have if it ended at this token. */
  readonly trace: readonly TracedToken[] | null;
  readonly failure: RowFailure | null;
}

export interface TextPart {
  readonly text: string;
  /** It is a special token. */
  readonly special: boolean;
  /** It was cut. */
  readonly cut: boolean;
}

export interface Token {
  readonly id: number;
  /** Its characters; bytes that are no whole character are written as `<0xE2>`. */
  readonly piece: string;
  readonly special: boolean;
  /** The tokenizer put it there: it is not in the text. */
  readonly added: boolean;
}

/** The text's own tokens that were cut. */
interface Cut {
  readonly side: 'left' | 'right';
  readonly tokens: readonly Token[];
  /** What they stand for. */
  readonly text: string;
}

export interface TracedToken {
  /** Index into the text's tokens. */
  readonly token: number;
  /** Null where it is not finite. */
  readonly reward: number | null;
}

/** A setting, and where its value comes from. */
export interface Setting {
  readonly name: string;
  readonly value: string;
  readonly source: string;
}

/** All that is shown of a row. */
export interface Explanation extends RowExplanation {
  readonly model: string;
  /** The input as the user named it; `-` is standard input. */
  readonly file: string;
  /** Number of the row among the file's records that are not blank, from 1. */
  readonly row: number;
  readonly settings: readonly Setting[];
  /** The model's. */
  readonly labels: readonly string[];
}

export const isScored = (text: ExplainedText): text is ScoredText => 'tokens' in text;

/**
 * A reward in words: a number, or each label's after its name.
 *
 * @param written how a number is spelled
 */
export const rewardInWords = (
  reward: Reward | null,
  labels: readonly string[],
  written: (reward: number | null) => string,
): string =>
  typeof reward === 'object' && reward !== null
    ? labels.map((label, i) => `${visibleLine(label)} ${written(reward[i] ?? null)}`).join(', ')
    : written(reward);
