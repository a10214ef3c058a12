/** Rows as a person can find, read and judge them. */
import type { ShownConversation } from '../rows/kinds/shown-conversation.js';

export type { ShownConversation };

/** A text with its reward, and the row that it is of. */
export interface ShownText {
  readonly file: string;
  /** From 1, and the line on which the row begins; null where that is not known. */
  readonly row: number;
  readonly line: number | null;
  /** The candidate, from 0; null where the row has one text. */
  readonly candidate: number | null;
  readonly id: string | null;
  readonly reward: number;
  /** Tokens that were scored, and those that were cut off; null where that is not known. */
  readonly tokens: number | null;
  readonly cut: number | null;
  /** The beginning of the text; empty where it is not known. */
  readonly text: string;
  /** null where the file cannot be read again. */
  readonly conversation: ShownConversation | null;
  /** The command that shows its rendered text, word for word; null where the row cannot be read again. */
  readonly explain: readonly string[] | null;
}

export interface LabelledText extends ShownText {
  readonly label: number;
}

export interface ShownPair {
  /** The chosen one's reward less the rejected one's. */
  readonly margin: number;
  readonly chosen: ShownText;
  readonly rejected: ShownText;
}
