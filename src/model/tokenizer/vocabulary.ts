/** Ids by token, which the models of a tokenizer look up. */
import type { VocabularyIds } from './added-vocabulary.js';

/** Gives the ids of a word. */
export type TokenModel = (word: string) => readonly number[];

export class Vocabulary implements VocabularyIds {
  readonly ids: ReadonlyMap<string, number>;
  readonly idLimit: number;

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

  /** The token of an id, found by looking at all; undefined where none has it. */
  tokenOf(id: number): string | undefined {
    for (const [token, own] of this.ids) if (own === id) return token;
    return undefined;
  }

  /** The id of a token that a model names. @throws Error where there is none */
  required(token: string): number {
    const id = this.ids.get(token);
    if (id === undefined) throw new Error(`${JSON.stringify(token)} is not in the vocabulary`);
    return id;
  }

  /** The ids of a text's bytes as `<0x0A>`; undefined unless all of them have one. */
  bytesOf(text: string): number[] | undefined {
    const ids: number[] = [];
    for (const byte of Buffer.from(text, 'utf8')) {
      const id = this.ids.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
      if (id === undefined) return undefined;
      ids.push(id);
    }
    return ids;
  }
}
