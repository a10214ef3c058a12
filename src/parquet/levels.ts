/**
 * Runs of small numbers: the levels that say where values are missing and where lists begin, and the indexes into a
 * dictionary. However many a damaged run claims to hold, no more are read than there are to be.
 *
 * Source: https://github.com/apache/parquet-format/blob/master/Encodings.md (RLE)
 */

/** Bits that a number up to this one takes. */
export const bitsFor = (most: number): number => 32 - Math.clz32(most);

/**
 * @param width bits of each number
 * @throws RangeError where the bytes end before `output` is full
 */
export function readRuns<T extends Uint8Array | Uint32Array>(bytes: Uint8Array, width: number, output: T): T {
  if (width > 32) throw new RangeError(`numbers of ${width} bits`);
  let offset = 0;
  for (let seen = 0; seen < output.length; ) {
    let header = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = byteAt(bytes, offset++);
      header += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
      if (factor > 2 ** 28) throw new RangeError('a run of too many numbers');
    }
    const count = Math.floor(header / 2);
    if (header % 2 === 0) {
      if (count === 0) throw new RangeError('a run without numbers');
      let value = 0;
      for (let i = 0; i < (width + 7) >> 3; i++) value += byteAt(bytes, offset++) * 2 ** (8 * i);
      output.fill(value, seen, seen + count);
      seen += count;
    } else {
      const end = Math.min(output.length, seen + 8 * count);
      for (let bit = 0; seen < end; seen++, bit += width) output[seen] = readBits(bytes, offset, bit, width);
      offset += count * width;
    }
  }
  return output;
}

function readBits(bytes: Uint8Array, offset: number, bit: number, width: number): number {
  let value = 0;
  for (let read = 0; read < width; ) {
    const at = bit + read;
    const within = at % 8;
    const taken = Math.min(8 - within, width - read);
    value += ((byteAt(bytes, offset + Math.floor(at / 8)) >> within) & ((1 << taken) - 1)) * 2 ** read;
    read += taken;
  }
  return value;
}

function byteAt(bytes: Uint8Array, offset: number): number {
  const byte = bytes[offset];
  if (byte === undefined) throw new RangeError('the page ends within a run');
  return byte;
}

/** One run of the same level for all values: how columns without gaps are written. */
export function writeRuns(levels: Uint8Array, width: number): Buffer {
  const parts: number[] = [];
  for (let from = 0; from < levels.length; ) {
    let to = from + 1;
    while (to < levels.length && levels[to] === levels[from]) to++;
    for (let header = (to - from) * 2; ; header = Math.floor(header / 128)) {
      parts.push(header < 128 ? header : (header % 128) | 0x80);
      if (header < 128) break;
    }
    if (width > 0) parts.push(levels[from] as number);
    from = to;
  }
  return Buffer.from(parts);
}

/**
 * Writes numbers as runs where eight or more are the same, and packed into their bits between these.
 *
 * @param width bits of each number
 */
export function packRuns(numbers: ArrayLike<number>, width: number): Buffer {
  const { length } = numbers;
  const output = Buffer.alloc(Math.ceil((length * width) / 8) + 8 * Math.ceil(length / 8) + 16);
  let end = 0;
  const writeHeader = (header: number): void => {
    let rest = header;
    for (; rest >= 128; rest = Math.floor(rest / 128)) output[end++] = (rest % 128) | 0x80;
    output[end++] = rest;
  };
  const pack = (from: number, to: number): void => {
    if (from === to) return;
    const groups = Math.ceil((to - from) / 8);
    writeHeader(groups * 2 + 1);
    for (let i = from, bit = 0; i < to; i++) {
      for (let k = 0; k < width; k++, bit++) {
        if (((numbers[i] as number) >>> k) & 1)
          output[end + (bit >> 3)] = (output[end + (bit >> 3)] as number) | (1 << (bit & 7));
      }
    }
    end += groups * width;
  };
  let packed = 0; // where the numbers begin that are to be packed
  for (let i = 0; i < length; ) {
    let same = i + 1;
    while (same < length && numbers[same] === numbers[i]) same++;
    if (same - i < 8) {
      i += 8;
      continue;
    }
    pack(packed, i);
    writeHeader((same - i) * 2);
    for (let k = 0; k < width; k += 8) output[end++] = ((numbers[i] as number) >>> k) & 0xff;
    i = same;
    packed = same;
  }
  pack(packed, length);
  return output.subarray(0, end);
}
