/**
 * Takes rows apart into columns: the values of each leaf, with the levels that say in which row and list they stand.
 *
 * Source: Melnik and others, Dremel: Interactive Analysis of Web-Scale Datasets, 2010
 */
import { fieldsOf } from './field-numbers.js';
import type { JsonType } from './json-types.js';
import { bitsFor, packRuns } from './levels.js';
import { lengthOf } from './plain-values.js';
import { binary, i32, struct, type ThriftStruct } from './thrift.js';

type LeafKind = 'boolean' | 'integer' | 'long' | 'number' | 'text';

/** Numbers of physical types. */
export const physicalTypes = { boolean: 0, integer: 2, long: 2, number: 5, text: 6 } as const satisfies Record<
  LeafKind,
  number
>;
const [OPTIONAL, REPEATED] = [1, 2];
const [UTF8, LIST] = [0, 3];
const [STRING_LOGICAL, LIST_LOGICAL] = [1, 3];

/** A leaf with what a page of it holds so far. */
export class LeafColumn {
  readonly path: readonly string[];
  readonly kind: LeafKind;
  readonly #definitions: number[] = [];
  readonly #repetitions: number[] = [];
  readonly #values: unknown[] = [];
  readonly #most: { readonly definitions: number; readonly repetitions: number };
  /** About the bytes of the page. */
  size = 0;

  constructor(path: readonly string[], kind: LeafKind, definitions: number, repetitions: number) {
    this.path = path;
    this.kind = kind;
    this.#most = { definitions, repetitions };
  }

  add(definition: number, repetition: number, value?: unknown): void {
    this.#definitions.push(definition);
    this.#repetitions.push(repetition);
    this.size += 1;
    if (definition < this.#most.definitions) return;
    this.#values.push(value);
    this.size += typeof value === 'string' ? 4 + value.length : 8;
  }

  /** Takes what there is for a page. */
  take(): { readonly count: number; readonly nulls: number; readonly body: Buffer } {
    const { definitions, repetitions } = this.#most;
    const levels = (numbers: readonly number[], most: number): Buffer[] => {
      if (most === 0) return [];
      const runs = packRuns(numbers, bitsFor(most));
      return [lengthOf(runs), runs];
    };
    const count = this.#definitions.length;
    const nulls = count - this.#values.length;
    const body = Buffer.concat([
      ...levels(this.#repetitions, repetitions),
      ...levels(this.#definitions, definitions),
      encode(this.kind, this.#values),
    ]);
    for (const list of [this.#definitions, this.#repetitions, this.#values]) list.length = 0;
    this.size = 0;
    return { count, nulls, body };
  }
}

function encode(kind: LeafKind, values: readonly unknown[]): Buffer {
  if (kind === 'text') {
    return Buffer.concat(
      values.flatMap((value) => {
        const bytes = Buffer.from(value as string);
        return [lengthOf(bytes), bytes];
      }),
    );
  }
  if (kind === 'boolean') {
    const bits = Buffer.alloc(Math.ceil(values.length / 8));
    for (const [i, value] of values.entries())
      if (value === true) bits[i >> 3] = (bits[i >> 3] as number) | (1 << (i & 7));
    return bits;
  }
  const bytes = Buffer.alloc(8 * values.length);
  for (const [i, value] of values.entries()) {
    if (kind === 'number') bytes.writeDoubleLE(Number(value), 8 * i);
    else bytes.writeBigInt64LE(BigInt(value as number | bigint), 8 * i);
  }
  return bytes;
}

export interface Shredder {
  readonly leaves: readonly LeafColumn[];
  /** The schema's elements, without its root. */
  readonly elements: readonly ThriftStruct[];
  add(value: unknown, definition: number, repetition: number): void;
}

/** @param type that of a column, in which each value may be missing */
export function shredderOf(
  type: JsonType,
  name: string,
  above: readonly string[] = [],
  definition = 0,
  lists = 0,
): Shredder {
  const path = [...above, name];
  const { element } = fieldsOf;
  const group = (own: string, repetition: number, children: number, isList = false): ThriftStruct => ({
    fields: [
      i32(element.repetition, repetition),
      binary(element.name, own),
      i32(element.children, children),
      ...(isList ? [i32(element.converted, LIST), struct(element.logical, [struct(LIST_LOGICAL, [])])] : []),
    ],
  });
  switch (type.kind) {
    case 'list': {
      const item = shredderOf(type.item, 'element', [...path, 'list'], definition + 2, lists + 1);
      return {
        leaves: item.leaves,
        elements: [group(name, OPTIONAL, 1, true), group('list', REPEATED, 1), ...item.elements],
        add(value, at, repetition) {
          if (!Array.isArray(value) || value.length === 0) {
            for (const leaf of item.leaves) leaf.add(Array.isArray(value) ? at + 1 : at, repetition);
          } else for (const [i, one] of value.entries()) item.add(one, at + 2, i === 0 ? repetition : lists + 1);
        },
      };
    }
    case 'object': {
      const fields = [...type.fields].map(([own, field]) => ({
        own,
        shredder: shredderOf(field, own, path, definition + 1, lists),
      }));
      const leaves = fields.flatMap(({ shredder }) => shredder.leaves);
      return {
        leaves,
        elements: [group(name, OPTIONAL, fields.length), ...fields.flatMap(({ shredder }) => shredder.elements)],
        add(value, at, repetition) {
          if (value === null || value === undefined) for (const leaf of leaves) leaf.add(at, repetition);
          else {
            const object = value as Readonly<Record<string, unknown>>;
            for (const { own, shredder } of fields) {
              shredder.add(Object.hasOwn(object, own) ? object[own] : null, at + 1, repetition);
            }
          }
        },
      };
    }
    default: {
      // A column without any value has to have some type.
      const kind = type.kind === 'none' ? 'text' : type.kind;
      const leaf = new LeafColumn(path, kind, definition + 1, lists);
      const annotation =
        kind === 'text' ? [i32(element.converted, UTF8), struct(element.logical, [struct(STRING_LOGICAL, [])])] : [];
      const fields = [
        i32(element.type, physicalTypes[kind]),
        i32(element.repetition, OPTIONAL),
        binary(element.name, name),
      ];
      return {
        leaves: [leaf],
        elements: [{ fields: [...fields, ...annotation] }],
        add: (value, at, repetition) =>
          value === null || value === undefined ? leaf.add(at, repetition) : leaf.add(at + 1, repetition, value),
      };
    }
  }
}
