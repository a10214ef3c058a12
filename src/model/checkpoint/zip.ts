/**
 * The directory of a zip archive with zip64: which entries there are, and where their bytes are. Entries are not
 * extracted: those stored without compression are read in place.
 *
 * Source: PKWARE's APPNOTE.TXT, version 6.3.10
 */

import { printableAscii } from '../../platform/printable.js';
import type { CheckpointFile } from './file.js';

const LOCAL_HEADER = { signature: 0x04034b50, bytes: 30 };
const CENTRAL_HEADER = { signature: 0x02014b50, bytes: 46 };
const END = { signature: 0x06054b50, bytes: 22 };
const ZIP64_END = { signature: 0x06064b50, bytes: 56 };
const ZIP64_LOCATOR = { signature: 0x07064b50, bytes: 20 };
const ZIP64_EXTRA = 0x0001;

/** The value of a field whose actual value is in a zip64 record. */
const ELSEWHERE_16 = 0xffff;
const ELSEWHERE_32 = 0xffffffff;

const MAX_COMMENT_BYTES = 0xffff;

/** GPT-2 XL takes 42 kB. */
const MAX_DIRECTORY_BYTES = 4 << 20;

export interface ZipEntry {
  readonly name: string;
  /** Bytes of its content. */
  readonly size: number;
  /** Why its content cannot be read in place; undefined where it can. */
  readonly obstacle: string | undefined;
  readonly headerPosition: number;
}

interface Directory {
  readonly entries: number;
  readonly start: number;
  readonly size: number;
}

export const isZip = (file: CheckpointFile): boolean =>
  file.size >= 4 && file.read(0, 4).readUInt32LE() === LOCAL_HEADER.signature;

export class ZipArchive {
  readonly #file: CheckpointFile;
  readonly #entries: ReadonlyMap<string, ZipEntry>;

