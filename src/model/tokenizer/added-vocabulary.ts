/**
 * Tokens that are found in a text before anything else happens to it: special tokens written out, and words that were
 * added to a trained vocabulary. As added_vocabulary.rs of the library tokenizers 0.23.3 has them.
 */

/** A token that is looked for, and how. */
export interface AddedToken {
  readonly content: string;
  /** Not where a letter, digit or underscore stands beside it. */
  readonly single_word: boolean;
  /** It takes the white space before it. */
  readonly lstrip: boolean;
  /** It takes the white space after it. */
  readonly rstrip: boolean;
  /** It is looked for in the normalized text, as the normalizer writes it. */
  readonly normalized: boolean;
  readonly special: boolean;
}

/** What ids are taken from. */
export interface VocabularyIds {
  /** Number of tokens, whatever their ids are. */
  readonly size: number;
  idOf(token: string): number | undefined;
}

/** A part of a text: an added token, or what stands between two. It begins the text where `start` is 0. */
export type Part = { readonly id: number } | { readonly text: string; readonly start: number };

/** A token as its fields are written, with the defaults of the reference. */
export const addedToken = ({
  content,
  special = false,
  ...flags
}: { readonly content: string } & Partial<AddedToken>): AddedToken => ({
  content,
  single_word: flags.single_word ?? false,
  lstrip: flags.lstrip ?? false,
  rstrip: flags.rstrip ?? false,
  normalized: flags.normalized ?? !special,
  special,
});

export const sameToken = (a: AddedToken, b: AddedToken): boolean =>
  a.content === b.content &&
  a.single_word === b.single_word &&
  a.lstrip === b.lstrip &&
  a.rstrip === b.rstrip &&
  a.normalized === b.normalized &&
  a.special === b.special;

export class AddedVocabulary implements VocabularyIds {
  readonly #vocabulary: VocabularyIds;
  readonly #ids = new Map<string, number>();
  /** The last form that each id was added in: its flags count where it is found. */
  readonly #byId = new Map<number, AddedToken>();
  /** In the order in which they came. The first form of a special token says whether the normalized text is searched. */
  readonly #special = new Map<string, AddedToken>();
  readonly #others: AddedToken[] = [];
  /** The largest id of an added token. */
  #largest = -1;
  readonly #additions: (readonly AddedToken[])[] = [];

  constructor(vocabulary: VocabularyIds) {
    this.#vocabulary = vocabulary;
  }

