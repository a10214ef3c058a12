/** What a tokenizer does to a text before it splits it: normalizers/ of the library tokenizers 0.23.3. */
import { MARK, NO_TEXT, NON_SPACING_MARK, NORMALIZED } from './old-unicode.js';
import { compilePattern } from './patterns.js';
import { precompiled } from './precompiled.js';
import { checkMembers, type Step } from './steps.js';

export type Normalizer = (text: string) => string;

interface Kind {
  readonly members: readonly string[];
  readonly build: (step: Step) => Normalizer;
}

const MARKS = new RegExp(MARK, 'gu');
const NON_SPACING_MARKS = new RegExp(NON_SPACING_MARK, 'gu');
const NO_TEXTS = new RegExp(NO_TEXT, 'gu');

/** Case by character, without regard to its neighbours: a final sigma is like any other. */
const lowercase: Normalizer = (text) => Array.from(text, (character) => character.toLowerCase()).join('');

/** Control characters that do_nmt of normalizers/unicode.rs takes out. */
const isDroppedByNmt = (code: number): boolean =>
  (code >= 0x01 && code <= 0x08) || (code >= 0x0e && code <= 0x1f) || [0x0b, 0x7f, 0x8f, 0x9f].includes(code);

const NMT_SPACES = /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/g;

const nmt: Normalizer = (text) =>
  text
    .replace(/\p{Cc}/gu, (character) => (isDroppedByNmt(character.charCodeAt(0)) ? '' : character))
    .replace(NMT_SPACES, ' ');

type Form = 'NFC' | 'NFD' | 'NFKC' | 'NFKD';

const NORMALIZED_RUNS = new RegExp(`${NORMALIZED}+`, 'gu');

/** A normal form; characters that the library's Unicode does not know yet stay as they are, and part their neighbours. */
const normalForm =
  (form: Form): Normalizer =>
  (text) =>
    /^\p{ASCII}*$/u.test(text) ? text : text.replace(NORMALIZED_RUNS, (run) => run.normalize(form));

const unicode = (form: Form): Kind => ({ members: [], build: () => normalForm(form) });

const kinds: Readonly<Record<string, Kind>> = {
  Sequence: {
    members: ['normalizers'],
    build: ({ normalizers }) => {
      const inner = (normalizers as Step[]).map((step) => normalizer(step));
      return (text) => inner.reduce((done, next) => next(done), text);
    },
  },
  NFC: unicode('NFC'),
  NFD: unicode('NFD'),
  NFKC: unicode('NFKC'),
  NFKD: unicode('NFKD'),
  Lowercase: { members: [], build: () => lowercase },
  Strip: {
    members: ['strip_left', 'strip_right'],
    build:
      ({ strip_left: left, strip_right: right }) =>
      (text) => {
        const shorter = left ? text.replace(/^\p{White_Space}+/u, '') : text;
        return right ? shorter.replace(/\p{White_Space}+$/u, '') : shorter;
      },
  },
  StripAccents: { members: [], build: () => (text) => text.replace(MARKS, '') },
  Prepend: {
    members: ['prepend'],
    build:
      ({ prepend }) =>
      (text) =>
        text === '' ? text : `${prepend}${text}`,
  },
  Replace: {
    members: ['pattern', 'content'],
    build: ({ pattern, content }) => {
      const found = compilePattern(pattern);
      return (text) => text.replace(found, () => content as string);
    },
  },
  Precompiled: {
    members: ['precompiled_charsmap'],
    build: ({ precompiled_charsmap: map }) => precompiled(Buffer.from(map as string, 'base64')),
  },
  Nmt: { members: [], build: () => nmt },
  BertNormalizer: { members: ['clean_text', 'handle_chinese_chars', 'strip_accents', 'lowercase'], build: bert },
};

/** @throws Error where a step is not known */
export function normalizer(step: Step | null): Normalizer {
  if (step === null) return (text) => text;
  const kind = Object.hasOwn(kinds, step.type) ? kinds[step.type] : undefined;
  if (kind === undefined) throw new Error(`Unknown Normalizer type: ${step.type}`);
  checkMembers(step, 'normalizer', kind.members);
  return kind.build(step);
}

/**
 * Whether the first character of what a step makes of a text comes from the text's first, so that the text's beginning is
 * known. Where a character is taken out at the beginning, the library aligns what follows with the original's later part.
 *
 * @param isBehind other steps have changed the text before
 * @returns undefined where that cannot be told
 */
export function beginningKeeper(step: Step | null, isBehind = false): ((text: string) => boolean) | undefined {
  switch (step?.type) {
    case 'Sequence': {
      const steps = step.normalizers as Step[];
      const inner = steps.map((each, i) => ({
        keeps: beginningKeeper(each, isBehind || i > 0),
        make: normalizer(each),
      }));
      if (inner.some(({ keeps }) => keeps === undefined)) return undefined;
      return (text) => {
        let done = text;
        for (const { keeps, make } of inner) {
          if (!keeps?.(done)) return false;
          done = make(done);
        }
        return true;
      };
    }
    case 'Strip':
      return step.strip_left ? (text) => !/^\p{White_Space}/u.test(text) : always;
    case 'Nmt':
    case 'StripAccents':
    case 'BertNormalizer': {
      const make = normalizer(step);
      return (text) => text === '' || make(String.fromCodePoint(text.codePointAt(0) as number)) !== '';
    }
    case 'Replace':
      return replaceKeeper(step, isBehind);
    default:
      // What SentencePiece's map takes out at the beginning is not seen in the library's alignment.
      return always;
  }
}

const always = (): boolean => true;

/** A new text is aligned with the last character that it stands for. */
function replaceKeeper({ pattern, content }: Step, isBehind: boolean): ((text: string) => boolean) | undefined {
  // Metaspace puts nothing before a text that begins with a space, wherever this comes from.
  if (/^[ \u2581]/.test(content as string)) return always;
  // Characters that another step made of one have one place, and cannot be told apart here.
  if (isBehind) return undefined;
  const found = compilePattern(pattern);
  return (text) => {
    const [match] = text.matchAll(found);
    if (match === undefined || match.index > 0) return true;
    return Array.from(match[0]).length <= (content === '' ? 0 : 1);
  };
}

const CHINESE =
  /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;

const takenApart = normalForm('NFD');

function bert({
  clean_text: clean,
  handle_chinese_chars: chinese,
  strip_accents: strip,
  lowercase: lower,
}: Step): Normalizer {
  const steps: Normalizer[] = [];
  if (clean) {
    steps.push((text) => text.replace(NO_TEXTS, '').replace(/\p{White_Space}/gu, ' '));
  }
  if (chinese) steps.push((text) => text.replace(CHINESE, ' $& '));
  if (strip ?? lower) steps.push((text) => takenApart(text).replace(NON_SPACING_MARKS, ''));
  if (lower) steps.push(lowercase);
  return (text) => steps.reduce((done, next) => next(done), text);
}
