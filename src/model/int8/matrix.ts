/** Quantises matrices of float32 with one scale for each output channel. */
import { ElementType } from '../graph/graph.js';
import { type Int8Matrix, RESIDUAL_STEPS } from './graph.js';
import { WEIGHT_RANGE, type WeightType, weightZero } from './weight-type.js';

export interface QuantizedMatrix {
  readonly values: Int8Array | Uint8Array;
  readonly scales: Float32Array;
  /** The residual of the weights, in 254ths of the scales. */
  readonly residual: Int8Array | Uint8Array;
}

type Layout = Pick<Int8Matrix, 'transposed' | 'inner' | 'outer'>;

/**
 * @param values the checkpoint's weights
 * @param factors the factor by which each input channel is multiplied first
 * @returns values [inner, outer] and scales [outer]: weight = (value - zero) x scale. Where a channel has a weight that
 *   is not
 *   finite its scale is NaN, and so is its output.
 */
export function quantizeMatrix(
  values: Float32Array,
  layout: Layout,
  weightType: WeightType,
  factors: Float32Array | undefined,
): QuantizedMatrix {
  const { inner, outer } = layout;
  const [byInner, byOuter] = strides(layout);
  const largest = new Float32Array(outer);
  for (let k = 0; k < inner; k++) {
    const factor = factors?.[k] ?? 1;
    for (let n = 0; n < outer; n++) {
      // Math.max returns NaN if one of its arguments is NaN.
      largest[n] = Math.max(largest[n] as number, Math.abs((values[k * byInner + n * byOuter] as number) * factor));
    }
  }
  const scales = largest.map((size) => (Number.isFinite(size) ? size / WEIGHT_RANGE : Number.NaN));
  const zero = weightZero[weightType];
  const Integers = weightType === ElementType.int8 ? Int8Array : Uint8Array;
  const quantized = new Integers(inner * outer);
  const residual = new Integers(inner * outer);
  for (let k = 0; k < inner; k++) {
    const factor = factors?.[k] ?? 1;
    for (let n = 0; n < outer; n++) {
      const value = ((values[k * byInner + n * byOuter] as number) * factor) / (scales[n] as number);
      const integer = nearest(value);
      quantized[k * outer + n] = zero + integer;
      residual[k * outer + n] = zero + nearest((value - integer) * RESIDUAL_STEPS);
    }
  }
  return { values: quantized, scales, residual };
}

/** Rounds to the nearest integer; to 0 for NaN, which a channel of zeros or one that is not finite gives. */
const nearest = (value: number): number =>
  Number.isNaN(value) ? 0 : Math.max(-WEIGHT_RANGE, Math.min(WEIGHT_RANGE, Math.round(value)));

/** The weights of an input channel, [outer]. */
export function rowOf(values: Float32Array, layout: Layout, channel: number): Float32Array {
  const [byInner, byOuter] = strides(layout);
  return Float32Array.from({ length: layout.outer }, (_, n) => values[channel * byInner + n * byOuter] as number);
}

/** The largest absolute weight of each input channel. */
export function largestByInput(values: Float32Array, layout: Layout): Float32Array {
  const { inner, outer } = layout;
  const [byInner, byOuter] = strides(layout);
  const largest = new Float32Array(inner);
  for (let k = 0; k < inner; k++) {
    for (let n = 0; n < outer; n++) {
      largest[k] = Math.max(largest[k] as number, Math.abs(values[k * byInner + n * byOuter] as number));
    }
  }
  return largest;
}

const strides = ({ transposed, inner, outer }: Layout): [byInner: number, byOuter: number] =>
  transposed ? [1, inner] : [outer, 1];
