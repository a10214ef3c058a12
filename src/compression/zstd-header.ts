/** The headers within a zstd frame: RFC 8878, 3.1.1. */

/** The largest window that a decoder accepts by default; the zstd tool too refuses more. */
export const MOST_WINDOW_BYTES = 128 * 1024 * 1024;

/** No block decompresses to more. */
export const MOST_BLOCK_BYTES = 128 * 1024;

const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;

/** Bytes of the header after its descriptor. */
export function restLength(descriptor: number): number {
  return (isOneSegment(descriptor) ? 0 : 1) + dictionaryIdBytes(descriptor) + contentSizeBytes(descriptor);
}

export interface FrameHeader {
  /** How far back its bytes refer, and so how many bytes a decoder must hold. */
  readonly windowBytes: number;
  /** 0 for none. */
  readonly dictionary: number;
  readonly hasChecksum: boolean;
}

/** @param rest the bytes after the descriptor */
export function parseFrameHeader(descriptor: number, rest: Buffer): FrameHeader {
  let at = 0;
  let windowBytes = 0;
  if (!isOneSegment(descriptor)) {
    const byte = rest.readUInt8(at++);
    const base = 2 ** (10 + (byte >> 3));
    windowBytes = base + (base / 8) * (byte & 7);
  }
  const idBytes = dictionaryIdBytes(descriptor);
  const dictionary = idBytes === 0 ? 0 : rest.readUIntLE(at, idBytes);
  at += idBytes;
  // The content is its own window. Its size takes 1, 4 or 8 bytes, or 2 bytes that hold the size less 256.
  if (isOneSegment(descriptor)) {
    const bytes = contentSizeBytes(descriptor);
    windowBytes = bytes === 8 ? Number(rest.readBigUInt64LE(at)) : rest.readUIntLE(at, bytes) + (bytes === 2 ? 256 : 0);
  }
  return { windowBytes, dictionary, hasChecksum: (descriptor & 4) !== 0 };
}

export interface BlockHeader {
  readonly isLast: boolean;
  readonly type: 'raw' | 'repeated byte' | 'compressed' | 'reserved';
  /** Bytes in the file. */
  readonly length: number;
  /** Bytes after decompression, where the header states them. */
  readonly decompressedLength: number | undefined;
  /** Whether it is within the format's bounds. */
  readonly isValid: boolean;
}

export const BLOCK_HEADER_BYTES = 3;

export function parseBlockHeader(bytes: Buffer): BlockHeader {
  const value = bytes.readUIntLE(0, BLOCK_HEADER_BYTES);
  const type = (['raw', 'repeated byte', 'compressed', 'reserved'] as const)[(value >> 1) & 3] ?? 'reserved';
  const size = value >> 3;
  return {
    isLast: (value & 1) === 1,
    type,
    length: type === 'repeated byte' ? 1 : size,
    decompressedLength: type === 'compressed' ? undefined : size,
    isValid: type !== 'reserved' && size <= MOST_BLOCK_BYTES,
  };
}

/** Bit 5: no window descriptor. */
const isOneSegment = (descriptor: number): boolean => (descriptor & 0x20) !== 0;

const dictionaryIdBytes = (descriptor: number): number => DICTIONARY_ID_BYTES[(descriptor & 3) as 0 | 1 | 2 | 3];

function contentSizeBytes(descriptor: number): number {
  const code = (descriptor >> 6) as 0 | 1 | 2 | 3;
  return code === 0 && isOneSegment(descriptor) ? 1 : CONTENT_SIZE_BYTES[code];
}
