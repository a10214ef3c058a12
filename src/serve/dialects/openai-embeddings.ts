/**
 * OpenAI's `POST /v1/embeddings`, by which SGLang gives rewards: an embedding of one number. verl's reward loop asks so
 * with the engine sglang, through the openai client, which wants base64 where its user names no format.
 */
import type { Dialect } from './dialect.js';
import { Rows, someRows, textsOf } from './rows.js';
import { modelField, openAiError, textOrTexts, withoutEffect } from './vllm.js';

const formats = ['float', 'base64'] as const;

export const openAiEmbeddings: Dialect = {
  server: 'OpenAI, SGLang',
  summary: 'texts: the reward of each, as `data[i].embedding` of one number',
  fields: {
    model: modelField,
    input: { schema: textOrTexts, doc: 'whole texts, which are scored as they are' },
    encoding_format: { schema: { enum: formats }, doc: 'float: numbers; base64: a float32, little-endian' },
    dimensions: { schema: { type: 'integer' }, doc: '1', only: [1] },
    user: withoutEffect('string'),
  },
  read(request, served) {
    const format = request.oneOf('encoding_format', formats) ?? 'float';
    const rows = new Rows(request, served);
    let count = 0;
    for (const text of textsOf(request, 'input')) {
      rows.addText(text);
      count++;
    }
    someRows(count, 'input');
    return {
      name: 'input',
      lines: rows.lines,
      answer: (scores) => ({
        object: 'list',
        data: scores.rewards.map((reward, index) => ({
          object: 'embedding',
          index,
          embedding: format === 'float' ? [reward] : base64Of(reward),
        })),
        model: served.id,
        usage: { prompt_tokens: scores.tokens, total_tokens: scores.tokens },
      }),
    };
  },
  error: openAiError,
};

function base64Of(reward: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(reward);
  return bytes.toString('base64');
}
