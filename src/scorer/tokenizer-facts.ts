/** What a worker says of the tokenizer that it has loaded. */
import type { Tokenizer } from '../model/tokenizer/tokenizer.js';
import type { TokenizerFacts } from './protocol.js';

export const tokenizerFactsOf = ({
  addedTexts,
  notices,
}: Pick<Tokenizer, 'addedTexts' | 'notices'>): TokenizerFacts => ({
  specialTokens: addedTexts,
  notices,
});
