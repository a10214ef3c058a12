/**
 * Snappy's raw format. hyparquet's own decoder writes literals byte by byte, as far as a damaged length says.
 *
 * Source: https://github.com/google/snappy/blob/main/format_description.txt
 */

/**
 * @param length of what comes out
 * @throws RangeError where the bytes are damaged
 */
export function decompressSnappy(bytes: Uint8Array, length: number): Uint8Array {
  let from = 0;
  let to = 0;
  const number = (size: number): number => {
    if (from + size > bytes.length) throw new RangeError('the Snappy data end too early');
    let value = 0;
    for (let i = 0; i < size; i++) value += (bytes[from++] as number) * 2 ** (8 * i);
    return value;
  };
  let stated = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = number(1);
    stated += (byte & 0x7f) * factor;
    if (byte < 0x80) break;
    if (factor > 2 ** 28) throw new RangeError('Snappy data of an impossible length');
  }
  if (stated !== length) throw new RangeError(`Snappy data of ${stated} bytes in the place of ${length}`);
  const output = new Uint8Array(length);
  while (from < bytes.length) {
    const tag = number(1);
    const kind = tag & 3;
    if (kind === 0) {
      const short = tag >> 2;
      const size = (short < 60 ? short : number(short - 59)) + 1;
      if (from + size > bytes.length || to + size > length) throw new RangeError('literals beyond the Snappy data');
      output.set(bytes.subarray(from, from + size), to);
      from += size;
      to += size;
      continue;
    }
    const size = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const distance = kind === 1 ? (tag >> 5) * 256 + number(1) : number(kind === 2 ? 2 : 4);
    if (distance === 0 || distance > to || to + size > length) throw new RangeError('a copy beyond the Snappy data');
    // Copies may overlap what they write.
    for (let i = 0; i < size; i++, to++) output[to] = output[to - distance] as number;
  }
  if (to !== length) throw new RangeError(`Snappy data of ${to} bytes in the place of ${length}`);
  return output;
}
