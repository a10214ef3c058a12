/** A reward that is asked of a language model: the logit of a token after the text, or of one less that of another. */
import { usageError } from '../../errors.js';
import { optionName } from '../../option-name.js';
import { printable } from '../../platform/printable.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';

export interface AskedHead {
  /** As it is asked for, e.g. `yes-no:yes,no`. */
  readonly text: string;
  /** Words of one token, or ids of tokens: the second's logit is subtracted. */
  readonly tokens: readonly (string | number)[];
}

/** The same, with ids for all tokens. */
export interface TokenHead extends AskedHead {
  readonly tokens: readonly number[];
}

export const ASKED_HEADS = 'yes-no:A,B or token:N';

/**
 * Spaces count, as they do in tokens. A word cannot have a comma.
 *
 * @returns undefined for a text of another form
 */
export function parseHead(text: string): AskedHead | undefined {
  const [, yes, no] = /^yes-no:([^,]+),([^,]+)$/s.exec(text) ?? [];
  if (yes !== undefined && no !== undefined) return yes === no ? undefined : { text, tokens: [yes, no] };
  const id = /^token:(\d{1,9})$/.exec(text)?.[1];
  return id === undefined ? undefined : { text, tokens: [Number(id)] };
}

/** @throws FatalError `usage` where a word is not one token of the tokenizer */
export function findTokens(
  { text, tokens }: AskedHead,
  tokenizer: () => Pick<Tokenizer, 'encode' | 'pieceOf'>,
): TokenHead {
  const ids = tokens.map((token) => (typeof token === 'number' ? token : tokenOf(token, tokenizer())));
  if (ids.length === 2 && ids[0] === ids[1]) {
    throw usageError(`expected two tokens for ${optionName('head')} ${text}, got token ${ids[0]} twice`);
  }
  return { text, tokens: ids };
}

function tokenOf(word: string, tokenizer: Pick<Tokenizer, 'encode' | 'pieceOf'>): number {
  const ids = tokenizer.encode(word);
  const [id] = ids;
  if (ids.length === 1 && id !== undefined) return id;
  const pieces = ids.map((each) => JSON.stringify(tokenizer.pieceOf(each).text)).join(', ');
  throw usageError(
    `expected each word of ${optionName('head')} to be one token of the tokenizer, got ${printable(JSON.stringify(word))}, ` +
      `which is ${ids.length} (${printable(pieces)}); spaces count`,
  );
}
