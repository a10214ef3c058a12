/**
 * What vLLM's routes have in common.
 *
 * Source: vLLM, vllm/entrypoints/pooling/ and vllm/entrypoints/openai/protocol.py, as of 2026.
 */
import { randomUUID } from 'node:crypto';
import { type Activation, classifierActivation } from '../../scorer/label-values.js';
import { Refusal } from '../refusal.js';
import type { ServedModel } from '../served-model.js';
import type { Fields, RequestBody } from './request-body.js';
import { Rows, someRows, textsOf } from './rows.js';
import type { Scores } from './scores.js';

export const textOrTexts = { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] } as const;
export const modelField = {
  schema: { type: 'string' },
  doc: 'any name: there is one model, and the answer names it',
} as const;
export const withoutEffect = (type: string): Fields[string] => ({ schema: { type }, doc: 'no reward depends on it' });
/** What would change how rows are read: that is the server's to say. */
const onlyServers = (type: string): Fields[string] => ({ schema: { type }, doc: 'refused', only: [] });

export const commonFields: Fields = {
  model: modelField,
  user: withoutEffect('string'),
  request_id: withoutEffect('string'),
  priority: withoutEffect('integer'),
  truncate_prompt_tokens: {
    schema: { type: 'integer' },
    doc: "-1, or the server's number of tokens: others are refused",
  },
  truncation_side: { schema: { enum: ['left', 'right'] }, doc: "the server's: the other one is refused" },
  use_activation: { schema: { type: 'boolean' }, doc: 'false: logits; true: as where it is left out' },
  activation: { schema: { type: 'boolean' }, doc: 'the older name of use_activation' },
};

/** Of routes that take texts or a conversation. */
export const inputFields: Fields = {
  ...commonFields,
  input: { schema: textOrTexts, doc: 'whole texts, which are scored as they are' },
  messages: { schema: { type: 'array', items: { type: 'object' } }, doc: 'a conversation, in place of input' },
  add_special_tokens: {
    schema: { type: 'boolean' },
    doc: 'true with input, false with messages; either where the tokenizer adds none',
  },
  add_generation_prompt: { schema: { type: 'boolean' }, doc: 'a reward is of what was said', only: [false] },
  continue_final_message: { schema: { type: 'boolean' }, doc: 'a reward is of whole messages', only: [false] },
  chat_template: onlyServers('string'),
  chat_template_kwargs: onlyServers('object'),
  mm_processor_kwargs: onlyServers('object'),
};

/**
 * The rows of `input` or `messages`.
 *
 * @throws Refusal 400 where there are not one of the two
 */
export function inputRows(
  request: RequestBody,
  served: ServedModel,
): { readonly lines: Buffer; readonly name: string } {
  const messages = request.span('messages');
  if ((messages === undefined) === !request.has('input')) {
    throw new Refusal(400, `expected input or messages, got ${messages === undefined ? 'neither' : 'both'}`);
  }
  checkSpecialTokens(request, messages === undefined, served);
  const rows = new Rows(request, served);
  if (messages !== undefined) {
    if (request.kind(messages) !== 'an array') throw request.refusal('messages', 'an array of messages');
    rows.addMessages(messages);
    return { lines: rows.lines, name: 'messages' };
  }
  let count = 0;
  for (const text of textsOf(request, 'input')) {
    rows.addText(text);
    count++;
  }
  someRows(count, 'input');
  return { lines: rows.lines, name: 'input' };
}

/** @throws Refusal 400 where other special tokens are wanted than are put around a text */
function checkSpecialTokens(request: RequestBody, isText: boolean, { settings: { specialTokens } }: ServedModel): void {
  const wanted = request.flag('add_special_tokens');
  const { before = [], after = [] } = specialTokens?.value ?? {};
  // Where the tokenizer adds none, it is the same either way.
  if (wanted === undefined || wanted === isText || before.length + after.length === 0) return;
  throw request.refusal('add_special_tokens', isText ? 'true with input' : 'false with messages');
}

/**
 * How labels' logits become what is answered, where the request does not say.
 *
 * @throws Refusal 400 where it says two things
 */
export function activationOf(request: RequestBody, byDefault: Activation, whenAsked = byDefault): Activation {
  const [asked, older] = [request.flag('use_activation'), request.flag('activation')];
  if (asked !== undefined && older !== undefined && asked !== older) {
    throw new Refusal(400, 'expected use_activation or its older name activation, got both, and they differ');
  }
  const activates = asked ?? older;
  if (activates === undefined) return byDefault;
  return activates ? whenAsked : 'none';
}

export const modelsActivation = ({ labels, problemType }: ServedModel): Activation =>
  classifierActivation(labels.length, problemType);

/** @throws Refusal 400 where texts were to be cut in another way than the server's */
export function checkTruncation(request: RequestBody, { settings: { maxLength, truncationSide } }: ServedModel): void {
  const length = request.wholeNumber('truncate_prompt_tokens', -1);
  if (length !== undefined && length !== -1 && length !== maxLength.value) {
    throw request.refusal('truncate_prompt_tokens', `-1 or ${maxLength.value} (${maxLength.source})`);
  }
  const side = request.oneOf('truncation_side', ['left', 'right']);
  if (side !== undefined && side !== truncationSide.value) {
    throw request.refusal('truncation_side', `${truncationSide.value} (${truncationSide.source})`);
  }
}

/** @throws Refusal 400 for a model whose score of a pair would be one of several */
export function checkOneLabel({ labels }: ServedModel): void {
  if (labels.length === 1) return;
  throw new Refusal(400, `expected a model with one label on this route, got one with ${labels.length}; ask /classify`);
}

/** What an answer begins with. */
export const head = (kind: string, { id }: ServedModel) => ({
  id: `${kind}-${randomUUID().replaceAll('-', '')}`,
  object: 'list',
  created: Math.floor(Date.now() / 1000),
  model: id,
});

export const usage = ({ tokens }: Scores) => ({
  prompt_tokens: tokens,
  total_tokens: tokens,
  completion_tokens: 0,
  prompt_tokens_details: null,
});

const errorTypes: Readonly<Record<number, string>> = {
  400: 'BadRequestError',
  401: 'AuthenticationError',
  403: 'PermissionDeniedError',
  404: 'NotFoundError',
  422: 'UnprocessableEntityError',
  503: 'ServiceUnavailableError',
};

/** OpenAI's form of an error, which vLLM's and SGLang's clients read. */
export const openAiError = ({ status, message, details }: Refusal): object => ({
  error: { message, type: errorTypes[status] ?? 'BadRequestError', param: null, code: status, ...renamed(details) },
});

/** `code` is the status there, so that a row's goes by another name. */
function renamed({ code, ...others }: Refusal['details']): object {
  return { ...others, ...(code !== undefined && { row_error: code }) };
}
