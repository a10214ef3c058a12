/**
 * The schema that Arrow keeps in a file under the key ARROW:schema, by which dictionaries, large strings, time zones and
 * durations come back as they were. A schema that does not name every column is ignored, so that new ones are added.
 *
 * Sources: https://github.com/apache/arrow/blob/main/format/Schema.fbs and Message.fbs,
 * https://flatbuffers.dev/internals/
 */
import { inOrder } from './in-order.js';
import type { NewColumn } from './new-column.js';

const CONTINUATION = 0xffff_ffff;
/** Numbers of the members of the unions Type and MessageHeader. */
const types = { count: 2, number: 3, text: 5, list: 12 } as const;
const SCHEMA_MESSAGE = 1;
const DOUBLE_PRECISION = 2;

/**
 * Adds columns, and leaves out others. All that was there stays in its bytes: tables and lists refer to what comes after them, so that a new
 * root with a new list of columns is put before the old bytes, and refers to them.
 *
 * @param text in base64
 * @param own names of the columns that stay, in order; undefined: all do
 * @throws RangeError where the text is no such schema
 */
export function withArrowColumns(
  text: string,
  columns: readonly NewColumn[],
  own: readonly string[] | undefined,
): string {
  const message = Buffer.from(text, 'base64');
  const isContinued = message.readUInt32LE(0) === CONTINUATION;
  const from = isContinued ? 8 : 4;
  const length = message.readUInt32LE(from - 4);
  if (from + length > message.length) throw new RangeError('a schema beyond its bytes');
  const content = extended(message.subarray(from, from + length), columns, own);
  const head = Buffer.alloc(8);
  head.writeUInt32LE(CONTINUATION, 0);
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content]).toString('base64');
}

function extended(old: Buffer, columns: readonly NewColumn[], own: readonly string[] | undefined): Buffer {
  const root = old.readUInt32LE(0);
  const version = fieldAt(old, root, 0);
  const schema = referred(old, fieldAt(old, root, 2));
  if (schema === undefined) throw new RangeError('a message without a schema');
  const fields = referred(old, fieldAt(old, schema, 1));
  if (fields === undefined) throw new RangeError('a schema without columns');
  const all = Array.from({ length: old.readUInt32LE(fields) }, (_, i) => {
    const at = fields + 4 + 4 * i;
    return at + old.readUInt32LE(at);
  });
  const kept = inOrder(all, own, (field) => nameOf(old, field));
  const endianness = fieldAt(old, schema, 0);

  const front = new Front();
  const rootAt = front.reserve(4);
  const messageAt = front.table([
    { size: 2, value: version === undefined ? 0 : old.readInt16LE(version) },
    { size: 1, value: SCHEMA_MESSAGE },
    { size: 4 },
  ]);
  const schemaAt = front.table([
    { size: 2, value: endianness === undefined ? 0 : old.readInt16LE(endianness) },
    { size: 4 },
    { size: 4 },
    { size: 4 },
  ]);
  const listAt = front.reserve(4 + 4 * (kept.length + columns.length));
  front.write(listAt, kept.length + columns.length);
  front.refer(rootAt, messageAt.at);
  front.refer(messageAt.fields[2] as number, schemaAt.at);
  front.refer(schemaAt.fields[1] as number, listAt);
  for (const [i, column] of columns.entries()) {
    const added = column.isList ? front.list(column) : front.field(column.name, column.type);
    front.refer(listAt + 4 + 4 * (kept.length + i), added);
  }
  const base = front.align(8);
  for (const [i, field] of kept.entries()) front.refer(listAt + 4 + 4 * i, base + field);
  for (const slot of [2, 3]) {
    const target = referred(old, fieldAt(old, schema, slot));
    if (target !== undefined) front.refer(schemaAt.fields[slot] as number, base + target);
    else front.omit(schemaAt, slot);
  }
  const padding = Buffer.alloc((8 - (old.length % 8)) % 8);
  return Buffer.concat([front.bytes(), old, padding]);
}

/** Where a table's field stands; undefined where it is not there. */
function fieldAt(bytes: Buffer, table: number, slot: number): number | undefined {
  const vtable = table - bytes.readInt32LE(table);
  const at = 4 + 2 * slot;
  if (at >= bytes.readUInt16LE(vtable)) return undefined;
  const offset = bytes.readUInt16LE(vtable + at);
  return offset === 0 ? undefined : table + offset;
}

