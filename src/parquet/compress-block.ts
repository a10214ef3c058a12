/**
 * Compresses pages by Snappy and LZ4, which differ in how they write what both find: stretches that came up before, and the
 * bytes between them. The same bytes give the same output on every machine.
 *
 * Sources: https://github.com/google/snappy/blob/main/format_description.txt,
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
 */

const LEAST_MATCH = 4;
const MOST_DISTANCE = 65_535;
/** An LZ4 block ends with this many bytes that are no match; Snappy does not mind. */
const LAST_LITERALS = 5;
const LAST_START = 12;
const HASH_BITS = 14;

/**
 * Calls `onMatch` with where the bytes before a stretch begin, where it begins itself, how far back it came up, and how
 * long it is.
 *
 * @returns where the bytes after the last stretch begin
 */
function findMatches(
  bytes: Uint8Array,
  onMatch: (literals: number, at: number, distance: number, length: number) => void,
): number {
  const seen = new Int32Array(1 << HASH_BITS).fill(-1);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let literals = 0;
  for (let at = 0; at <= bytes.length - LAST_START; ) {
    const four = view.getUint32(at, true);
    const slot = Math.imul(four, 0x9e37_79b1) >>> (32 - HASH_BITS);
    const before = seen[slot] as number;
    seen[slot] = at;
    if (before < 0 || at - before > MOST_DISTANCE || view.getUint32(before, true) !== four) {
      // The longer nothing was found, the larger the steps: what cannot be compressed is passed over.
      at += 1 + ((at - literals) >> 6);
      continue;
    }
    let length = LEAST_MATCH;
    const most = bytes.length - LAST_LITERALS - at;
    while (length < most && bytes[before + length] === bytes[at + length]) length++;
    onMatch(literals, at, at - before, length);
    at += length;
    literals = at;
  }
  return literals;
}

export function compressSnappy(bytes: Uint8Array): Uint8Array {
  const output = new Uint8Array(32 + bytes.length + Math.ceil(bytes.length / 6));
  let end = 0;
  let stated = bytes.length;
  for (; stated >= 128; stated = Math.floor(stated / 128)) output[end++] = (stated % 128) | 0x80;
  output[end++] = stated;
  const writeLiterals = (from: number, to: number): void => {
    if (from === to) return;
    const size = to - from - 1;
    if (size < 60) output[end++] = size << 2;
    else {
      const extra = size < 2 ** 8 ? 1 : size < 2 ** 16 ? 2 : size < 2 ** 24 ? 3 : 4;
      output[end++] = (59 + extra) << 2;
      for (let i = 0; i < extra; i++) output[end++] = Math.floor(size / 2 ** (8 * i)) & 0xff;
    }
    output.set(bytes.subarray(from, to), end);
    end += to - from;
  };
  const rest = findMatches(bytes, (literals, at, distance, length) => {
    writeLiterals(literals, at);
    for (let left = length; left > 0; left -= 64) {
      output[end++] = ((Math.min(left, 64) - 1) << 2) | 2;
      output[end++] = distance & 0xff;
      output[end++] = distance >> 8;
    }
  });
  writeLiterals(rest, bytes.length);
  return output.subarray(0, end);
}

export function compressLz4Block(bytes: Uint8Array): Uint8Array {
  const output = new Uint8Array(32 + bytes.length + Math.ceil(bytes.length / 255));
  let end = 0;
  const more = (count: number): void => {
    let left = count - 15;
    for (; left >= 255; left -= 255) output[end++] = 255;
    if (left >= 0) output[end++] = left;
  };
  const write = (literals: number, at: number, matched: number): void => {
    output[end++] = (Math.min(at - literals, 15) << 4) | Math.min(matched, 15);
    more(at - literals);
    output.set(bytes.subarray(literals, at), end);
    end += at - literals;
  };
  const rest = findMatches(bytes, (literals, at, distance, length) => {
    write(literals, at, length - LEAST_MATCH);
    output[end++] = distance & 0xff;
    output[end++] = distance >> 8;
    more(length - LEAST_MATCH);
  });
  write(rest, bytes.length, 0);
  return output.subarray(0, end);
}

/** In Hadoop's frame: the two lengths before the block. */
export function compressHadoopLz4(bytes: Uint8Array): Uint8Array {
  const block = compressLz4Block(bytes);
  const framed = Buffer.alloc(8 + block.length);
  framed.writeUInt32BE(bytes.length, 0);
  framed.writeUInt32BE(block.length, 4);
  framed.set(block, 8);
  return framed;
}
