/** The tensors of a checkpoint, whatever files and formats hold them. */
export interface TensorSource {
  readonly names: readonly string[];
  shapeOf(name: string): readonly number[] | undefined;
  /**
   * Reads elements [start, start + count) of a tensor, row-major, as float32.
   *
   * @throws FatalError `run` where the tensor's type is not F32, F16 or BF16, or it cannot be read
   */
  read(name: string, start: number, count: number): Float32Array;
  close(): void;
}
