/** vLLM's `POST /score`: a query with each of several documents, or pairs of the two. */
import { Refusal } from '../refusal.js';
import type { ServedModel } from '../served-model.js';
import type { Dialect } from './dialect.js';
import type { RequestBody } from './request-body.js';
import { Rows, someRows, textsOf } from './rows.js';
import {
  activationOf,
  checkOneLabel,
  checkTruncation,
  commonFields,
  head,
  modelsActivation,
  openAiError,
  textOrTexts,
  usage,
} from './vllm.js';

/** What vLLM has called the two over time. */
const names = [
  ['queries', 'documents'],
  ['text_1', 'text_2'],
  ['data_1', 'data_2'],
] as const;

export const vllmScore: Dialect = {
  server: 'vLLM',
  summary: 'queries and documents, 1 to N or N to N: `data[i].score`, in the order of the documents',
  fields: {
    ...commonFields,
    ...Object.fromEntries(
      names.flatMap(([query, document]) => [
        [query, { schema: textOrTexts, doc: 'the query, or one for each document: the prompt' }],
        [document, { schema: textOrTexts, doc: 'the documents: the responses' }],
      ]),
    ),
  },
  read(request, served) {
    checkTruncation(request, served);
    checkOneLabel(served);
    const activation = activationOf(request, modelsActivation(served));
    return {
      ...pairs(request, served),
      answer: (scores) => ({
        ...head('score', served),
        data: scores.ones(activation).map((score, index) => ({ index, object: 'score', score })),
        usage: usage(scores),
      }),
    };
  },
  error: openAiError,
};

function pairs(request: RequestBody, served: ServedModel): { readonly lines: Buffer; readonly name: string } {
  const given = names.filter((pair) => pair.some((name) => request.has(name)));
  const [pair] = given;
  if (pair === undefined || given.length > 1) {
    throw new Refusal(400, `expected ${names.map((each) => each.join(' and ')).join(', or ')}, got not one of these`);
  }
  const [queriesName, documentsName] = pair;
  const queries = textsOf(request, queriesName);
  const [query, second] = [queries.next().value, queries.next().value];
  if (query === undefined) throw request.refusal(queriesName, 'a text or an array of texts');
  const counts = `expected one of ${queriesName}, or as many as ${documentsName}, got`;
  const rows = new Rows(request, served);
  let count = 0;
  // One by one on both sides, so that an array of a million texts is refused before it is gathered.
  for (const document of textsOf(request, documentsName)) {
    const own = second === undefined || count === 0 ? query : count === 1 ? second : queries.next().value;
    if (own === undefined) throw new Refusal(400, `${counts} ${count}, and more documents`);
    rows.addPair(own, document);
    count++;
  }
  someRows(count, documentsName);
  const isOver = second === undefined || (count > 1 && queries.next().done === true);
  if (!isOver) throw new Refusal(400, `${counts} more than the ${count} of ${documentsName}`);
  return { lines: rows.lines, name: documentsName };
}
