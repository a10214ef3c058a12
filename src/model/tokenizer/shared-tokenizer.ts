/** A tokenizer that one thread has read, in a form in which all threads have it: its tables are in memory that they share. */
import { type AddedToken, AddedVocabulary } from './added-vocabulary.js';
import { TableVocabulary } from './byte-level/table-vocabulary.js';
import type { BpeTables } from './byte-level/tables.js';
import type { TokenizerFiles } from './files.js';

/** Plain data and shared memory. */
export interface SharedTokenizer extends Omit<TokenizerFiles, 'vocabulary' | 'added'> {
  readonly tables: BpeTables;
  /** As they were added. */
  readonly additions: readonly (readonly AddedToken[])[];
}

/** Undefined where it is no plain byte-level BPE, so that each thread has to read the files. */
export function shareTokenizer({
  vocabulary,
  added,
  tokenizer,
  ...others
}: TokenizerFiles): SharedTokenizer | undefined {
  if (!(vocabulary instanceof TableVocabulary)) return undefined;
  const { vocab: _, merges: __, ...model } = tokenizer.model;
  return { ...others, tokenizer: { ...tokenizer, model }, tables: vocabulary.tables, additions: added.additions };
}

/** What a shared tokenizer was made of. */
export function filesOfShared({ tables, additions, ...others }: SharedTokenizer): TokenizerFiles {
  const vocabulary = new TableVocabulary(tables);
  const added = new AddedVocabulary(vocabulary);
  for (const tokens of additions) added.add(tokens);
  return { ...others, vocabulary, added };
}