  get size(): number {
    let size = this.#vocabulary.size;
    for (const content of this.#ids.keys()) if (this.#vocabulary.idOf(content) === undefined) size++;
    return size;
  }

  idOf(token: string): number | undefined {
    return this.#ids.get(token) ?? this.#vocabulary.idOf(token);
  }

  /** The content of an added token; undefined where none has the id. */
  contentOf(id: number): string | undefined {
    return this.#byId.get(id)?.content;
  }

  /** Adds tokens in order. One that the vocabulary has keeps its id; any other gets the next, whatever a file says. */
  add(tokens: readonly AddedToken[]): void {
    this.#additions.push(tokens);
    for (const token of tokens) {
      if (token.special && token.content !== '' && !this.#special.has(token.content)) {
        this.#special.set(token.content, token);
      }
    }
    for (const token of tokens) {
      if (token.content === '') continue;
      const id = this.idOf(token.content) ?? Math.max(this.#largest + 1, this.#vocabulary.size);
      const known = this.#byId.get(id);
      if (known !== undefined && sameToken(known, token)) continue;
      this.#largest = Math.max(this.#largest, id);
      this.#ids.set(token.content, id);
      this.#byId.set(id, token);
      if (!this.#special.has(token.content)) this.#others.push(token);
    }
  }

  /** What was added, call by call: another one over the same ids that is given it is equal. */
  get additions(): readonly (readonly AddedToken[])[] {
    return this.#additions;
  }

  /** The tokens in the order of their ids. */
  get entries(): readonly (readonly [id: number, token: AddedToken])[] {
    return [...this.#byId].sort(([a], [b]) => a - b);
  }

  /**
   * A function that cuts a text at the tokens in it.
   *
   * @param normalize what the tokenizer does to a text before it splits it into words
   * @param splitSpecial special tokens in a text are text like any other
   * @param keepsBeginning whether `normalize` leaves the text's first character in its place
   */
  splitter(
    normalize: (text: string) => string,
    splitSpecial: boolean,
    keepsBeginning: (text: string) => boolean = () => true,
  ): (text: string) => Part[] {
    const all = [...this.#special.values(), ...this.#others];
    const searched = (normalized: boolean): Search => {
      const words = all.filter((token) => token.normalized === normalized);
      return new Search(
        words.map(({ content }) => [normalized ? normalize(content) : content, this.idOf(content) as number]),
        this.#byId,
        splitSpecial ? new Set(this.#special.keys()) : new Set(),
      );
    };
    const [raw, normalized] = [searched(false), searched(true)];
    return (text) => {
      const parts: Part[] = [];
      for (const part of raw.split(text)) {
        if ('id' in part) {
          parts.push(part);
          continue;
        }
        for (const inner of normalized.split(normalize(part.text))) {
          if ('id' in inner) parts.push(inner);
          else {
            // A part that is not the text's first has a start that is not 0 whatever the normalizer does.
            const start = part.start + inner.start;
            parts.push({ text: inner.text, start: start === 0 && !keepsBeginning(part.text) ? 1 : start });
          }
        }
      }
      return parts;
    };
  }
}

interface TrieNode {
  readonly next: Map<number, TrieNode>;
  id?: number;
}

const newNode = (): TrieNode => ({ next: new Map() });

// Word characters and white space as Rust's regex has them.
const endsInWord = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200c\u200d]$/u;
const beginsWithWord = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200c\u200d]/u;
const isSpace = /^\p{White_Space}$/u;

/** Finds words in a text, at each place the longest of those that begin there. */
class Search {
  readonly #root = newNode();
  /** 1 for the units that words begin with; no larger than the largest of them. */
  readonly #first: Uint8Array;
  readonly #tokens: ReadonlyMap<number, AddedToken>;
  readonly #passedOver: ReadonlySet<string>;

  constructor(
    words: readonly (readonly [word: string, id: number])[],
    tokens: ReadonlyMap<number, AddedToken>,
    passedOver: ReadonlySet<string>,
  ) {
    this.#tokens = tokens;
    this.#passedOver = passedOver;
    for (const [word, id] of words) {
      let node = this.#root;
      for (let i = 0; i < word.length; i++) {
        const unit = word.charCodeAt(i);
        let next = node.next.get(unit);
        if (next === undefined) {
          next = newNode();
          node.next.set(unit, next);
        }
        node = next;
      }
      if (word !== '') node.id ??= id;
    }
    this.#first = new Uint8Array(Math.max(-1, ...this.#root.next.keys()) + 1);
    for (const unit of this.#root.next.keys()) this.#first[unit] = 1;
  }

  split(text: string): Part[] {
    const parts: Part[] = [];
    if (this.#root.next.size === 0) return text === '' ? parts : [{ text, start: 0 }];
    let done = 0;
    for (let at = 0; at < text.length; ) {
      const found = this.#first[text.charCodeAt(at)] === 1 ? this.#longestAt(text, at) : undefined;
      if (found === undefined) {
        at++;
        continue;
      }
      const [end, id] = found;
      const place = this.#placeOf(text, at, end, id, done);
      at = end;
      if (place === undefined) continue;
      if (done < place.start) parts.push({ text: text.slice(done, place.start), start: done });
      parts.push({ id });
      done = place.end;
    }
    if (done < text.length) parts.push({ text: text.slice(done), start: done });
    return parts;
  }

  #longestAt(text: string, at: number): readonly [end: number, id: number] | undefined {
    let node = this.#root.next.get(text.charCodeAt(at));
    let found: readonly [end: number, id: number] | undefined;
    for (let end = at + 1; node !== undefined; end++) {
      if (node.id !== undefined) found = [end, node.id];
      node = end < text.length ? node.next.get(text.charCodeAt(end)) : undefined;
    }
    return found;
  }

  /** From where to where a token that was found takes the text; undefined where it does not count. */
  #placeOf(
    text: string,
    start: number,
    end: number,
    id: number,
    done: number,
  ): { start: number; end: number } | undefined {
    const { content, single_word: alone, lstrip, rstrip } = this.#tokens.get(id) as AddedToken;
    if (this.#passedOver.has(content)) return undefined;
    if (alone && (endsInWord.test(text.slice(0, start)) || beginsWithWord.test(text.slice(end)))) return undefined;
    let [from, to] = [start, end];
    if (lstrip) while (from > done && isSpace.test(text[from - 1] as string)) from--;
    if (rstrip) while (to < text.length && isSpace.test(text[to] as string)) to++;
    return { start: from, end: to };
  }
}