const referred = (bytes: Buffer, at: number | undefined): number | undefined =>
  at === undefined ? undefined : at + bytes.readUInt32LE(at);

function nameOf(bytes: Buffer, field: number): string {
  const at = referred(bytes, fieldAt(bytes, field, 0));
  return at === undefined ? '' : bytes.toString('utf8', at + 4, at + 4 + bytes.readUInt32LE(at));
}

interface Table {
  readonly at: number;
  readonly vtable: number;
  /** Where each field stands. */
  readonly fields: readonly number[];
}

/** What is put before the old bytes. Everything in it begins at a multiple of four. */
class Front {
  #bytes = Buffer.alloc(1 << 10);
  #end = 0;

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#end);
  }

  /** Goes on at a multiple of so many bytes. */
  align(to: number): number {
    return this.#growTo(Math.ceil(this.#end / to) * to);
  }

  /** Returns where so many bytes, which are 0, begin. */
  reserve(length: number): number {
    const at = this.align(4);
    this.#growTo(at + length);
    return at;
  }

  #growTo(end: number): number {
    this.#end = end;
    while (end > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#bytes.length)]);
    return end;
  }

  write(at: number, value: number): void {
    this.#bytes.writeUInt32LE(value, at);
  }

  refer(at: number, target: number): void {
    this.write(at, target - at);
  }

  /** @param fields by their slots; one without a value is a reference */
  table(fields: readonly { readonly size: 1 | 2 | 4; readonly value?: number }[]): Table {
    const vtable = this.reserve(4 + 2 * fields.length);
    // Each field has four bytes, so that all are aligned.
    const at = this.reserve(4 + 4 * fields.length);
    this.#bytes.writeUInt16LE(4 + 2 * fields.length, vtable);
    this.#bytes.writeUInt16LE(4 + 4 * fields.length, vtable + 2);
    this.#bytes.writeInt32LE(at - vtable, at);
    const places = fields.map(({ size, value = 0 }, slot) => {
      const place = at + 4 + 4 * slot;
      this.#bytes.writeUInt16LE(place - at, vtable + 4 + 2 * slot);
      this.#bytes.writeUIntLE(value, place, size);
      return place;
    });
    return { at, vtable, fields: places };
  }

  omit({ vtable }: Table, slot: number): void {
    this.#bytes.writeUInt16LE(0, vtable + 4 + 2 * slot);
  }

  field(name: string, type: Exclude<keyof typeof types, 'list'>): number {
    return this.#field(name, types[type], this.#typeTable(type), []);
  }

  list({ name, type }: NewColumn): number {
    return this.#field(name, types.list, () => this.table([]).at, [() => this.field('element', type)]);
  }

  /** Everything that a table refers to comes after it. */
  #field(name: string, type: number, typeTable: () => number, children: readonly (() => number)[]): number {
    const field = this.table([
      { size: 4 },
      { size: 1, value: 1 },
      { size: 1, value: type },
      { size: 4 },
      { size: 4 },
      { size: 4 },
    ]);
    const [nameAt, , , typeAt, , childrenAt] = field.fields as [number, number, number, number, number, number];
    this.omit(field, 4);
    const text = Buffer.from(name);
    const string = this.reserve(4 + text.length + 1);
    this.write(string, text.length);
    text.copy(this.#bytes, string + 4);
    this.refer(nameAt, string);
    this.refer(typeAt, typeTable());
    const list = this.reserve(4 + 4 * children.length);
    this.write(list, children.length);
    this.refer(childrenAt, list);
    for (const [i, child] of children.entries()) this.refer(list + 4 + 4 * i, child());
    return field.at;
  }

  #typeTable(type: Exclude<keyof typeof types, 'list'>): () => number {
    if (type === 'number') return () => this.table([{ size: 2, value: DOUBLE_PRECISION }]).at;
    if (type === 'count')
      return () =>
        this.table([
          { size: 4, value: 64 },
          { size: 1, value: 1 },
        ]).at;
    return () => this.table([]).at;
  }
}
