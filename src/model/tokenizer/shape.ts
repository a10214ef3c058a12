/**
 * Checks that the content of a tokenizer's files has the form that the library takes for granted: otherwise it would
 * end with a TypeError of its own, or continue with `undefined` for an id.
 */
import { runError } from '../../errors.js';
import { printable } from '../../platform/printable.js';
import { isSize } from '../checkpoint/file.js';
import type { GivenToken } from './special-tokens.js';
import type { Step } from './steps.js';

/** What a tokenizer does, in the form of tokenizer.json. */
export interface TokenizerSteps {
  readonly normalizer: Step | null;
  readonly pre_tokenizer: Step | null;
  readonly post_processor: Step | null;
  readonly model: Readonly<Record<string, unknown>>;
}

/** The content of tokenizer.json. */
export interface TokenizerJson extends TokenizerSteps {
  readonly added_tokens: readonly (GivenToken & { readonly id: number })[];
  readonly [field: string]: unknown;
}

/** The field in which a step of the type `Sequence` lists its steps. */
const steps = {
  normalizer: 'normalizers',
  pre_tokenizer: 'pretokenizers',
  post_processor: 'processors',
  decoder: 'decoders',
} as const;

/**
 * Fills in what tokenizer.json may leave out: an absent step becomes null.
 *
 * @param path named in errors
 * @throws FatalError `run` naming the first field that is malformed
 */
export function checkTokenizer(content: Readonly<Record<string, unknown>>, path: string): TokenizerJson {
  const check = new Checker(path);
  const tokenizer = { ...content, added_tokens: content.added_tokens ?? [] } as Record<string, unknown>;
  for (const [i, token] of check.list(tokenizer.added_tokens, 'added_tokens').entries()) {
    const name = `added_tokens[${i}]`;
    const { id, content } = check.object(token, name);
    if (!isSize(id)) check.refuse(`${name}.id`, 'a token id', id);
    if (typeof content !== 'string' || content === '') check.refuse(`${name}.content`, 'a text', content);
  }
  for (const [name, inner] of Object.entries(steps)) {
    tokenizer[name] ??= null;
    check.step(tokenizer[name], name, inner);
  }
  checkPostProcessor(tokenizer.post_processor as Step | null, 'post_processor', check);
  checkModel(check.object(tokenizer.model, 'model'), check);
  return tokenizer as unknown as TokenizerJson;
}

function checkPostProcessor(processor: Step | null, name: string, check: Checker): void {
  const isNamedId = (value: unknown): boolean =>
    Array.isArray(value) && typeof value[0] === 'string' && isSize(value[1]) && value.length === 2;
  switch (processor?.type) {
    case 'Sequence':
      for (const [i, inner] of (processor.processors as Step[]).entries()) {
        checkPostProcessor(inner, `${name}.processors[${i}]`, check);
      }
      break;
    case 'TemplateProcessing':
      checkTemplate(processor.single, `${name}.single`, check);
      // Files have always had one; without it there are no pairs.
      if (processor.pair !== undefined) checkTemplate(processor.pair, `${name}.pair`, check);
      for (const [token, entry] of Object.entries(check.object(processor.special_tokens, `${name}.special_tokens`))) {
        const { ids } = check.object(entry, `${name}.special_tokens, at ${JSON.stringify(token)},`);
        if (!check.list(ids, `the ids of ${JSON.stringify(token)} in ${name}.special_tokens`).every(isSize)) {
          check.refuse(`the ids of ${JSON.stringify(token)} in ${name}.special_tokens`, 'token ids', ids);
        }
      }
      break;
    case 'BertProcessing':
    case 'RobertaProcessing':
      for (const token of ['sep', 'cls']) {
        if (!isNamedId(processor[token])) check.refuse(`${name}.${token}`, 'a token and its id', processor[token]);
      }
  }
}

function checkTemplate(template: unknown, name: string, check: Checker): void {
  for (const [i, piece] of check.list(template, name).entries()) {
    const { SpecialToken: token, Sequence: text } = check.object(piece, `${name}[${i}]`);
    const [kind, content] = token === undefined ? ['Sequence', text] : ['SpecialToken', token];
    const { id, type_id: type } = check.object(content, `${name}[${i}].${kind}`);
    const isKnown = token === undefined ? id === 'A' || id === 'B' : typeof id === 'string';
    if (!isKnown) check.refuse(`${name}[${i}].${kind}.id`, token === undefined ? 'A or B' : 'a token', id);
    if (!isSize(type)) check.refuse(`${name}[${i}].${kind}.type_id`, 'a token type', type);
  }
}

function checkModel(model: Readonly<Record<string, unknown>>, check: Checker): void {
  const { type, vocab, merges } = model;
  if (Array.isArray(vocab)) {
    // Unigram lists pieces, each with its score.
    const bad = vocab.findIndex((entry) => !Array.isArray(entry) || typeof entry[0] !== 'string');
    if (bad >= 0) check.refuse(`model.vocab[${bad}]`, 'a piece and its score', vocab[bad]);
  } else {
    const ids = check.object(vocab, 'model.vocab');
    for (const token of Object.keys(ids)) {
      if (!isSize(ids[token])) check.refuse(`model.vocab, at ${JSON.stringify(token)},`, 'a token id', ids[token]);
    }
  }
  if (type !== 'BPE' && merges === undefined) return;
  const isPair = (merge: unknown): boolean =>
    typeof merge === 'string' ||
    (Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === 'string'));
  const list = check.list(merges, 'model.merges');
  const bad = list.findIndex((merge) => !isPair(merge) || typeof merge !== typeof list[0]);
  if (bad >= 0) check.refuse(`model.merges[${bad}]`, 'a pair of tokens', list[bad]);
}

class Checker {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  object(value: unknown, name: string): Readonly<Record<string, unknown>> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.refuse(name, 'an object', value);
    return value as Readonly<Record<string, unknown>>;
  }

  list(value: unknown, name: string): readonly unknown[] {
    if (!Array.isArray(value)) this.refuse(name, 'a list', value);
    return value;
  }

  /** @param inner the field in which a step of the type Sequence has others */
  step(value: unknown, name: string, inner: string): void {
    if (value === null) return;
    const { type, [inner]: others } = this.object(value, name);
    if (typeof type !== 'string') this.refuse(`${name}.type`, 'a name', type);
    if (type !== 'Sequence') return;
    for (const [i, other] of this.list(others, `${name}.${inner}`).entries()) {
      this.step(this.object(other, `${name}.${inner}[${i}]`), `${name}.${inner}[${i}]`, inner);
    }
  }

  refuse(name: string, expected: string, got: unknown): never {
    throw runError(
      `${this.#path}: expected ${printable(name)} to be ${expected}, got ${printable(JSON.stringify(got) ?? 'nothing')}; ` +
        'download or save the tokenizer again',
    );
  }
}
