/** The floating-point types of checkpoints, widened exactly to float32. All files are little-endian, as is every machine that onnxruntime runs on. */

export const bytesPerElement = { F32: 4, F16: 2, BF16: 2 } as const;
export type FloatType = keyof typeof bytesPerElement;

export const isFloatType = (name: string): name is FloatType => Object.hasOwn(bytesPerElement, name);

/** @param bytes whole elements, aligned to 4 */
export function toFloat32(bytes: Buffer, type: FloatType): Float32Array {
  if (type === 'F32') return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  const bits = new Uint32Array(halves.length);
  if (type === 'BF16') {
    for (let i = 0; i < halves.length; i++) bits[i] = (halves[i] as number) << 16;
  } else {
    float16Bits ??= tabulateFloat16();
    for (let i = 0; i < halves.length; i++) bits[i] = float16Bits[halves[i] as number] as number;
  }
  return new Float32Array(bits.buffer);
}

/** The float32 bits of every float16, by its bits. Made when the first one is read, as that takes milliseconds. */
let float16Bits: Uint32Array | undefined;

const tabulateFloat16 = (): Uint32Array => Uint32Array.from({ length: 65_536 }, (_, half) => widenFloat16(half));

function widenFloat16(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13); // infinities and NaN
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  // Zero and subnormals: fraction x 2^-24, exact in float32.
  const bits = new Uint32Array(new Float32Array([fraction * 2 ** -24]).buffer);
  return sign | (bits[0] as number);
}
