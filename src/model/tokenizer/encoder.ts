/** From a text to token ids, step by step as the library tokenizers 0.23.3 takes them: any tokenizer that is known. */
import type { Part } from './added-vocabulary.js';
import { tokenModel } from './models.js';
import { preTokenizer } from './pre-tokenizers.js';
import type { TokenizerSteps } from './shape.js';
import type { Vocabulary } from './vocabulary.js';

/** Gives the ids of a whole text. */
export type Encoder = (text: string) => number[];

/** Cuts a text at the added tokens in it, and normalizes what stands between them. */
export type Splitter = (text: string) => readonly Part[];

/** @throws Error where a step is not known */
export function stepwiseEncoder(tokenizer: TokenizerSteps, vocabulary: Vocabulary, split: Splitter): Encoder {
  const words = preTokenizer(tokenizer.pre_tokenizer);
  const model = tokenModel(tokenizer.model, vocabulary);
  return (text) => {
    const ids: number[] = [];
    for (const part of split(text)) {
      if ('id' in part) {
        ids.push(part.id);
        continue;
      }
      for (const word of words({ text: part.text, first: part.start === 0 })) {
        // A word can be a whole text, with more ids than a call may have arguments.
        for (const id of model(word.text)) ids.push(id);
      }
    }
    return ids;
  };
}
