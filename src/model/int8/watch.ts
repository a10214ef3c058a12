/** The activations that are measured while a network in float32 runs on the built-in texts. */
import { ElementType, type Graph, GraphBuilder, type Value } from '../graph/graph.js';
import type { OutlierChannels } from './graph.js';

interface WatchedChannels {
  readonly output: string;
  readonly channels: number;
}

export interface Watched {
  /** Activations of which the channels are measured. */
  readonly channels: readonly WatchedChannels[];
  /** Activations of which the range of rows is measured. */
  readonly activations: readonly string[];
  /** Their channels that do not count, as these are multiplied in float32. Default: none. */
  readonly outliers?: ReadonlyMap<string, OutlierChannels>;
}

/**
 * Extends the graph: after the logits it gives the largest absolute value in each channel that is measured, and for each
 * of the activation how far below 0 its rows begin, as a share of their range, on average.
 */
export function watch(graph: Graph, { channels, activations, outliers = new Map() }: Watched): Graph {
  const builder = new GraphBuilder('watch_');
  const float = (name: string, size: number): Value => ({ name, type: ElementType.float32, shape: [size] });
  const largest = channels.map(({ output, channels }) => {
    const rows = builder.add('Reshape', [builder.add('Abs', [output]), builder.int64s([-1, channels])]);
    return float(builder.add('ReduceMax', [rows, builder.int64s([0])], { keepdims: { int: 0 } }), channels);
  });
  const shares = activations.map((x) => {
    const without = outliers.get(x);
    const counted = without === undefined ? x : builder.add('Mul', [x, builder.floats(without.others)]);
    const ends = (['ReduceMin', 'ReduceMax'] as const).map((reduce) =>
      builder.add(reduce, [counted, builder.int64s([-1])], { keepdims: { int: 0 } }),
    ) as [least: string, most: string];
    const range = builder.add('Sub', [ends[1], ends[0]]);
    const share = builder.add('Div', [builder.add('Neg', [ends[0]]), range]);
    const all = builder.add('Reshape', [share, builder.int64s([-1])]);
    return float(builder.add('ReduceMean', [all, builder.int64s([0])], { keepdims: { int: 1 } }), 1);
  });
  return {
    ...graph,
    outputs: [...graph.outputs, ...largest, ...shares],
    nodes: [...graph.nodes, ...builder.nodes],
    constants: [...graph.constants, ...builder.constants],
  };
}

/** Combines the measurements of all packs, without those that contain a NaN. */
export function seenIn(
  packs: readonly (readonly Float32Array[])[],
  { channels, activations }: Watched,
): { readonly largest: readonly Float32Array[]; readonly zeroPoints: ReadonlyMap<string, number> } {
  const largest = channels.map(({ channels }, i) => {
    const most = new Float32Array(channels);
    for (const pack of packs) {
      const own = pack[i] as Float32Array;
      for (let k = 0; k < channels; k++) if ((own[k] as number) > (most[k] as number)) most[k] = own[k] as number;
    }
    return most;
  });
  const zeroPoints = activations.flatMap((x, i): [string, number][] => {
    const shares = packs.map((pack) => pack[channels.length + i]?.[0] as number).filter(Number.isFinite);
    const share = shares.reduce((a, b) => a + b, 0) / shares.length;
    return Number.isFinite(share) ? [[x, Math.max(1, Math.min(254, Math.round(255 * share)))]] : [];
  });
  return { largest, zeroPoints: new Map(zeroPoints) };
}
