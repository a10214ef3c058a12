/** Text classifiers in .onnx files: those of test/oracle/foreign, and small ones made here that no exporter would make. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ElementType, type Graph, GraphBuilder, type Value } from '../../dist/model/graph/graph.js';
import { encodeModel } from '../../dist/model/graph/onnx.js';
import type { TruncationSide } from '../../dist/model/tokenizer/tokenizer.js';
import { readOracle } from './oracle.js';
import { root } from './run.js';

export interface ExportedReference {
  readonly texts: readonly string[];
  /** Where the embedding of token 0 stands in `plain`, and how far it is to the next. */
  readonly plainEmbedding: { readonly offset: number; readonly bytesPerToken: number };
  readonly models: Readonly<
    Record<
      string,
      { readonly file: string; readonly sha256: string; readonly parameters: number; readonly rewards: number[] }
    >
  >;
}

export const reference = readOracle<ExportedReference>('foreign.json');

/** test/oracle/tokenizers.json */
export interface TokenizerReference {
  readonly mergedId: number;
  /** More merges than the small model's tokenizer has, and from `mergedId` on the ids of what they give. */
  readonly merges: readonly (readonly [string, string])[];
  readonly texts: readonly string[];
  readonly tokenizers: Readonly<
    Record<
      string,
      {
        readonly edits: object;
        readonly config: object;
        readonly cases: readonly {
          readonly maxLength: number;
          readonly side: TruncationSide;
          readonly ids: readonly (readonly number[])[];
        }[];
      }
    >
  >;
}

export const tokenizerReference = readOracle<TokenizerReference>('tokenizers.json');

const fixture = join(root, 'fixtures/tiny-gpt2');

/** Writes a tokenizer of the reference, or, without a name, the small model's own. */
export function writeTokenizer(directory: string, name?: string): void {
  const content = JSON.parse(readFileSync(join(fixture, 'tokenizer.json'), 'utf8')) as {
    model: { merges: unknown[]; vocab: Record<string, number> };
  };
  const { mergedId, merges, tokenizers } = tokenizerReference;
  const { edits = {}, config = {} } = (name && tokenizers[name]) || {};
  if (name !== undefined) {
    for (const [i, pair] of merges.entries()) content.model.vocab[pair.join('')] = mergedId + i;
    content.model.merges.push(...merges);
  }
  writeFileSync(join(directory, 'tokenizer.json'), JSON.stringify({ ...content, ...edits }));
  const whole = { tokenizer_class: 'PreTrainedTokenizerFast', ...config };
  writeFileSync(join(directory, 'tokenizer_config.json'), JSON.stringify(whole));
}

/** A copy of a model of the reference, with its tokenizer; returns the path of its .onnx file. */
export function copyExportedModel(directory: string, name: string): string {
  const model = join(directory, name);
  cpSync(join(root, 'test/oracle/foreign', name), model, { recursive: true });
  writeTokenizer(model, name === 'bert' ? 'cls-sep' : undefined);
  return join(model, reference.models[name]?.file ?? '');
}

/** A copy of `plain` in which the embedding of a token is NaN. */
export function copyWithNaN(directory: string, name: string, token: number): string {
  const file = copyExportedModel(join(directory, name), 'plain');
  const bytes = readFileSync(file);
  const { offset, bytesPerToken } = reference.plainEmbedding;
  for (let i = 0; i < bytesPerToken; i += 4) bytes.writeFloatLE(Number.NaN, offset + token * bytesPerToken + i);
  writeFileSync(file, bytes);
  return file;
}

/** Shapes and types of a small graph; by default those of a text classifier. */
export interface SmallGraph {
  readonly inputs?: readonly Value[];
  readonly outputName?: string;
  /** From float ids [batch, sequence] to the output. */
  readonly body?: (graph: GraphBuilder, ids: string) => string;
  readonly outputShape?: readonly (number | string)[];
  /** More outputs: names for the same value. */
  readonly moreOutputs?: readonly string[];
}

export const input = (name: string, shape: Value['shape'] = ['batch', 'sequence']): Value => ({
  name,
  type: ElementType.int64,
  shape,
});

const meanOfRow = (graph: GraphBuilder, ids: string): string =>
  graph.add('ReduceMean', [ids, graph.int64s([1])], { keepdims: { int: 1 } });

/** Writes a model around a small graph; returns the path of its .onnx file. */
export function writeSmallModel(directory: string, small: SmallGraph, config: object = {}): string {
  mkdirSync(directory, { recursive: true });
  const { inputs = [input('input_ids'), input('attention_mask')], outputName = 'logits' } = small;
  const graph = new GraphBuilder();
  const ids = graph.add('Cast', [inputs[0]?.name ?? ''], { to: { int: ElementType.float32 } });
  const result = (small.body ?? meanOfRow)(graph, ids);
  const names = [outputName, ...(small.moreOutputs ?? [])];
  const nodes: Graph['nodes'] = [
    ...graph.nodes,
    ...names.map((name) => ({ operator: 'Identity', domain: '', inputs: [result], outputs: [name], attributes: {} })),
  ];
  const shape = small.outputShape ?? ['batch', 1];
  const outputs = names.map((name) => ({ name, type: ElementType.float32, shape }));
  const file = join(directory, 'model.onnx');
  writeFileSync(file, encodeModel({ inputs, outputs, nodes, constants: graph.constants }, [], ''));
  const base = { architectures: ['SmallForSequenceClassification'], vocab_size: 512, pad_token_id: 511, num_labels: 1 };
  writeFileSync(join(directory, 'config.json'), JSON.stringify({ ...base, ...config }));
  writeTokenizer(directory);
  return file;
}
