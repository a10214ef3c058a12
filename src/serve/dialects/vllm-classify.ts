/** vLLM's `POST /classify`, which verl's reward loop asks too (verl/experimental/reward_loop, engine vllm). */
import type { Dialect } from './dialect.js';
import {
  activationOf,
  checkTruncation,
  head,
  inputFields,
  inputRows,
  modelsActivation,
  openAiError,
  usage,
} from './vllm.js';

export const vllmClassify: Dialect = {
  server: 'vLLM',
  summary: 'texts or a conversation: the probabilities of every label, in `data[i].probs`',
  fields: inputFields,
  read(request, served) {
    checkTruncation(request, served);
    const activation = activationOf(request, modelsActivation(served));
    return {
      ...inputRows(request, served),
      answer: (scores) => ({
        ...head('classify', served),
        data: scores.values(activation).map((probs, index) => ({
          index,
          label: served.labels[probs.indexOf(Math.max(...probs))],
          probs,
          num_classes: probs.length,
        })),
        usage: usage(scores),
      }),
    };
  },
  error: openAiError,
};
