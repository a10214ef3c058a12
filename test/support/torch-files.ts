/** Writes by hand what torch.save writes, and what it never would. */
import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from 'node:fs';

// Pickles: an expression is the bytes that leave one value on the stack.

const bytes = (...parts: readonly (number | string | Uint8Array)[]): Buffer =>
  Buffer.concat(
    parts.map((part) =>
      typeof part === 'number' ? Uint8Array.of(part) : typeof part === 'string' ? Buffer.from(part) : part,
    ),
  );

export function littleEndian(value: number, width: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  return buffer.subarray(0, width);
}

export const none = bytes('N');
export const no = bytes(0x89);
export const text = (value: string): Buffer => bytes('X', littleEndian(Buffer.byteLength(value), 4), value);
export const shortBytes = (value: string): Buffer => bytes('U', value.length, value); // a str of Python 2
export const integer = (value: number): Buffer =>
  value < 2 ** 31 ? bytes('J', littleEndian(value, 4)) : bytes(0x8a, 8, littleEndian(value, 8));
export const tuple = (...items: readonly Uint8Array[]): Buffer => bytes('(', ...items, 't');
export const integers = (values: readonly number[]): Buffer => tuple(...values.map(integer));
export const list = (...items: readonly Uint8Array[]): Buffer => bytes('](', ...items, 'e');
export const dict = (entries: Readonly<Record<string, Uint8Array>>): Buffer =>
  bytes('}(', ...Object.entries(entries).flatMap(([key, value]) => [text(key), value]), 'u');
export const named = (module: string, name: string): Buffer => bytes('c', `${module}\n${name}\n`);
export const called = (callee: Uint8Array, ...args: readonly Uint8Array[]): Buffer =>
  bytes(callee, tuple(...args), 'R');
export const persistent = (id: Uint8Array): Buffer => bytes(id, 'Q');
/** A whole pickle. */
export const pickled = (value: Uint8Array, protocol = 2): Buffer => bytes(0x80, protocol, value, '.');

