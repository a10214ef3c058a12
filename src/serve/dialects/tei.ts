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
  truncation_direction: { schema: { enum: ['left', 'right'] }, doc: "the server's: the other one is refused" },
  raw_scores: { schema: { type: 'boolean' }, doc: 'true: logits' },
} as const satisfies Fields;

/** @throws Refusal 400 where texts were to be cut on the other side */
export function checkDirection(request: RequestBody, { settings: { truncationSide } }: ServedModel): void {
  const side = request.oneOf('truncation_direction', ['left', 'right']);
  if (side === undefined || side === truncationSide.value) return;
  throw request.refusal('truncation_direction', `${truncationSide.value} (${truncationSide.source})`);
}

/** @throws Refusal 413 where a text was cut that was not to be */
export function checkUncut(scores: Scores, truncate: boolean | undefined, { settings }: ServedModel): void {
  const cut = truncate === false ? scores.firstCut : undefined;
  if (cut === undefined) return;
  throw new Refusal(
    413,
    `${scores.name}[${cut.index}]: expected at most ${settings.maxLength.value} tokens where truncate is false, got ${cut.tokens} more`,
    { details: { index: cut.index } },
  );
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
