/** Pairs of texts against what AutoTokenizer of transformers makes of them (test/oracle/make_pairs.py): the same ids and types. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readTokenizerFiles } from '../../dist/model/tokenizer/files.js';
import { longestFirst } from '../../dist/model/tokenizer/longest-first.js';
import { Tokenizer } from '../../dist/model/tokenizer/tokenizer.js';
import { readOracle } from '../support/oracle.js';
import { classReference, type Fields, type TokenizerCase, writeTokenizerCase } from '../support/tokenizer-cases.js';

interface PairCase extends TokenizerCase {
  /** For each of `lengths`, which of `rows` the ids and the types of every pair are. */
  readonly cuts: readonly { readonly ids: readonly number[]; readonly types: readonly number[] }[];
}

const { real, pairs, lengths, rows, cases } = readOracle<{
  /** A map of characters that sentencepiece compiled; a case calls it REAL. */
  readonly real: string;
  readonly pairs: readonly (readonly [string, string])[];
  readonly lengths: readonly (readonly [maxLength: number, side: 'left' | 'right'])[];
  readonly rows: readonly (readonly number[] | string)[];
  readonly cases: Readonly<Record<string, PairCase>>;
}>('pairs.json');

function open(given: TokenizerCase): Tokenizer {
  const withMap = JSON.parse(JSON.stringify(given).replace('"REAL"', JSON.stringify(real))) as TokenizerCase;
  return new Tokenizer(readTokenizerFiles(writeTokenizerCase(withMap)));
}

describe('ids and types of pairs', () => {
  for (const [name, given] of Object.entries(cases)) {
    test(name, () => {
      const tokenizer = open(given);
      for (const [k, [maxLength, truncationSide]] of lengths.entries()) {
        if ((tokenizer.addedToPair ?? 0) >= maxLength) continue; // Refused before any row is read.
        for (const [i, [first, second]] of pairs.entries()) {
          const what = `${JSON.stringify([first, second])}, at most ${maxLength}, cut ${truncationSide}`;
          const row = tokenizer.rowOfPair(first, second, { maxLength, truncationSide });
          const own = [first, second].map((text) => tokenizer.encode(text).length) as [number, number];
          if (own[1] === 0) {
            assert.equal(row, undefined, what);
            continue;
          }
          const cut = given.cuts[k] as PairCase['cuts'][number];
          assert.deepEqual(row?.row, rows[cut.ids[i] as number], what);
          const types = rows[cut.types[i] as number] as string;
          assert.equal(row?.types?.join('') ?? '', /[1-9]/.test(types) ? types : '', what);
          assert.equal(row?.cut, own[0] + own[1] + (tokenizer.addedToPair ?? 0) - (row?.row.length ?? 0), what);
        }
      }
    });
  }
});

test('a pair is cut as if it were tokenized whole where the texts are long', () => {
  const tokenizer = open({ base: 'gpt2', config: { tokenizer_class: 'RobertaTokenizer' } });
  const [first, second] = ['one, two three. ', 'who are you? '].map((text) => text.repeat(10_000)) as [string, string];
  const whole = [first, second].map((text) => tokenizer.encode(text)) as [number[], number[]];
  for (const side of ['left', 'right'] as const) {
    const row = tokenizer.rowOfPair(first, second, { maxLength: 104, truncationSide: side });
    const kept = whole.map((ids) => (side === 'left' ? ids.slice(-50) : ids.slice(0, 50))) as [number[], number[]];
    const [cls, sep] = [row?.row[0], row?.row.at(-1)];
    assert.deepEqual(row?.row, [cls, ...kept[0], sep, sep, ...kept[1], sep]);
    assert.equal(row?.cut, whole[0].length + whole[1].length - 100);
  }
});

test('where the texts stand, and what was cut of each', () => {
  const tokenizer = open({ base: 'bert', config: { tokenizer_class: 'BertTokenizer' } });
  const [first, second] = ['who are you', 'in 2024 it cost 150 dollars'];
  const [one, other] = [tokenizer.encode(first as string), tokenizer.encode(second as string)];
  const whole = tokenizer.rowOfPair(first as string, second as string, {
    maxLength: 100,
    truncationSide: 'right',
    keepsCut: true,
  });
  assert.deepEqual(whole?.places, [
    { start: 1, end: 1 + one.length, cutIds: [] },
    { start: 2 + one.length, end: 2 + one.length + other.length, cutIds: [] },
  ]);
  const cut = tokenizer.rowOfPair(first as string, second as string, {
    maxLength: 10,
    truncationSide: 'left',
    keepsCut: true,
  });
  const [ofOne, ofOther] = longestFirst([one.length, other.length], 7);
  assert.deepEqual(cut?.places, [
    { start: 1, end: 1 + ofOne, cutIds: one.slice(0, -ofOne) },
    { start: 2 + ofOne, end: 2 + ofOne + ofOther, cutIds: other.slice(0, -ofOther) },
  ]);
});

test('a tokenizer that does not say how two texts are put together', () => {
  const base = classReference.bases.bert as Fields;
  const { pair: _, ...processor } = base.post_processor as Fields;
  for (const [patch, reason] of [
    [processor, /no template for 2 texts/],
    [{ ...processor, pair: processor.single }, /a template for a pair of texts that has each of them not once/],
  ] as const) {
    const tokenizer = open({ base: 'bert', patch: { post_processor: patch } });
    assert.equal(tokenizer.addedToPair, undefined);
    assert.ok(tokenizer.rowOf('who', { maxLength: 9, truncationSide: 'left', beginsOnce: false }));
    assert.throws(() => tokenizer.rowOfPair('a', 'b', { maxLength: 9, truncationSide: 'left' }), reason);
  }
});
