/** The pieces of a word with the largest sum of scores: models/unigram of the library tokenizers 0.23.3. */
import type { Step } from './steps.js';
import { idsOfBytes, type TokenModel, type Vocabulary } from './vocabulary.js';

/** An unknown character scores so much less than the worst piece. */
const UNKNOWN_PENALTY = 10;

/** How the best way to an end of a piece comes there. */
interface Best {
  readonly score: number;
  readonly start: number;
  readonly unknown: boolean;
}

export function unigram(step: Step, vocabulary: Vocabulary): TokenModel {
  const pieces = step.vocab as readonly (readonly [piece: string, score: number])[];
  const unknownId = step.unk_id as number;
  if (pieces[unknownId] === undefined) throw new Error(`unk_id, ${JSON.stringify(unknownId)}, is no piece's`);
  const unknownScore =
    pieces.reduce((least, [, score]) => Math.min(least, score), Number.POSITIVE_INFINITY) - UNKNOWN_PENALTY;
  const longest = pieces.reduce((most, [piece]) => Math.max(most, piece.length), 0);

  const segment = (word: string): string[] => {
    const best: (Best | undefined)[] = Array.from({ length: word.length + 1 });
    best[0] = { score: 0, start: 0, unknown: false };
    for (const start of starts(word)) {
      const { score: before } = best[start] as Best;
      const first = start + ((word.codePointAt(start) as number) > 0xffff ? 2 : 1);
      let single = false;
      for (let end = first; end <= Math.min(word.length, start + longest); end++) {
        const id = vocabulary.idOf(word.slice(start, end));
        if (id === undefined) continue;
        if (end === first) single = true;
        const score = before + (pieces[id] as readonly [string, number])[1];
        const other = best[end];
        if (other === undefined || score > other.score) best[end] = { score, start, unknown: id === unknownId };
      }
      if (single) continue;
      const other = best[first];
      const score = before + unknownScore;
      if (other === undefined || score > other.score) best[first] = { score, start, unknown: true };
    }
    // Unknown characters beside each other are one piece.
    const found: string[] = [];
    let fused = '';
    for (let end = word.length; end > 0; ) {
      const { start, unknown } = best[end] as Best;
      if (unknown) fused = word.slice(start, end) + fused;
      else {
        if (fused !== '') found.push(fused);
        fused = '';
        found.push(word.slice(start, end));
      }
      end = start;
    }
    if (fused !== '') found.push(fused);
    return found.reverse();
  };

  return (word) =>
    segment(word).flatMap((piece) => {
      const id = vocabulary.idOf(piece);
      if (id !== undefined) return [id];
      return (step.byte_fallback === true && idsOfBytes(vocabulary, piece)) || [unknownId];
    });
}

/** Where the characters of a word begin. */
function* starts(word: string): Generator<number> {
  for (let at = 0; at < word.length; at += (word.codePointAt(at) as number) > 0xffff ? 2 : 1) yield at;
}
