/** Walks through zstd frames (RFC 8878) block by block: memory is bounded, and a message can give the place. */
import { setImmediate } from 'node:timers/promises';
import { runError } from '../errors.js';
import { ChunkCursor } from './chunk-cursor.js';
import { isFrame, isSkippable } from './compression.js';
import { cut, damaged, trailing } from './damage.js';
import {
  BLOCK_HEADER_BYTES,
  type FrameHeader,
  MOST_WINDOW_BYTES,
  parseBlockHeader,
  parseFrameHeader,
  restLength,
} from './zstd-header.js';
import { ZstdFrame } from './zstd-library.js';

const MAGIC_BYTES = 4;
const CHECKSUM_BYTES = 4;
const BLOCKS_A_TURN = 8;

/** Reads frames one after another; skippable frames are skipped. */
export async function* unzstd(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer, void, undefined> {
  const cursor = new ChunkCursor(chunks);
  try {
    for (;;) {
      const start = cursor.offset;
      const magic = await cursor.take(MAGIC_BYTES);
      if (magic.length === 0) return;
      if (magic.length < MAGIC_BYTES) throw cut(name, 'a zstd frame', cursor.offset);
      if (isSkippable(magic.readUInt32LE())) await passOver(cursor, name);
      else if (isFrame(magic.readUInt32LE())) yield* decompressFrame(cursor, magic, name);
      else if (start === 0) throw damaged(name, 'expected zstd data, got other data at byte 0');
      else throw trailing(name, 'another zstd frame', start);
    }
  } finally {
    await cursor.close();
  }
}

async function passOver(cursor: ChunkCursor, name: string): Promise<void> {
  const bytes = await cursor.take(4);
  const length = bytes.length === 4 ? bytes.readUInt32LE() : Number.POSITIVE_INFINITY;
  if ((await cursor.skip(length)) < length) throw cut(name, 'the rest of a zstd frame', cursor.offset);
}

async function* decompressFrame(
  cursor: ChunkCursor,
  magic: Buffer,
  name: string,
): AsyncGenerator<Buffer, void, undefined> {
  const start = cursor.offset - magic.length;
  const take = async (length: number): Promise<Buffer> => {
    const bytes = await cursor.take(length);
    if (bytes.length < length) throw cut(name, `the rest of the zstd frame of byte ${start}`, cursor.offset);
    return bytes;
  };
  const descriptor = await take(1);
  const rest = await take(restLength(descriptor.readUInt8()));
  const header = parseFrameHeader(descriptor.readUInt8(), rest);
  check(header, name, start);

  const frame = await ZstdFrame.begin();
  try {
    frame.decompress(Buffer.concat([magic, descriptor, rest]));
    for (let blocks = 0; ; blocks++) {
      // A few kilobytes may be gigabytes of blocks: signals and the progress bar get their turn.
      if (blocks % BLOCKS_A_TURN === 0) await setImmediate();
      const at = cursor.offset;
      const refused = (): Error => damaged(name, `expected a valid zstd block at byte ${at}, got another`);
      const blockHeader = await take(BLOCK_HEADER_BYTES);
      const block = parseBlockHeader(blockHeader);
      if (!block.isValid) throw refused();
      const content = await cursor.take(block.length);
      if (content.length < block.length) {
        // Bytes that are not compressed can be returned even where the block is cut.
        if (block.type === 'raw' && content.length > 0) yield content;
        throw cut(name, `the rest of the zstd frame of byte ${start}`, cursor.offset);
      }
      const bytes = frame.decompress(Buffer.concat([blockHeader, content]));
      if (bytes.length !== (block.decompressedLength ?? (bytes.length || -1))) throw refused();
      if (bytes.length > 0) yield bytes;
      if (block.isLast) {
        if (!header.hasChecksum && !frame.isWhole()) throw refused();
        break;
      }
    }
    if (!header.hasChecksum) return;
    const at = cursor.offset;
    frame.decompress(await take(CHECKSUM_BYTES));
    if (!frame.isWhole()) {
      throw damaged(name, `expected decompressed bytes with the checksum that byte ${at} tells, got others`);
    }
  } finally {
    frame.free();
  }
}

/** Refuses what the library cannot read, or only with more memory than a file may ask for. */
function check({ windowBytes, dictionary }: FrameHeader, name: string, start: number): void {
  if (windowBytes > MOST_WINDOW_BYTES) {
    throw runError(
      `${name}: expected zstd data with a window of at most ${MOST_WINDOW_BYTES} bytes, got ${windowBytes} ` +
        `at byte ${start}; decompress it outside: zstdcat --long=31 ${name} | reward-score …`,
    );
  }
  if (dictionary !== 0) {
    throw runError(
      `${name}: expected zstd data without a dictionary, got one that needs dictionary ${dictionary} ` +
        `at byte ${start}; decompress it outside: zstdcat -D DICTIONARY ${name} | reward-score …`,
    );
  }
}
