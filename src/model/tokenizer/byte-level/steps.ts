/** How a byte-level tokenizer splits a text into words. */
import { type PreTokenizer, preTokenizer } from '../pre-tokenizers.js';
import type { Step } from '../steps.js';
import { flatSteps } from './flat-steps.js';
import { gpt2WordEnd, knownWordEnds, type WordEnd, wholeText } from './word-ends.js';

/** The steps of a pre-tokenizer, the last of which has tokens spell bytes. */
export interface ByteLevelSteps {
  /** What splits a text before; undefined where nothing does. */
  readonly before: PreTokenizer | undefined;
  /** Whether a text that does not begin with a space is given one. */
  readonly prefix: boolean;
  readonly wordEnd: WordEnd;
}

/**
 * @param step one that has tokens spell bytes
 * @throws Error where a step is not known
 */
export function byteLevelSteps(step: Step | null): ByteLevelSteps {
  // Refuses what it does not know, whichever way texts are split then.
  preTokenizer(step);
  const flat = flatSteps(step);
  const last = flat.pop() as Step;
  const { add_prefix_space: prefix, use_regex: splits = true } = last;
  const [split, ...others] = flat;
  const known = splits || prefix || others.length > 0 ? undefined : wordEndOf(split);
  if (known !== undefined) return { before: undefined, prefix: false, wordEnd: known };
  return {
    before: split === undefined ? undefined : preTokenizer({ type: 'Sequence', pretokenizers: flat }),
    prefix: Boolean(prefix),
    wordEnd: splits ? gpt2WordEnd : wholeText,
  };
}

function wordEndOf(step: Step | undefined): WordEnd | undefined {
  if (step?.type !== 'Split' || step.behavior !== 'Isolated' || step.invert === true) return undefined;
  const { Regex: regex, String: literal } = (step.pattern ?? {}) as {
    readonly Regex?: unknown;
    readonly String?: unknown;
  };
  return literal === undefined ? knownWordEnds.get(regex) : undefined;
}
