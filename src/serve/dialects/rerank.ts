/**
 * Cohere's rerank, which Jina, vLLM, LiteLLM, LangChain and Dify speak too: `POST /rerank`, `/v1/rerank`, `/v2/rerank`.
 *
 * Source: Cohere's API of v1 and v2; vLLM, vllm/entrypoints/pooling/score/, whose answer it is.
 */
import type { Span } from '../../rows/json-scanner.js';
import { Refusal } from '../refusal.js';
import type { Dialect } from './dialect.js';
import type { RequestBody } from './request-body.js';
import { Rows, someRows, stringAt } from './rows.js';
import {
  activationOf,
  checkOneLabel,
  checkTruncation,
  commonFields,
  head,
  modelsActivation,
  openAiError,
  usage,
} from './vllm.js';

export const topField = {
  schema: { type: 'integer' },
  doc: 'how many results; all where it is left out or 0',
} as const;

export const rerank: Dialect = {
  server: 'Cohere, Jina, vLLM',
  summary: 'a query and documents: `results`, the best first, each with the `index` of its document',
  fields: {
    ...commonFields,
    query: { schema: { type: 'string' }, doc: 'the prompt' },
    documents: {
      schema: { type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'object' }] } },
      doc: 'the responses: texts, or objects with a text each',
    },
    top_n: topField,
    return_documents: { schema: { type: 'boolean' }, doc: 'false: results without their documents' },
    max_tokens_per_doc: {
      schema: { type: 'integer' },
      doc: "refused: texts are cut as the server's flags say",
      only: [],
    },
    max_chunks_per_doc: { schema: { type: 'integer' }, doc: 'refused: texts are not divided', only: [] },
    rank_fields: { schema: { type: 'array' }, doc: 'text alone', only: [] },
  },
  read(request, served) {
    checkTruncation(request, served);
    checkOneLabel(served);
    const activation = activationOf(request, modelsActivation(served));
    const top = topOf(request);
    const returnsDocuments = request.flag('return_documents') ?? true;
    const query = request.span('query');
    if (query === undefined) throw request.refusal('query', 'a text');
    stringAt(request, query, 'query');
    const rows = new Rows(request, served);
    const documents: Span[] = [];
    for (const document of documentsOf(request)) {
      rows.addPair(query, document);
      documents.push(document);
    }
    someRows(documents.length, 'documents');
    return {
      name: 'documents',
      lines: rows.lines,
      answer(scores) {
        const { id, model } = head('rerank', served);
        const results = bestOf(scores.ones(activation), top).map(({ index, score }) => ({
          index,
          ...(returnsDocuments && { document: { text: request.text(documents[index] as Span) } }),
          relevance_score: score,
        }));
        return { id, model, usage: usage(scores), results };
      },
    };
  },
  error: openAiError,
};

/** How many results are wanted; undefined: all. */
export const topOf = (request: RequestBody): number | undefined => request.wholeNumber('top_n', 0) || undefined;

export const bestOf = (scores: readonly number[], top: number | undefined): ReturnType<typeof bestFirst> =>
  bestFirst(scores).slice(0, top);

/** The rows by score; of equal ones, the earlier comes first. */
export const bestFirst = (scores: readonly number[]): { readonly index: number; readonly score: number }[] =>
  scores.map((score, index) => ({ index, score })).sort((a, b) => b.score - a.score || a.index - b.index);

function* documentsOf(request: RequestBody): Generator<Span, void, undefined> {
  const array = request.span('documents');
  if (array === undefined || request.kind(array) !== 'an array') {
    throw request.refusal('documents', 'an array of texts');
  }
  let index = 0;
  for (const element of request.elements(array)) {
    const place = `documents[${index}]`;
    yield request.kind(element) === 'an object'
      ? textMember(request, element, place)
      : stringAt(request, element, place);
    index++;
  }
}

function textMember(request: RequestBody, document: Span, place: string): Span {
  const text = request.member(document, 'text');
  if (text === undefined) throw new Refusal(400, `expected ${place} to be a text or to have one as text, got neither`);
  return stringAt(request, text, `${place}.text`);
}
