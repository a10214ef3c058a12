/**
 * From a text to the token ids of a byte-level BPE, which are those of its steps one after the other: without a string
 * for each word, over tables that all threads share.
 */
import type { Encoder, Splitter } from '../encoder.js';
import { modelStep } from '../models.js';
import type { TokenizerSteps } from '../shape.js';
import { byteLevelSteps } from './steps.js';
import type { BpeTables } from './tables.js';
import { WordEncoder } from './word-encoder.js';

/** @throws Error where a step is not known */
export function byteLevelEncoder(tokenizer: TokenizerSteps, tables: BpeTables, split: Splitter): Encoder {
  const { before, prefix, wordEnd } = byteLevelSteps(tokenizer.pre_tokenizer);
  modelStep(tokenizer.model);
  const words = new WordEncoder(tables);
  const append = (piece: string, ids: number[]): void => {
    const text = prefix && !piece.startsWith(' ') ? ` ${piece}` : piece;
    for (let start = 0; start < text.length; ) {
      const end = wordEnd(text, start);
      words.append(text, start, end, ids);
      start = end;
    }
  };
  return (text) => {
    const ids: number[] = [];
    for (const part of split(text)) {
      if ('id' in part) ids.push(part.id);
      else if (before === undefined) append(part.text, ids);
      else for (const piece of before({ text: part.text, first: part.start === 0 })) append(piece.text, ids);
    }
    return ids;
  };
}
