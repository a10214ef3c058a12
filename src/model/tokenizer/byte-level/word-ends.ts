/**
 * Where words end, by patterns that many tokenizers have: as their regular expressions match, and without these. Every
 * character is in one of the words.
 */
import { LLAMA3_PATTERN, QWEN2_PATTERN } from '../known-patterns.js';
import { classOf, LETTER, NUMBER, OTHER, SPACE } from './character-classes.js';

/** Where the word that begins at `start` ends; there is a character at `start`. */
export type WordEnd = (text: string, start: number) => number;

const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const BLANK = 0x20;
const APOSTROPHE = 0x27;

/** A text that is one word. */
export const wholeText: WordEnd = (text) => text.length;

/** ByteLevel's own pattern: `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+` */
export const gpt2WordEnd: WordEnd = (text, start) => {
  const code = codeAt(text, start);
  if (code === APOSTROPHE) {
    const end = contractionEnd(text, start, 0);
    if (end > 0) return end;
  }
  const kind = classOf(code);
  if (kind !== SPACE) return runEnd(text, start + sizeOf(code), kind);
  if (code === BLANK && start + 1 < text.length) {
    const next = codeAt(text, start + 1);
    const nextKind = classOf(next);
    if (nextKind !== SPACE) return runEnd(text, start + 1 + sizeOf(next), nextKind);
  }
  return spaceEnd(text, start, runEnd(text, start + 1, SPACE));
};

/** @param digits how many of them there can be in a word */
const gpt4WordEnd =
  (digits: number): WordEnd =>
  (text, start) => {
    const code = codeAt(text, start);
    if (code === APOSTROPHE) {
      const end = contractionEnd(text, start, CASE);
      if (end > 0) return end;
    }
    const kind = classOf(code);
    const after = start + sizeOf(code);
    if (kind === LETTER) return runEnd(text, after, LETTER);
    if (kind === NUMBER) return runEnd(text, after, NUMBER, digits - 1);
    const isLineEnd = code === LINE_FEED || code === RETURN;
    const next = after < text.length ? codeAt(text, after) : -1;
    const nextKind = next < 0 ? 0 : classOf(next);
    if (!isLineEnd && nextKind === LETTER) return runEnd(text, after + sizeOf(next), LETTER);
    if (kind === OTHER) return lineEndsEnd(text, runEnd(text, after, OTHER));
    if (code === BLANK && nextKind === OTHER) return lineEndsEnd(text, runEnd(text, after + sizeOf(next), OTHER));
    const end = runEnd(text, after, SPACE);
    for (let last = end - 1; last >= start; last--) {
      const unit = text.charCodeAt(last);
      if (unit === LINE_FEED || unit === RETURN) return last + 1;
    }
    return spaceEnd(text, start, end);
  };

/** By the patterns of `Split`, isolated. */
export const knownWordEnds: ReadonlyMap<unknown, WordEnd> = new Map([
  [LLAMA3_PATTERN, gpt4WordEnd(3)],
  [QWEN2_PATTERN, gpt4WordEnd(1)],
]);

function codeAt(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return unit < 0xd800 || unit > 0xdbff ? unit : (text.codePointAt(at) as number);
}

const sizeOf = (code: number): number => (code > 0xffff ? 2 : 1);

/** Where the characters of a class end that stand from `from` on, `most` of them at the most. */
function runEnd(text: string, from: number, kind: number, most = Number.POSITIVE_INFINITY): number {
  let at = from;
  for (let count = 0; at < text.length && count < most; count++) {
    const code = codeAt(text, at);
    if (classOf(code) !== kind) break;
    at += sizeOf(code);
  }
  return at;
}

/** White space leaves its last character to what follows it: `\s+(?!\S)|\s+`. All of it is one unit each. */
const spaceEnd = (text: string, start: number, end: number): number =>
  end < text.length && end - start > 1 ? end - 1 : end;

function lineEndsEnd(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit !== LINE_FEED && unit !== RETURN) break;
  }
  return at;
}

/** The bit that makes an ASCII letter a small one. */
const CASE = 0x20;

const [D, E, L, M, R, S, T, V] = Array.from('delmrstv', (letter) => letter.charCodeAt(0));

/** Where 's, 't, 're, 've, 'm, 'll or 'd ends; 0 where none is. */
function contractionEnd(text: string, start: number, caseBit: number): number {
  if (start + 1 >= text.length) return 0;
  const first = text.charCodeAt(start + 1) | caseBit;
  if (first === S || first === T || first === M || first === D) return start + 2;
  if (start + 2 >= text.length) return 0;
  const second = text.charCodeAt(start + 2) | caseBit;
  const isLong = (first === R && second === E) || (first === V && second === E) || (first === L && second === L);
  return isLong ? start + 3 : 0;
}
