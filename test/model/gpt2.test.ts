/** What the config.json of a GPT-2 may not say; its rewards are in oracle.test.ts. */
import { gpt2 } from '../../dist/model/architectures/gpt2.js';
import { describeRefusals } from '../support/refusals.js';

describeRefusals(gpt2.build, { n_embd: 16, n_head: 2, n_layer: 1 }, [
  [{ is_causal: false }, 'is_causal', 'true', 'false'],
  [{ add_cross_attention: true }, 'add_cross_attention', 'false', 'true'],
  [{ is_encoder_decoder: true }, 'is_encoder_decoder', 'false', 'true'],
  [{ quantization_config: { bits: 4 } }, 'quantization_config', 'absent', '{"bits":4}'],
  [{ pruned_heads: { 0: [1] } }, 'pruned_heads', 'absent', '{"0":[1]}'],
  [{ num_attention_heads: 4 }, 'n_head', 'what num_attention_heads is (4)', '2'],
  [{ num_hidden_layers: 3 }, 'n_layer', 'what num_hidden_layers is (3)', '1'],
  [{ per_layer_config: { 0: { n_inner: 8 } } }, 'per_layer_config', 'absent', '{"0":{"n_inner":8}}'],
]);
