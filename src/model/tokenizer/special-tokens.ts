/**
 * The special tokens and the added tokens that the files beside a vocabulary name, as `_from_pretrained` of transformers
 * 5.23.0 puts them together (tokenization_utils_base.py): tokenizer_config.json; special_tokens_map.json and
 * added_tokens.json, which count only where it has no added_tokens_decoder; and the added tokens of tokenizer.json.
 */
import { printable } from '../../platform/printable.js';
import { type AddedToken, type AddedVocabulary, addedToken, sameToken } from './added-vocabulary.js';

/** Thrown with what was expected of which field; the reader adds the file. */
export class UnusableField extends Error {}

type Fields = Readonly<Record<string, unknown>>;

/** A token of which a file gives the text alone, or some flags too. */
export type Token = string | GivenToken;

export type GivenToken = { readonly content: string } & Partial<AddedToken>;

/** The contents of the files. */
export interface TokenFiles {
  /** Of tokenizer_config.json. */
  readonly config: Fields;
  /** Of special_tokens_map.json; undefined where there is none. */
  readonly specialTokensMap: Fields | undefined;
  /** Of added_tokens.json: ids by token; undefined where there is none. */
  readonly addedTokens: Fields | undefined;
  /** `added_tokens` of tokenizer.json. */
  readonly ofTokenizer: readonly (GivenToken & { readonly id: number })[];
}

export interface SpecialTokens {
  /** By role, in the order in which transformers gives them to a chat template. */
  readonly named: ReadonlyMap<string, Token>;
  /** Special tokens without a role. */
  readonly extra: readonly Token[];
  /** Added tokens by the id that a file gives them, which orders them and does nothing else. */
  readonly decoder: ReadonlyMap<number, GivenToken>;
}

const roles = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'];

export const contentOf = (token: Token): string => (typeof token === 'string' ? token : token.content);

/** A token that was read from an object: in `fields` it is told from an object that is still to be read. */
class Read {
  readonly token: GivenToken;

  constructor(token: GivenToken) {
    this.token = token;
  }
}

/**
 * @param defaults of the class, by role; a field that is null has none
 * @throws UnusableField where transformers would fail
 */
export function readSpecialTokens(files: TokenFiles, defaults: Readonly<Record<string, string>>): SpecialTokens {
  const fields: Record<string, unknown> = { ...files.config };
  if (isTrue(fields.additional_special_tokens) && !isTrue(fields.extra_special_tokens)) {
    fields.extra_special_tokens = fields.additional_special_tokens;
  }
  const byName = takeByName(fields);
  const decoder = new Map<number, GivenToken>();
  if (fields.added_tokens_decoder !== undefined) readDecoder(fields.added_tokens_decoder, decoder);
  else {
    mergeSpecialTokensMap(files.specialTokensMap ?? {}, fields);
    byName.push(...takeByName(fields));
    readAddedTokens(files.addedTokens ?? {}, fields, decoder);
    for (const { id, ...token } of files.ofTokenizer) decoder.set(id, token);
  }
  const byContent = new Map([...decoder.values()].map((token) => [token.content, token]));
  const named = new Map<string, Token>();
  for (const role of roles) {
    const value = fields[role] === undefined ? defaults[role] : fields[role];
    if (value === undefined || value === null) continue;
    const token = readToken(value, role);
    named.set(role, byContent.get(contentOf(token)) ?? token);
  }
  for (const [name, value] of Object.entries(fields)) {
    const isToken = typeof value === 'string' || value instanceof Read || isTyped(value);
    if (name.endsWith('_token') && !roles.includes(name) && isToken) named.set(name, readToken(value, name));
  }
  for (const [name, value] of byName) named.set(name, readToken(value, `extra_special_tokens.${name}`));
  const extra = fields.extra_special_tokens ?? [];
  if (!Array.isArray(extra)) {
    const list = extra === fields.additional_special_tokens ? 'additional_special_tokens' : 'extra_special_tokens';
    throw unusable(list, 'a list of tokens, or tokens by name', extra);
  }
  return { named, extra: extra.map((token, i) => readToken(token, `extra_special_tokens[${i}]`)), decoder };
}

/** What Python takes for true. */
const isTrue = (value: unknown): boolean => (isObject(value) ? Object.keys(value).length > 0 : Boolean(value));

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

/** Takes out of the fields special tokens that have names of their own. */
function takeByName(fields: Record<string, unknown>): [name: string, token: unknown][] {
  const tokens = fields.extra_special_tokens;
  if (!isObject(tokens) || Array.isArray(tokens)) return [];
  delete fields.extra_special_tokens;
  return Object.entries(tokens);
}