export interface TensorInput {
  readonly type?: string;
  readonly key?: string;
  /** Of the storage; as many as the tensor has where it is not given. */
  readonly elements?: number;
  readonly offset?: number;
  readonly shape: readonly number[];
  readonly strides?: readonly number[];
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

export function storage({ type = 'FloatStorage', key = '0', shape, elements = product(shape) }: TensorInput): Buffer {
  return persistent(tuple(text('storage'), named('torch', type), text(key), text('cpu'), integer(elements)));
}

export function tensor(input: TensorInput, ...more: readonly Uint8Array[]): Buffer {
  const { offset = 0, shape, strides = shape.map((_, axis) => product(shape.slice(axis + 1))) } = input;
  const hooks = called(named('collections', 'OrderedDict'));
  return called(
    named('torch._utils', '_rebuild_tensor_v2'),
    storage(input),
    integer(offset),
    integers(shape),
    integers(strides),
    no,
    hooks,
    ...more,
  );
}

// Zip archives.

export interface ZipInput {
  readonly name: string;
  /** Bytes, or the length of a hole in a sparse file. */
  readonly content: Uint8Array | number;
  readonly method?: number;
  readonly flags?: number;
}

export interface ZipOptions {
  /** Sizes, positions and counts in 64 bits, also where 32 would do. */
  readonly zip64?: boolean;
  readonly comment?: string;
}

export function writeZip(path: string, entries: readonly ZipInput[], options: ZipOptions = {}): void {
  const file = openSync(path, 'w');
  try {
    let position = 0;
    const write = (part: Uint8Array): void => {
      for (let done = 0; done < part.length; ) done += writeSync(file, part, done, part.length - done, position + done);
      position += part.length;
    };
    const directory: Buffer[] = [];
    for (const entry of entries) {
      const size = typeof entry.content === 'number' ? entry.content : entry.content.length;
      directory.push(centralHeader(entry, size, position, options.zip64 ?? false));
      write(localHeader(entry, size));
      if (typeof entry.content === 'number') position += entry.content;
      else write(entry.content);
    }
    const content = Buffer.concat(directory);
    const start = position;
    write(content);
    write(directoryEnd(entries.length, content.length, start, options));
    ftruncateSync(file, position);
  } finally {
    closeSync(file);
  }
}

function localHeader({ name, method = 0, flags = 0 }: ZipInput, size: number): Buffer {
  const padding = Buffer.alloc(7); // torch pads here so that the content is aligned
  const wide = Math.min(size, 0xffffffff);
  return bytes(
    littleEndian(0x04034b50, 4),
    ...[20, flags, method, 0, 0].map((value) => littleEndian(value, 2)),
    ...[0, wide, wide].map((value) => littleEndian(value, 4)),
    ...[Buffer.byteLength(name), padding.length].map((value) => littleEndian(value, 2)),
    name,
    padding,
  );
}

function centralHeader(
  { name, method = 0, flags = 0 }: ZipInput,
  size: number,
  position: number,
  zip64: boolean,
): Buffer {
  const wide = [size, size, position].map((value) => zip64 || value >= 0xffffffff);
  const values = [size, size, position].filter((_, index) => wide[index]).map((value) => littleEndian(value, 8));
  const extra = values.length > 0 ? bytes(littleEndian(1, 2), littleEndian(8 * values.length, 2), ...values) : bytes();
  const [packedField, sizeField, positionField] = [size, size, position].map((value, index) =>
    littleEndian(wide[index] ? 0xffffffff : value, 4),
  ) as [Buffer, Buffer, Buffer];
  return bytes(
    littleEndian(0x02014b50, 4),
    ...[20, 20, flags, method, 0, 0].map((value) => littleEndian(value, 2)),
    littleEndian(0, 4),
    packedField,
    sizeField,
    ...[Buffer.byteLength(name), extra.length, 0, 0, 0].map((value) => littleEndian(value, 2)),
    littleEndian(0, 4),
    positionField,
    name,
    extra,
  );
}

function directoryEnd(count: number, size: number, start: number, { zip64 = false, comment = '' }: ZipOptions): Buffer {
  const wide = zip64 || start >= 0xffffffff;
  const end64 = bytes(
    littleEndian(0x06064b50, 4),
    littleEndian(44, 8),
    ...[45, 45].map((value) => littleEndian(value, 2)),
    ...[0, 0].map((value) => littleEndian(value, 4)),
    ...[count, count, size, start].map((value) => littleEndian(value, 8)),
  );
  const locator = bytes(
    littleEndian(0x07064b50, 4),
    littleEndian(0, 4),
    littleEndian(start + size, 8),
    littleEndian(1, 4),
  );
  return bytes(
    ...(wide ? [end64, locator] : []),
    littleEndian(0x06054b50, 4),
    ...[0, 0, wide ? 0xffff : count, wide ? 0xffff : count].map((value) => littleEndian(value, 2)),
    ...(wide ? [0xffffffff, 0xffffffff] : [size, start]).map((value) => littleEndian(value, 4)),
    littleEndian(comment.length, 2),
    comment,
  );
}

/** A checkpoint in torch's zip form: a pickle and the storages by key. */
export function writeTorchZip(
  path: string,
  pickle: Uint8Array,
  storages: Readonly<Record<string, Uint8Array | number>> = {},
  options: ZipOptions & { readonly more?: readonly ZipInput[] } = {},
): void {
  writeZip(
    path,
    [
      { name: 'archive/data.pkl', content: pickle },
      ...Object.entries(storages).map(([key, content]) => ({ name: `archive/data/${key}`, content })),
      ...(options.more ?? []),
    ],
    options,
  );
}

/** The first three pickles of torch's form before 1.6. */
export const legacyPreamble = ({
  magic = '1950a86a20f9469cfc6c',
  protocol = 1001,
  littleEndianSystem = true,
} = {}): Buffer =>
  bytes(
    pickled(bytes(0x8a, magic.length / 2, Buffer.from(magic, 'hex').reverse())),
    pickled(integer(protocol)),
    pickled(dict({ protocol_version: integer(protocol), little_endian: bytes(littleEndianSystem ? 0x88 : 0x89) })),
  );

export function writeTorchLegacy(
  path: string,
  pickle: Uint8Array,
  storages: readonly { readonly key: string; readonly elements: number; readonly content: Uint8Array }[],
  preamble: Uint8Array = legacyPreamble(),
): void {
  const keys = pickled(list(...storages.map(({ key }) => text(key))));
  const data = storages.flatMap(({ elements, content }) => [littleEndian(elements, 8), content]);
  writeFileSync(path, bytes(preamble, pickle, keys, ...data));
}

export const float32s = (...values: readonly number[]): Buffer => Buffer.from(Float32Array.from(values).buffer);
