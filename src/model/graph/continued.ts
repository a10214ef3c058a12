/**
 * Derives from a network's graph the one that continues earlier runs: its nodes also see those of the runs before,
 * whose kept values (the keys and values of each layer) come in as inputs, and it gives its own to be kept in turn.
 */
import type { ElementType, Graph, Node } from './graph.js';

/** Begins the name of the input that holds a kept value of the nodes before. */
export const EARLIER = 'earlier.';

/** The axis of a kept value [1, nodes, size] that runs over nodes. */
const NODES_AXIS = 1;

/** A value of a graph, [1, nodes, size], that nodes of later runs look up in those before them. */
export interface KeptValue {
  readonly name: string;
  readonly type: ElementType;
  readonly size: number;
}

/** A kept value is joined to those before it where it is made, so that all of its readers see every node's. */
export function continueGraph(graph: Graph, kept: readonly KeptValue[]): Graph {
  const names = new Set(kept.map(({ name }) => name));
  const seen = (name: string): string => (names.has(name) ? `seen.${name}` : name);
  const nodes = graph.nodes.flatMap((node): Node[] => [
    { ...node, inputs: node.inputs.map(seen) },
    ...node.outputs.filter((name) => names.has(name)).map(join),
  ]);
  return {
    inputs: [
      ...graph.inputs.map((input) =>
        input.name === 'attention_bias' ? { ...input, shape: [1, 1, 'nodes', 'seen'] } : input,
      ),
      ...kept.map(({ name, type, size }) => ({ name: EARLIER + name, type, shape: [1, 'earlier', size] })),
    ],
    outputs: [...graph.outputs, ...kept.map(({ name, type, size }) => ({ name, type, shape: [1, 'nodes', size] }))],
    nodes,
    constants: graph.constants,
  };

  function join(name: string): Node {
    return {
      operator: 'Concat',
      domain: '',
      inputs: [EARLIER + name, name],
      outputs: [seen(name)],
      attributes: { axis: { int: NODES_AXIS } },
    };
  }
}
