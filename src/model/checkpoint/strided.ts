/** A tensor as a view of a run of elements: element [i, j, …] is at offset + i·strides[0] + j·strides[1] + … */
export interface Strided {
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** Reads elements [start, start + count) of the run. */
type ReadRun = (start: number, count: number) => Float32Array;

/** Elements read at once where those of a tensor are scattered. */
const BLOCK_ELEMENTS = 1 << 20;

/** An axis of a tensor, or of a box of its elements that is copied. */
interface Axis {
  readonly size: number;
  /** From one of its elements to the next, in the run and in the row-major tensor. */
  readonly stride: number;
  readonly step: number;
}

/** Reads elements [start, start + count) of a tensor, row-major; count is at least 1. */
export function readStrided(tensor: Strided, start: number, count: number, readRun: ReadRun): Float32Array {
  const axes = axesOf(tensor);
  if (axes.every(({ size, stride, step }) => size === 1 || stride === step)) {
    return readRun(tensor.offset + start, count);
  }
  const output = new Float32Array(count);
  copyRange(axes, tensor.offset, start, count, readRun, output);
  return output;
}

function axesOf({ shape, strides }: Strided): Axis[] {
  const step = (axis: number): number => shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  return shape.map((size, axis) => ({ size, stride: strides[axis] as number, step: step(axis) }));
}

/** Copies a range as the rest of a row, whole rows, and the beginning of one; rows are those of the first axis. */
function copyRange(
  axes: readonly Axis[],
  position: number,
  start: number,
  count: number,
  readRun: ReadRun,
  output: Float32Array,
): void {
  const [axis, ...inner] = axes as readonly [Axis, ...Axis[]];
  for (let done = 0; done < count; ) {
    const row = Math.floor((start + done) / axis.step);
    const within = (start + done) % axis.step;
    const rows = within === 0 ? Math.floor((count - done) / axis.step) : 0;
    const rest = output.subarray(done);
    const place = position + row * axis.stride;
    if (rows > 0) {
      gather(
        [{ ...axis, size: rows }, ...inner].sort((a, b) => b.stride - a.stride),
        place,
        0,
        readRun,
        rest,
      );
      done += rows * axis.step;
    } else {
      const part = Math.min(count - done, axis.step - within);
      copyRange(inner, place, within, part, readRun, rest);
      done += part;
    }
  }
}

/** Copies a box of elements, its axes in the order of the run, block by block; `target` is the first one's index. */
function gather(axes: readonly Axis[], position: number, target: number, readRun: ReadRun, output: Float32Array): void {
  const extent = 1 + axes.reduce((sum, { size, stride }) => sum + (size - 1) * stride, 0);
  if (extent <= BLOCK_ELEMENTS) {
    scatter(axes, 0, readRun(position, extent), 0, target, output);
    return;
  }
  const [axis, ...inner] = axes as readonly [Axis, ...Axis[]];
  // The innermost axis is read as many elements at a time as make a block, any other axis one element at a time.
  const most = inner.length > 0 ? 1 : Math.max(1, Math.floor(BLOCK_ELEMENTS / axis.stride));
  for (let i = 0; i < axis.size; i += most) {
    const piece = most === 1 ? inner : [{ ...axis, size: Math.min(most, axis.size - i) }];
    gather(piece, position + i * axis.stride, target + i * axis.step, readRun, output);
  }
}

function scatter(
  axes: readonly Axis[],
  level: number,
  block: Float32Array,
  position: number,
  target: number,
  output: Float32Array,
): void {
  const axis = axes[level];
  if (axis === undefined) {
    output[target] = block[position] as number;
    return;
  }
  for (let i = 0; i < axis.size; i++) {
    scatter(axes, level + 1, block, position + i * axis.stride, target + i * axis.step, output);
  }
}
