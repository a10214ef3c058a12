/**
 * The state of a file that is recorded when it is written, so that damage shows when it is opened: its size and a
 * checksum of each block.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32 } from '../../platform/crc32.js';

export interface FileState {
  readonly bytes: number;
  /** CRC-32 of each block of BLOCK_BYTES, one after the other in eight hexadecimal digits each. */
  readonly blocks: string;
}

/** Small enough that the blocks that are checked come from many places of a large file. */
const BLOCK_BYTES = 1 << 20;

/**
 * The most blocks that are checked when a file is opened. A file of so many mebibytes or fewer is read whole, which
 * takes some 20 ms (the bundled model has 27 MB); reading gigabytes at every start would cost what preparing saves.
 */
const MOST_BLOCKS = 32;

const DIGITS = 8;

export function fileStateOf(path: string): FileState {
  return withFile(path, (file, bytes) => {
    const buffer = Buffer.alloc(BLOCK_BYTES);
    const blocks = Array.from({ length: blocksIn(bytes) }, (_, block) => checksum(file, block, buffer));
    return { bytes, blocks: blocks.join('') };
  });
}

/**
 * Whether a file has the recorded size and checksums: those of its first and last block, and of others drawn at random
 * until MOST_BLOCKS are checked.
 */
export function matchesFileState(path: string, { bytes, blocks }: FileState): boolean {
  return withFile(path, (file, size) => {
    if (size !== bytes) return false;
    const buffer = Buffer.alloc(BLOCK_BYTES);
    return chooseBlocks(blocksIn(size)).every(
      (block) => checksum(file, block, buffer) === blocks.slice(block * DIGITS, (block + 1) * DIGITS),
    );
  });
}

const blocksIn = (bytes: number): number => Math.ceil(bytes / BLOCK_BYTES);

/** @returns the numbers of all of `count` blocks, or of MOST_BLOCKS, the first and the last among them */
function chooseBlocks(count: number): number[] {
  if (count <= MOST_BLOCKS) return Array.from({ length: count }, (_, block) => block);
  const chosen = new Set([0, count - 1]);
  while (chosen.size < MOST_BLOCKS) chosen.add(Math.floor(Math.random() * count));
  return [...chosen];
}

/** @param buffer BLOCK_BYTES long; it is overwritten */
function checksum(file: number, block: number, buffer: Buffer): string {
  let length = 0;
  for (let read = -1; read !== 0 && length < BLOCK_BYTES; length += read) {
    read = readSync(file, buffer, length, BLOCK_BYTES - length, block * BLOCK_BYTES + length);
  }
  return crc32(buffer.subarray(0, length)).toString(16).padStart(DIGITS, '0');
}

function withFile<T>(path: string, work: (file: number, bytes: number) => T): T {
  const file = openSync(path, 'r');
  try {
    return work(file, fstatSync(file).size);
  } finally {
    closeSync(file);
  }
}
