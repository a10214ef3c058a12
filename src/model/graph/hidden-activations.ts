/**
 * The activations between a network's linear layers, as nodes of a graph.
 *
 * Source: transformers 5.23.0, activations.py, with dtype float32.
 */
import { type GraphBuilder, MICROSOFT } from './graph.js';

/** Computes the activation of x + bias; of x alone where bias is ''. */
export type HiddenActivation = (graph: GraphBuilder, x: string, bias: string) => string;

const biased =
  (apply: (graph: GraphBuilder, x: string) => string): HiddenActivation =>
  (graph, x, bias) =>
    apply(graph, bias === '' ? x : graph.add('Add', [x, bias]));

/** x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2 */
const tanhGelu: HiddenActivation = (graph, x, bias) =>
  graph.add('FastGelu', bias === '' ? [x] : [x, bias], {}, MICROSOFT);

/** x·(1 + erf(x/√2))/2 */
const erfGelu: HiddenActivation = (graph, x, bias) =>
  bias === '' ? graph.add('Gelu', [x], {}, MICROSOFT) : graph.add('BiasGelu', [x, bias], {}, MICROSOFT);

const relu = biased((graph, x) => graph.add('Relu', [x]));
const silu = biased((graph, x) => graph.add('QuickGelu', [x], { alpha: { float: 1 } }, MICROSOFT)); // x·σ(x)
const clip = (graph: GraphBuilder, x: string, low: number, high: number): string =>
  graph.add('Clip', [x, graph.float(low), graph.float(high)]);

/**
 * transformers' ACT2FN by name, without those with learned parameters (prelu, xielu), for which these checkpoints have
 * no tensors.
 */
export const hiddenActivations = {
  gelu: erfGelu,
  gelu_10: (graph, x, bias) => clip(graph, erfGelu(graph, x, bias), -10, 10),
  gelu_accurate: tanhGelu,
  gelu_fast: tanhGelu,
  gelu_new: tanhGelu,
  gelu_python: erfGelu,
  gelu_python_tanh: tanhGelu,
  gelu_pytorch_tanh: tanhGelu,
  hardswish: biased((graph, x) => graph.add('HardSwish', [x])),
  laplace: biased((graph, x) => {
    const standardized = graph.add('Div', [
      // biome-ignore lint/suspicious/noApproximativeNumericConstant: the reference writes 1/√2 in six digits
      graph.add('Sub', [x, graph.float(0.707107)]),
      graph.float(0.282095 * Math.SQRT2),
    ]);
    const tail = graph.add('Add', [graph.add('Erf', [standardized]), graph.float(1)]);
    return graph.add('Mul', [tail, graph.float(0.5)]);
  }),
  leaky_relu: biased((graph, x) => graph.add('LeakyRelu', [x], { alpha: { float: 0.01 } })),
  linear: biased((_, x) => x),
  mish: biased((graph, x) => graph.add('Mish', [x])),
  quick_gelu: biased((graph, x) => graph.add('QuickGelu', [x], { alpha: { float: 1.702 } }, MICROSOFT)),
  relu,
  relu2: (graph, x, bias) => {
    const rectified = relu(graph, x, bias);
    return graph.add('Mul', [rectified, rectified]);
  },
  relu6: biased((graph, x) => clip(graph, x, 0, 6)),
  sigmoid: biased((graph, x) => graph.add('Sigmoid', [x])),
  silu,
  sqrtsoftplus: biased((graph, x) => graph.add('Sqrt', [graph.add('Softplus', [x])])),
  swish: silu,
  tanh: biased((graph, x) => graph.add('Tanh', [x])),
} satisfies Record<string, HiddenActivation>;

export const hiddenActivationNames = Object.keys(hiddenActivations) as (keyof typeof hiddenActivations)[];
