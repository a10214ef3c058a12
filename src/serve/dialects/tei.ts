/**
 * What the routes of Hugging Face's text-embeddings-inference (TEI) have in common.
 *
 * Source: github.com/huggingface/text-embeddings-inference 0d124dc, router/src/http/.
 */
import { Refusal } from '../refusal.js';
import type { ServedModel } from '../served-model.js';
import type { Fields, RequestBody } from './request-body.js';
import type { Scores } from './scores.js';

export const commonFields = {
  truncate: { schema: { type: 'boolean' }, doc: 'false: a text that would be cut is refused; else it is cut' },
  truncation_direction: {
    schema: { enum: ['left', 'right'] },
    doc: "the server's: with the other one, a text that would be cut is refused",
  },
  raw_scores: { schema: { type: 'boolean' }, doc: 'true: logits' },
} as const satisfies Fields;

/**
 * Clients name a side whether or not anything is cut, and mean it only for what is: LiteLLM and TEI's own example say right.
 *
 * @returns what checks the scores; it throws Refusal 413 where a text was cut that was not to be, and 400 where it was to be
 *   cut on the other side
 */
export function cutCheckOf(request: RequestBody, { settings }: ServedModel): (scores: Scores) => void {
  const { maxLength, truncationSide } = settings;
  const truncate = request.flag('truncate');
  const side = request.oneOf('truncation_direction', ['left', 'right']);
  return (scores) => {
    const cut = scores.firstCut;
    if (cut === undefined) return;
    const details = { index: cut.index };
    const text = `${scores.name}[${cut.index}]`;
    if (truncate === false) {
      const message = `${text}: expected at most ${maxLength.value} tokens where truncate is false, got ${cut.tokens} more`;
      throw new Refusal(413, message, { details });
    }
    if (side === undefined || side === truncationSide.value) return;
    const { message } = request.refusal('truncation_direction', `${truncationSide.value} (${truncationSide.source})`);
    throw new Refusal(400, `${text} is too long and was cut: ${message}`, { details });
  };
}

const errorTypes: Readonly<Record<number, string>> = {
  400: 'Validation',
  401: 'Unauthorized',
  413: 'Validation',
  422: 'Tokenizer',
  503: 'Overloaded',
};

export const teiError = ({ status, message, details }: Refusal): object => ({
  error: message,
  error_type: errorTypes[status] ?? 'Validation',
  ...details,
});