function readDecoder(tokens: unknown, decoder: Map<number, GivenToken>): void {
  if (!isObject(tokens) || Array.isArray(tokens)) throw unusable('added_tokens_decoder', 'tokens by id', tokens);
  for (const [id, token] of Object.entries(tokens)) {
    if (!/^\d+$/.test(id)) throw unusable('added_tokens_decoder', 'tokens by id', tokens);
    decoder.set(Number(id), tokenOf(token, `added_tokens_decoder.${id}`));
  }
}

/** Fields of special_tokens_map.json stand above those of tokenizer_config.json. */
function mergeSpecialTokensMap(map: Fields, fields: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(map)) {
    const special = (token: unknown): Read => new Read({ ...tokenOf(token, name), special: true });
    if (!isObject(value) || (Array.isArray(value) && name !== 'extra_special_tokens')) fields[name] = value;
    else if (Array.isArray(value)) {
      const tokens = value.map((token: unknown) => (isObject(token) ? special(token) : token));
      fields[name] = [...((fields[name] as unknown[] | null | undefined) ?? []), ...tokens];
    } else fields[name] = name === 'extra_special_tokens' ? value : special(value);
  }
  // Of the two names for one list, the new one wins.
  fields.extra_special_tokens ??= fields.additional_special_tokens;
}

/** Tokens of added_tokens.json are special where a field names them by their text. */
function readAddedTokens(tokens: Fields, fields: Fields, decoder: Map<number, GivenToken>): void {
  const textOf = (value: unknown): unknown => (value instanceof Read ? value.token.content : value);
  const extra = Array.isArray(fields.extra_special_tokens) ? fields.extra_special_tokens : [];
  const special = new Set([...roles.map((role) => fields[role]), ...extra].map(textOf));
  for (const [content, id] of Object.entries(tokens)) {
    if (!Number.isSafeInteger(id))
      throw unusable(`added_tokens.json, at ${JSON.stringify(content)},`, 'a token id', id);
    decoder.set(id as number, { content, normalized: !special.has(content), special: special.has(content) });
  }
}

/** What transformers knows an object of tokenizer_config.json as a token by. */
const isTyped = (value: unknown): value is Fields => isObject(value) && value.__type === 'AddedToken';

function readToken(value: unknown, name: string): Token {
  if (typeof value === 'string') return value;
  if (value instanceof Read) return value.token;
  if (!isTyped(value)) throw unusable(name, 'a text, or an object with "__type": "AddedToken"', value);
  return tokenOf(value, name);
}

/** Others have no effect. */
const flagNames = ['single_word', 'lstrip', 'rstrip', 'normalized', 'special'];

function tokenOf(token: unknown, name: string): GivenToken {
  if (!isObject(token)) throw unusable(name, 'an object', token);
  const { content, ...flags } = token;
  if (typeof content !== 'string') throw unusable(`${name}.content`, 'a text', content);
  const known = flagNames.filter((flag) => flags[flag] !== undefined);
  for (const flag of known) {
    if (typeof flags[flag] !== 'boolean') throw unusable(`${name}.${flag}`, 'true or false', flags[flag]);
  }
  return { content, ...Object.fromEntries(known.map((flag) => [flag, flags[flag] as boolean])) };
}

export const unusable = (name: string, expected: string, got: unknown): UnusableField =>
  new UnusableField(
    `expected ${printable(name)} to be ${expected}, got ${printable(JSON.stringify(got) ?? 'nothing')}`,
  );

/**
 * Adds to a tokenizer what the files name and it has not (TokenizersBackend.__init__ in tokenization_utils_tokenizers.py).
 */
export function addNamedTokens(added: AddedVocabulary, { named, extra, decoder }: SpecialTokens): void {
  const has = added.entries.map(([, token]) => token);
  const missing = [...decoder]
    .sort(([a], [b]) => a - b)
    .map(([, token]) => token)
    .filter((token) => !has.some((known) => sameToken(known, addedToken(token))));
  const known = new Set([...has, ...missing].map(({ content }) => content));
  const others = [...named.values(), ...extra].filter((token) => !known.has(contentOf(token)));
  const names = new Set([...named.values()].map(contentOf));
  added.add(
    [...missing, ...others].map((token) => {
      if (typeof token === 'string') return addedToken({ content: token, special: true });
      return addedToken({ ...token, special: token.special || names.has(token.content) });
    }),
  );
}
