/** Types of columns, as the values of JSON have them. */

export type JsonType =
  /** Of values that are all null. */
  | { readonly kind: 'none' }
  | { readonly kind: 'boolean' | 'integer' | 'number' | 'text' }
  /** Integers of up to 64 bits, some of which no double has. */
  | { readonly kind: 'long' }
  | { readonly kind: 'list'; readonly item: JsonType }
  | { readonly kind: 'object'; readonly fields: ReadonlyMap<string, JsonType> };

/** Values of one column that have no common type, or one that Parquet cannot have. */
export class MixedTypes extends Error {}

const MOST_FIELDS = 1000;

/** @throws MixedTypes */
export function typeOf(value: unknown, path = ''): JsonType {
  switch (typeof value) {
    case 'boolean':
      return { kind: 'boolean' };
    case 'string':
      return { kind: 'text' };
    case 'number':
      if (!Number.isFinite(value)) throw new MixedTypes(`${path} holds a number that no double can hold`);
      // No integer is -0.
      return { kind: Number.isSafeInteger(value) && !Object.is(value, -0) ? 'integer' : 'number' };
    case 'bigint':
      if (BigInt.asIntN(64, value) === value) return { kind: Number.isSafeInteger(Number(value)) ? 'integer' : 'long' };
      throw new MixedTypes(`${path} holds ${value}, which no 64 bits can hold`);
  }
  if (value === null || value === undefined) return { kind: 'none' };
  if (Array.isArray(value)) {
    const none: JsonType = { kind: 'none' };
    return {
      kind: 'list',
      item: value.reduce<JsonType>((type, one) => commonType(type, typeOf(one, path), path), none),
    };
  }
  const fields = new Map(Object.entries(value).map(([name, one]) => [name, typeOf(one, join(path, name))]));
  return { kind: 'object', fields };
}

/** @throws MixedTypes, whose message names the column and both types */
export function commonType(a: JsonType, b: JsonType, path: string): JsonType {
  if (a === b || b.kind === 'none') return a;
  if (a.kind === 'none') return b;
  if (a.kind === 'list' && b.kind === 'list') return { kind: 'list', item: commonType(a.item, b.item, path) };
  if (a.kind === 'object' && b.kind === 'object') {
    const fields = new Map(a.fields);
    for (const [name, type] of b.fields) {
      const own = fields.get(name);
      fields.set(name, own === undefined ? type : commonType(own, type, join(path, name)));
    }
    if (fields.size > MOST_FIELDS) throw new MixedTypes(`${path || 'a row'} has more than ${MOST_FIELDS} fields`);
    return { kind: 'object', fields };
  }
  if (a.kind === b.kind) return a;
  const kinds = new Set([a.kind, b.kind]);
  if (kinds.has('integer') && kinds.has('number')) return { kind: 'number' };
  if (kinds.has('integer') && kinds.has('long')) return { kind: 'long' };
  throw new MixedTypes(`${path} holds ${words[a.kind]} and ${words[b.kind]}`);
}

const words = {
  none: 'nothing',
  boolean: 'booleans',
  integer: 'numbers',
  long: 'integers of more digits than a fraction has',
  number: 'numbers',
  text: 'strings',
  list: 'lists',
  object: 'objects',
} as const satisfies Readonly<Record<JsonType['kind'], string>>;

const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** The path of an object that has no fields in any row, of which Parquet has no type; undefined where there is none. */
export function fieldlessIn(type: JsonType, path = ''): string | undefined {
  if (type.kind === 'list') return fieldlessIn(type.item, path);
  if (type.kind !== 'object') return undefined;
  if (type.fields.size === 0) return path;
  for (const [name, field] of type.fields) {
    const found = fieldlessIn(field, join(path, name));
    if (found !== undefined) return found;
  }
  return undefined;
}
