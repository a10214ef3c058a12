/** How a tokenizer splits a text into words: pre_tokenizers/ of the library tokenizers 0.23.3. */
import { inByteCharacters } from './byte-characters.js';
import { PUNCTUATION } from './old-unicode.js';
import { compilePattern } from './patterns.js';
import { checkMembers, type Step } from './steps.js';

/** A word, or a text that is still to be split. */
interface Piece {
  readonly text: string;
  /** It begins where the whole text does. */
  readonly first: boolean;
}

export type PreTokenizer = (piece: Piece) => readonly Piece[];

interface Kind {
  readonly members: readonly string[];
  readonly build: (step: Step) => PreTokenizer;
}

/** What becomes of the matches of a pattern; what stands between two matches is a word of its own. */
const behaviors = ['Isolated', 'Removed', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'] as const;
type Behavior = (typeof behaviors)[number];

/** White space as Rust has it, which with U+0085 and without U+FEFF is not JavaScript's. */
const SPACE = /\p{White_Space}/gu;
const SIGN = new RegExp(PUNCTUATION, 'gu');
const NUMBER = /\p{N}/gu;
const WORD = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200c\\u200d]';
const WORDS = new RegExp(`${WORD}+|(?:(?!${WORD})\\P{White_Space})+`, 'gu');
const GPT2 = new RegExp(
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\p{White_Space}\\p{L}\\p{N}]+|" +
    '\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+',
  'gu',
);

const simple = (build: () => PreTokenizer): Kind => ({ members: [], build });

const kinds: Readonly<Record<string, Kind>> = {
  Sequence: {
    members: ['pretokenizers'],
    build: ({ pretokenizers }) => {
      const inner = (pretokenizers as Step[]).map((step) => preTokenizer(step));
      return (piece) => inner.reduce<readonly Piece[]>((pieces, next) => pieces.flatMap(next), [piece]);
    },
  },
  // Where offsets are trimmed is a matter of offsets alone.
  ByteLevel: { members: ['add_prefix_space', 'trim_offsets', 'use_regex'], build: byteLevel },
  Metaspace: { members: ['replacement', 'prepend_scheme', 'split', 'add_prefix_space', 'str_rep'], build: metaspace },
  Split: {
    members: ['pattern', 'behavior', 'invert'],
    build: ({ pattern, behavior, invert }) => splitBy(compilePattern(pattern), behaviorOf(behavior), invert === true),
  },
  Digits: {
    members: ['individual_digits'],
    build: ({ individual_digits: apart }) => splitBy(NUMBER, apart ? 'Isolated' : 'Contiguous'),
  },
  Punctuation: {
    members: ['behavior'],
    build: ({ behavior = 'Isolated' }) => splitBy(SIGN, behaviorOf(behavior)),
  },
  Whitespace: simple(() => splitBy(WORDS, 'Removed', true)),
  WhitespaceSplit: simple(() => splitBy(SPACE, 'Removed')),
  BertPreTokenizer: simple(() => {
    const [words, signs] = [splitBy(SPACE, 'Removed'), splitBy(SIGN, 'Isolated')];
    return (piece) => words(piece).flatMap(signs);
  }),
  CharDelimiterSplit: {
    members: ['delimiter'],
    build: ({ delimiter }) => splitBy(compilePattern({ String: delimiter }), 'Removed'),
  },
};

/** @throws Error where a step is not known */
export function preTokenizer(step: Step | null): PreTokenizer {
  if (step === null) return (piece) => [piece];
  const kind = Object.hasOwn(kinds, step.type) ? kinds[step.type] : undefined;
  if (kind === undefined) throw new Error(`Unknown PreTokenizer type: ${step.type}`);
  checkMembers(step, 'pre-tokenizer', kind.members);
  return kind.build(step);
}

/** Whether a word depends on whether it begins the text. */
export const needsBeginning = (step: Step | null): boolean =>
  step !== null &&
  (step.type === 'Sequence'
    ? (step.pretokenizers as Step[]).some(needsBeginning)
    : step.type === 'Metaspace' && step.prepend_scheme === 'first');

function behaviorOf(value: unknown): Behavior {
  const name = typeof value === 'string' ? value.toLowerCase().replaceAll('_', '') : '';
  const behavior = behaviors.find((known) => known.toLowerCase() === name);
  if (behavior === undefined) throw new Error(`Unknown behavior: ${JSON.stringify(value)}`);
  return behavior;
}

type Span = [start: number, end: number];

/** Splits by the matches of a pattern, or, inverted, by what stands between them. */
function splitBy(pattern: RegExp, behavior: Behavior, invert = false): PreTokenizer {
  return ({ text, first }) => {
    const spans = merge(spansOf(text, pattern), behavior, invert);
    const pieces: Piece[] = [];
    for (const [start, end] of spans) {
      if (start < end) pieces.push({ text: text.slice(start, end), first: first && start === 0 });
    }
    return pieces;
  };
}

/** The matches, and what stands between them. */
function spansOf(text: string, pattern: RegExp): (readonly [span: Span, matches: boolean])[] {
  const spans: (readonly [Span, boolean])[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const { index } = match;
    const length = match[0].length;
    // An empty match is one, but not right behind another.
    if (length === 0 && index === end && spans.length > 0) continue;
    if (index > end) spans.push([[end, index], false]);
    spans.push([[index, index + length], true]);
    end = index + length;
  }
  if (end < text.length) spans.push([[end, text.length], false]);
  return spans;
}

function merge(
  spans: readonly (readonly [span: Span, matches: boolean])[],
  behavior: Behavior,
  invert: boolean,
): Span[] {
  if (behavior === 'Isolated') return spans.map(([span]) => span);
  if (behavior === 'Removed') return spans.filter(([, matches]) => matches === invert).map(([span]) => span);
  const merged: Span[] = [];
  const backwards = behavior === 'MergedWithNext';
  let before = false;
  for (const [[start, end], found] of backwards ? [...spans].reverse() : spans) {
    const matches = found !== invert;
    const joins = behavior === 'Contiguous' ? matches === before : matches && !before;
    const last = merged.at(-1);
    if (!joins || last === undefined) merged.push([start, end]);
    else if (backwards) last[0] = start;
    else last[1] = end;
    before = matches;
  }
  return backwards ? merged.reverse() : merged;
}

function byteLevel({ add_prefix_space: prefix, use_regex: splits = true }: Step): PreTokenizer {
  return ({ text, first }) => {
    const whole = prefix && !text.startsWith(' ') ? ` ${text}` : text;
    if (!splits) return [{ text: inByteCharacters(whole), first }];
    // Every character is in one of the matches.
    return (whole.match(GPT2) ?? []).map((word, index) => ({
      text: inByteCharacters(word),
      first: first && index === 0,
    }));
  };
}

function metaspace(step: Step): PreTokenizer {
  const { replacement = '▁', split = true, add_prefix_space: prefix } = step;
  const scheme = prefix === false ? 'never' : (step.prepend_scheme ?? 'always');
  if (typeof replacement !== 'string' || !['always', 'first', 'never'].includes(scheme as string)) {
    throw new Error(`Unknown Metaspace: ${JSON.stringify(step)}`);
  }
  const apart = splitBy(compilePattern({ String: replacement }), 'MergedWithNext');
  return ({ text, first }) => {
    const marked = text.replaceAll(' ', () => replacement);
    const prepends = (scheme === 'always' || (scheme === 'first' && first)) && !marked.startsWith(replacement);
    const piece = { text: prepends ? replacement + marked : marked, first };
    return split ? apart(piece) : [piece];
  };
}
