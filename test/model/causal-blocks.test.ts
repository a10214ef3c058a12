/** Attention in blocks against attention of everything at once, of one layer. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Session, sessionOptions, toTensors } from '../../dist/model/backend/onnxruntime.js';
import { attendInBlocks } from '../../dist/model/graph/causal-blocks.js';
import { ElementType, type Graph, MICROSOFT } from '../../dist/model/graph/graph.js';
import { encodeModel } from '../../dist/model/graph/onnx.js';
import type { Feed, Feeds } from '../../dist/model/layout/layout.js';
import { attentionBias } from '../../dist/model/layout/trie.js';

const SIZE = 32;
const HEADS = 2;
const float = (name: string, ...shape: (number | string)[]) => ({ name, type: ElementType.float32, shape });

/** Attention of each node, and of the pooled nodes. */
const layer: Graph = {
  inputs: [
    { name: 'input_ids', type: ElementType.int32, shape: [1, 'nodes'] },
    { name: 'pooled_nodes', type: ElementType.int32, shape: ['pooled'] },
    float('attention_bias', 1, 1, 'nodes', 'seen'),
    float('query', 1, 'nodes', SIZE),
    float('key', 1, 'seen', SIZE),
    float('value', 1, 'seen', SIZE),
  ],
  outputs: [float('attended', 1, 'nodes', SIZE), float('pooled_attended', 1, 'pooled', SIZE)],
  nodes: [
    attention('query', 'attention_bias', 'attended'),
    ...[
      { from: 'query', axis: 1 },
      { from: 'attention_bias', axis: 2 },
    ].map(({ from, axis }) => ({
      operator: 'Gather',
      domain: '',
      inputs: [from, 'pooled_nodes'],
      outputs: [`pooled_${from}`],
      attributes: { axis: { int: axis } },
    })),
    // As positions are turned into a query after it is read.
    { operator: 'Neg', domain: '', inputs: ['pooled_query'], outputs: ['turned_query'], attributes: {} },
    attention('turned_query', 'pooled_attention_bias', 'pooled_attended'),
  ],
  constants: [],
};

function attention(query: string, bias: string, output: string) {
  return {
    operator: 'MultiHeadAttention',
    domain: MICROSOFT,
    inputs: [query, 'key', 'value', '', '', bias],
    outputs: [output],
    attributes: { num_heads: { int: HEADS }, scale: { float: 0.25 } },
  };
}

/** A pack of so many nodes after so many kept ones: a beginning, and branches that go on after it. */
function feedsOf(nodes: number, seen: number): Feeds {
  const beginning = Math.ceil(nodes / 2);
  const parents = Int32Array.from({ length: nodes }, (_, node) =>
    node > beginning && node % 7 === 0 ? beginning - 1 : node - 1,
  );
  const floats = (rows: number, seed: number): Feed => ({
    type: 'float32',
    data: Float32Array.from({ length: rows * SIZE }, (_, i) => Math.sin(i * 0.37 + seed) * 3),
    dims: [1, rows, SIZE],
  });
  return {
    input_ids: { type: 'int32', data: new Int32Array(nodes), dims: [1, nodes] },
    pooled_nodes: { type: 'int32', data: Int32Array.of(0, nodes - 1), dims: [2] },
    attention_bias: {
      type: 'float32',
      data: attentionBias({ parents }, seen),
      dims: [1, 1, nodes, seen + nodes],
    },
    query: floats(nodes, 1),
    key: floats(seen + nodes, 2),
    value: floats(seen + nodes, 3),
  };
}

describe('attention in blocks', async () => {
  const open = (graph: Graph): Promise<Session> =>
    Session.open(encodeModel(graph, [], ''), { ...sessionOptions, graphOptimizationLevel: 'disabled' });

  test('gives the bits of attention of everything at once, in packs of any length and after kept nodes', async () => {
    const cut = attendInBlocks(layer);
    const attentions = cut.nodes.filter(({ operator }) => operator === 'MultiHeadAttention');
    assert.ok(attentions.length > 2, 'nodes are in blocks');
    assert.equal(attentions.filter(({ inputs }) => inputs[0] === 'turned_query').length, 1, 'pooled nodes are not');
    const sessions = [await open(layer), await open(cut)];
    try {
      for (const seen of [0, 1, 50, 512]) {
        for (const nodes of [1, 2, 3, 15, 16, 17, 21, 22, 33, 63, 64, 65, 127, 200, 511, 512]) {
          const feeds = toTensors(feedsOf(nodes, seen));
          const [whole, blocks] = await Promise.all(sessions.map((session) => session.run(feeds)));
          for (const { name } of layer.outputs) {
            assert.deepEqual(blocks?.[name]?.data, whole?.[name]?.data, `${name} of ${nodes} nodes after ${seen}`);
          }
        }
      }
    } finally {
      for (const session of sessions) await session.release();
    }
  });
});
