/**
 * SGLang's `POST /classify`, as the cards of Skywork's reward models ask it: logits, in a bare array.
 *
 * Source: SGLang's page "Classify (reward model)", and the card of Skywork-Reward-V2.
 */
import type { Dialect } from './dialect.js';
import { Rows, someRows, textsOf } from './rows.js';
import { modelField, openAiError, textOrTexts } from './vllm.js';

export const sglangClassify: Dialect = {
  server: 'SGLang',
  summary: 'texts: an array of `{"embedding": [logits]}`',
  mark: 'text',
  fields: {
    model: modelField,
    text: { schema: textOrTexts, doc: 'whole texts, which are scored as they are' },
    rid: { schema: textOrTexts, doc: 'no reward depends on it' },
  },
  read(request, served) {
    const rows = new Rows(request, served);
    const text = request.span('text');
    const isOne = text !== undefined && request.kind(text) === 'a string';
    let count = 0;
    for (const each of textsOf(request, 'text')) {
      rows.addText(each);
      count++;
    }
    someRows(count, 'text');
    return {
      name: 'text',
      lines: rows.lines,
      answer(scores) {
        const tokens = scores.tokensOfEach;
        const answers = scores
          .values('none')
          .map((embedding, i) => ({ embedding, meta_info: { model: served.id, prompt_tokens: tokens[i] } }));
        return isOne ? (answers[0] as object) : answers;
      },
    };
  },
  error: openAiError,
};
