/** Ids by token, which the models of a tokenizer look up. */
import type { VocabularyIds } from './added-vocabulary.js';

/** Gives the ids of a word. */
export type TokenModel = (word: string) => readonly number[];

/** A vocabulary, however it is held. */
export interface Vocabulary extends VocabularyIds {
  /** One more than the largest id. */
  readonly idLimit: number;
  /** The token of an id, of several the last; undefined where none has it. */
  tokenOf(id: number): string | undefined;
}

/** The vocabulary of a file. */
export class ReadVocabulary implements Vocabulary {
  readonly ids: ReadonlyMap<string, number>;
  readonly idLimit: number;
  #tokens: ReadonlyMap<number, string> | undefined;

  /** @param vocab an object of ids, or a list of pieces with their scores, whose places are their ids */
  constructor(vocab: unknown) {
    const entries = Array.isArray(vocab)
      ? vocab.map((entry: readonly [string, number], id): [string, number] => [entry[0], id])
      : Object.entries(vocab as Readonly<Record<string, number>>);
    this.ids = new Map(entries);
    let limit = 0;
    for (const id of this.ids.values()) limit = Math.max(limit, id + 1);
    this.idLimit = limit;
  }

  get size(): number {
    return this.ids.size;
  }

  idOf(token: string): number | undefined {
    return this.ids.get(token);
  }

  tokenOf(id: number): string | undefined {
    this.#tokens ??= new Map([...this.ids].map(([token, own]) => [own, token]));
    return this.#tokens.get(id);
  }
}

/** The id of a token that a model names. @throws Error where there is none */
export function requiredId(vocabulary: VocabularyIds, token: string): number {
  const id = vocabulary.idOf(token);
  if (id === undefined) throw new Error(`${JSON.stringify(token)} is not in the vocabulary`);
  return id;
}

/** The ids of a text's bytes as `<0x0A>`; undefined unless all of them have one. */
export function idsOfBytes(vocabulary: VocabularyIds, text: string): number[] | undefined {
  const ids: number[] = [];
  for (const byte of Buffer.from(text, 'utf8')) {
    const id = vocabulary.idOf(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
    if (id === undefined) return undefined;
    ids.push(id);
  }
  return ids;
}
