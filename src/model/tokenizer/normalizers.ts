/** What a tokenizer does to a text before it splits it: normalizers/ of the library tokenizers 0.23.3. */
import { compilePattern } from './patterns.js';
import { precompiled } from './precompiled.js';
import { checkMembers, type Step } from './steps.js';

export type Normalizer = (text: string) => string;

interface Kind {
  readonly members: readonly string[];
  readonly build: (step: Step) => Normalizer;
}

/** Case by character, without regard to its neighbours: a final sigma is like any other. */
const lowercase: Normalizer = (text) => Array.from(text, (character) => character.toLowerCase()).join('');

const unicode = (form: 'NFC' | 'NFD' | 'NFKC' | 'NFKD'): Kind => ({
  members: [],
  build: () => (text) => text.normalize(form),
});

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
  StripAccents: { members: [], build: () => (text) => text.replace(/\p{M}/gu, '') },
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

/** Whether the first character of what it gives comes from the text's first, so that a text's beginning is known. */
export const keepsBeginning = (step: Step | null): boolean =>
  step === null ||
  (step.type === 'Strip' && !step.strip_left) ||
  (step.type === 'Replace' && step.content !== '') ||
  ['NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'Prepend'].includes(step.type) ||
  (step.type === 'Sequence' && (step.normalizers as Step[]).every(keepsBeginning));

const CHINESE =
  /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;

function bert({
  clean_text: clean,
  handle_chinese_chars: chinese,
  strip_accents: strip,
  lowercase: lower,
}: Step): Normalizer {
  const steps: Normalizer[] = [];
  if (clean) {
    steps.push((text) =>
      text.replace(/[\0\ufffd]|(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}]/gu, '').replace(/\p{White_Space}/gu, ' '),
    );
  }
  if (chinese) steps.push((text) => text.replace(CHINESE, ' $& '));
  if (strip ?? lower) steps.push((text) => text.normalize('NFD').replace(/\p{Mn}/gu, ''));
  if (lower) steps.push(lowercase);
  return (text) => steps.reduce((done, next) => next(done), text);
}
