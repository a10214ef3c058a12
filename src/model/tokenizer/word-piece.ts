/** The models that look up whole words, or the longest pieces of them: WordLevel and WordPiece of tokenizers 0.23.3. */
import type { Step } from './steps.js';
import { requiredId, type TokenModel, type Vocabulary } from './vocabulary.js';

export function wordLevel({ unk_token: unknownToken }: Step, vocabulary: Vocabulary): TokenModel {
  const unknown = requiredId(vocabulary, `${unknownToken}`);
  return (word) => [vocabulary.idOf(word) ?? unknown];
}

export function wordPiece(step: Step, vocabulary: Vocabulary): TokenModel {
  const { continuing_subword_prefix: prefix = '##', max_input_chars_per_word: longest = 100 } = step;
  const unknown = [requiredId(vocabulary, `${step.unk_token}`)];
  return (word) => {
    const characters = Array.from(word);
    if (characters.length > (longest as number)) return unknown;
    return piecesOf(characters, vocabulary, `${prefix}`) ?? unknown;
  };
}

/** The longest piece at each place, from the left; undefined where none fits. */
function piecesOf(characters: readonly string[], vocabulary: Vocabulary, prefix: string): number[] | undefined {
  const ids: number[] = [];
  for (let start = 0; start < characters.length; ) {
    let end = characters.length;
    let id: number | undefined;
    for (; end > start; end--) {
      id = vocabulary.idOf((start > 0 ? prefix : '') + characters.slice(start, end).join(''));
      if (id !== undefined) break;
    }
    if (id === undefined) return undefined;
    ids.push(id);
    start = end;
  }
  return ids;
}
