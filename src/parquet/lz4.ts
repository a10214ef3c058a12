/**
 * LZ4 blocks.
 *
 * Source: https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
 */

/**
 * @param length of what comes out
 * @throws RangeError where the block is damaged
 */
export function decompressLz4Block(bytes: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(length);
  let from = 0;
  let to = 0;
  const byte = (): number => {
    const value = bytes[from++];
    if (value === undefined) throw new RangeError('the LZ4 block ends too early');
    return value;
  };
  const more = (nibble: number): number => {
    let count = nibble;
    if (nibble === 15) for (let next = 255; next === 255; count += next) next = byte();
    return count;
  };
  while (from < bytes.length) {
    const token = byte();
    const literals = more(token >> 4);
    if (from + literals > bytes.length || to + literals > length) throw new RangeError('literals beyond the LZ4 block');
    output.set(bytes.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    if (from === bytes.length) break;
    const distance = byte() + 256 * byte();
    const count = more(token & 15) + 4;
    if (distance === 0 || distance > to || to + count > length) throw new RangeError('a copy beyond the LZ4 block');
    // Copies may overlap what they write.
    for (let i = 0; i < count; i++, to++) output[to] = output[to - distance] as number;
  }
  if (to !== length) throw new RangeError(`an LZ4 block of ${to} bytes in the place of ${length}`);
  return output;
}

/** The codec that Parquet calls LZ4: blocks in Hadoop's frame of two lengths, or, by some writers, a bare block. */
export function decompressHadoopLz4(bytes: Uint8Array, length: number): Uint8Array {
  try {
    return decompressFramed(bytes, length);
  } catch {
    return decompressLz4Block(bytes, length);
  }
}

function decompressFramed(bytes: Uint8Array, length: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const output = new Uint8Array(length);
  let to = 0;
  for (let from = 0; from < bytes.length; ) {
    const [whole, size] = [view.getUint32(from), view.getUint32(from + 4)];
    if (from + 8 + size > bytes.length || to + whole > length) throw new RangeError('an LZ4 frame beyond its page');
    output.set(decompressLz4Block(bytes.subarray(from + 8, from + 8 + size), whole), to);
    from += 8 + size;
    to += whole;
  }
  if (to !== length) throw new RangeError(`LZ4 frames of ${to} bytes in the place of ${length}`);
  return output;
}
