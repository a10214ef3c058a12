/** TEI's `POST /rerank`. */
import type { Span } from '../../rows/json-scanner.js';
import type { Dialect } from './dialect.js';
import { bestOf, topField, topOf } from './rerank.js';
import { Rows, someRows, stringAt, textsOf } from './rows.js';
import { commonFields, cutCheckOf, teiError } from './tei.js';
import { checkOneLabel } from './vllm.js';

export const teiRerank: Dialect = {
  server: 'TEI',
  summary: 'a query and texts: an array of `{"index", "score"}`, the best first',
  mark: 'texts',
  fields: {
    query: { schema: { type: 'string' }, doc: 'the prompt' },
    texts: { schema: { type: 'array', items: { type: 'string' } }, doc: 'the responses' },
    top_n: topField, // LiteLLM asks TEI for it too.
    return_text: { schema: { type: 'boolean' }, doc: 'true: results with their texts' },
    ...commonFields,
  },
  read(request, served) {
    const checkCut = cutCheckOf(request, served);
    checkOneLabel(served);
    const activation = request.flag('raw_scores') ? 'none' : 'sigmoid';
    const top = topOf(request);
    const returnsText = request.flag('return_text') ?? false;
    const query = request.span('query');
    if (query === undefined) throw request.refusal('query', 'a text');
    stringAt(request, query, 'query');
    const rows = new Rows(request, served);
    const texts: Span[] = [];
    for (const text of textsOf(request, 'texts')) {
      rows.addPair(query, text);
      texts.push(text);
    }
    someRows(texts.length, 'texts');
    return {
      name: 'texts',
      lines: rows.lines,
      answer(scores) {
        checkCut(scores);
        return bestOf(scores.ones(activation), top).map(({ index, score }) => ({
          index,
          score,
          ...(returnsText && { text: request.text(texts[index] as Span) }),
        }));
      },
    };
  },
  error: teiError,
};