  /** @throws FatalError `run` where the file is not a whole archive */
  constructor(file: CheckpointFile) {
    this.#file = file;
    this.#entries = readDirectory(file, findDirectory(file));
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  entry(name: string): ZipEntry | undefined {
    return this.#entries.get(name);
  }

  /** Position in the file of an entry's first byte. */
  locate({ name, size, obstacle, headerPosition }: ZipEntry): number {
    if (obstacle !== undefined) {
      throw this.#file.refused(`expected entry ${printableAscii(name)} to be stored as it is, it is ${obstacle}`);
    }
    const header = this.#file.read(headerPosition, LOCAL_HEADER.bytes);
    const start = headerPosition + LOCAL_HEADER.bytes + header.readUInt16LE(26) + header.readUInt16LE(28);
    if (header.readUInt32LE(0) !== LOCAL_HEADER.signature || start + size > this.#file.size) {
      throw this.#file.broken(`expected entry ${printableAscii(name)} of ${size} bytes at byte ${headerPosition}`);
    }
    return start;
  }
}

/** Reads the record at the archive's end; with zip64, the record that it points to. */
function findDirectory(file: CheckpointFile): Directory {
  const tailStart = Math.max(0, file.size - END.bytes - MAX_COMMENT_BYTES);
  const tail = file.read(tailStart, file.size - tailStart);
  let at = tail.length - END.bytes;
  const isEnd = (): boolean =>
    tail.readUInt32LE(at) === END.signature && at + END.bytes + tail.readUInt16LE(at + 20) === tail.length;
  while (at >= 0 && !isEnd()) at--;
  if (at < 0) throw file.broken(`expected a whole zip archive, found no directory at the end of ${file.size} bytes`);

  const end = tail.subarray(at);
  let directory = { entries: end.readUInt16LE(10), size: end.readUInt32LE(12), start: end.readUInt32LE(16) };
  let limit = tailStart + at;
  const { entries, size, start } = directory;
  if (entries === ELSEWHERE_16 || size === ELSEWHERE_32 || start === ELSEWHERE_32) {
    const locator = readRecord(file, limit - ZIP64_LOCATOR.bytes, ZIP64_LOCATOR, 'zip64 locator');
    limit = uint64(locator, 8);
    const end64 = readRecord(file, limit, ZIP64_END, 'zip64 end of directory');
    directory = { entries: uint64(end64, 32), size: uint64(end64, 40), start: uint64(end64, 48) };
  }
  if (directory.size > MAX_DIRECTORY_BYTES || directory.start + directory.size > limit) {
    throw file.broken(
      `expected the archive's directory before byte ${limit}, got ${directory.size} bytes at byte ${directory.start}`,
    );
  }
  return directory;
}

function readRecord(
  file: CheckpointFile,
  position: number,
  { signature, bytes }: { signature: number; bytes: number },
  what: string,
): Buffer {
  const record = position >= 0 && position + bytes <= file.size ? file.read(position, bytes) : undefined;
  if (record?.readUInt32LE(0) !== signature) throw file.broken(`expected the archive's ${what} at byte ${position}`);
  return record;
}

function readDirectory(file: CheckpointFile, directory: Directory): Map<string, ZipEntry> {
  const bytes = file.read(directory.start, directory.size);
  const entries = new Map<string, ZipEntry>();
  let position = 0;
  const broken = (what: string): Error =>
    file.broken(`the archive's directory has ${what} at byte ${directory.start + position}`);
  while (position < bytes.length) {
    const header = bytes.subarray(position);
    if (header.length < CENTRAL_HEADER.bytes || header.readUInt32LE(0) !== CENTRAL_HEADER.signature) {
      throw broken('no entry');
    }
    const nameEnd = CENTRAL_HEADER.bytes + header.readUInt16LE(28);
    const extraEnd = nameEnd + header.readUInt16LE(30);
    const entryEnd = extraEnd + header.readUInt16LE(32);
    if (entryEnd > header.length) throw broken('an entry that is cut short');
    // One character a byte suffices, as the names that are looked up are ASCII.
    const name = header.toString('latin1', CENTRAL_HEADER.bytes, nameEnd);
    if (entries.has(name)) throw broken(`a second entry ${printableAscii(name)}`);
    const entry = readEntry(name, header, header.subarray(nameEnd, extraEnd));
    if (entry === undefined) throw broken(`an entry ${printableAscii(name)} without its zip64 sizes`);
    entries.set(name, entry);
    position += entryEnd;
  }
  if (entries.size !== directory.entries) throw broken(`${entries.size} entries instead of ${directory.entries}`);
  return entries;
}

function readEntry(name: string, header: Buffer, extra: Buffer): ZipEntry | undefined {
  const wide = zip64Values(extra);
  let next = 0;
  // The values come in this order, each only where the field says so.
  const field = (at: number): number | undefined => {
    const value = header.readUInt32LE(at);
    return value === ELSEWHERE_32 ? wide[next++] : value;
  };
  const [size, packedSize, headerPosition] = [field(24), field(20), field(42)];
  if (size === undefined || packedSize === undefined || headerPosition === undefined) return undefined;
  const encrypted = (header.readUInt16LE(8) & 1) !== 0;
  const method = header.readUInt16LE(10);
  const obstacle = encrypted
    ? 'encrypted'
    : method !== 0
      ? `compressed (method ${method})`
      : packedSize !== size
        ? `of ${size} bytes in ${packedSize}`
        : undefined;
  return { name, size, obstacle, headerPosition };
}

/** The 64-bit values of an entry's zip64 extra field. */
function zip64Values(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== ZIP64_EXTRA) continue;
    const content = extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2));
    return Array.from({ length: Math.floor(content.length / 8) }, (_, index) => uint64(content, 8 * index));
  }
  return [];
}

/** Reads a number, inexactly beyond 2^53, where no size or position fits into the file anyway. */
const uint64 = (bytes: Buffer, at: number): number => Number(bytes.readBigUInt64LE(at));
