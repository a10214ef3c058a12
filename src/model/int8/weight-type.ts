/**
 * How 8-bit weights are stored, so that this processor adds them up exactly.
 *
 * The fast kernel multiplies u8 by s8. With VNNI, and on ARM, its sums are exact; without, it adds pairs of products in
 * 16 bits and saturates. There weights are stored as u8, shifted by 128: that takes another kernel, some 10 % slower
 * with AVX2, and has the same integers, so the same sums.
 */

import { Session, sessionOptions, Tensor } from '../backend/onnxruntime.js';
import { ElementType, type Graph, MICROSOFT } from '../graph/graph.js';
import { encodeModel } from '../graph/onnx.js';

export type WeightType = typeof ElementType.int8 | typeof ElementType.uint8;

/** The integer that stands for a weight of 0. */
export const weightZero = { [ElementType.int8]: 0, [ElementType.uint8]: 128 } as const;

/** The largest weight: -127 to 127, which both types hold. */
export const WEIGHT_RANGE = 127;

/** Which kernel runs depends on the number of rows. */
const ROWS_TRIED = [1, 2, 3, 4, 6, 12, 64];

/** Sums of this many of the largest products are still exact in float32, the type of the output. */
const INNER = 512;
const OUTER = 48;

/** Tries the products that saturate first: those of rows and weights of the largest numbers. */
export async function chooseWeightType(): Promise<WeightType> {
  const weights = new Int8Array(INNER * OUTER).map((_, i) => ((i % OUTER) % 2 === 0 ? WEIGHT_RANGE : -WEIGHT_RANGE));
  const session = await Session.open(encodeModel(product(weights), [], ''), sessionOptions);
  try {
    for (const rows of ROWS_TRIED) {
      const x = new Tensor('uint8', new Uint8Array(rows * INNER).fill(255), [rows, INNER]);
      const { y } = await session.run({ x });
      const sums = y?.data as Float32Array;
      const expected = 255 * WEIGHT_RANGE * INNER;
      if (!sums.every((sum, i) => sum === ((i % OUTER) % 2 === 0 ? expected : -expected))) return ElementType.uint8;
    }
    return ElementType.int8;
  } finally {
    await session.release();
  }
}

/** A graph that multiplies x u8 [rows, INNER] by weights s8, as networks do. */
function product(weights: Int8Array): Graph {
  const floats = (name: string, values: number[], shape: number[]) => ({
    name,
    type: ElementType.float32,
    shape,
    bytes: new Uint8Array(Float32Array.from(values).buffer),
  });
  return {
    inputs: [{ name: 'x', type: ElementType.uint8, shape: ['rows', INNER] }],
    outputs: [{ name: 'y', type: ElementType.float32, shape: ['rows', OUTER] }],
    nodes: [
      {
        operator: 'MatMulIntegerToFloat',
        domain: MICROSOFT,
        inputs: ['x', 'weights', 'one', 'scales'],
        outputs: ['y'],
        attributes: {},
      },
    ],
    constants: [
      { name: 'weights', type: ElementType.int8, shape: [INNER, OUTER], bytes: new Uint8Array(weights.buffer) },
      floats('one', [1], []),
      floats('scales', new Array(OUTER).fill(1), [OUTER]),
    ],
  };
}
