/** vLLM's `POST /pooling`, as its page on reward models asks for rewards: logits, unless the request says otherwise. */
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

const tasks = ['reward', 'classify', 'score'] as const;

export const vllmPooling: Dialect = {
  server: 'vLLM',
  summary: 'texts or a conversation: the logits of every label, in `data[i].data`',
  fields: {
    ...inputFields,
    task: { schema: { enum: tasks }, doc: 'classify and score: probabilities, as /classify gives them' },
    encoding_format: { schema: { enum: ['float'] }, doc: 'numbers', only: ['float'] },
  },
  read(request, served) {
    checkTruncation(request, served);
    const task = request.oneOf('task', tasks) ?? 'reward';
    const classified = modelsActivation(served);
    const activation = activationOf(request, task === 'reward' ? 'none' : classified, classified);
    return {
      ...inputRows(request, served),
      answer: (scores) => ({
        ...head('pool', served),
        data: scores.values(activation).map((data, index) => ({ index, object: 'pooling', data })),
        usage: usage(scores),
      }),
    };
  },
  error: openAiError,
};
