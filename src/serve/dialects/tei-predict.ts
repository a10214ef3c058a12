/** TEI's `POST /predict`, which is also how huggingface_hub's `InferenceClient.text_classification` asks. */
import type { Span } from '../../rows/json-scanner.js';
import type { Activation } from '../../scorer/label-values.js';
import { Refusal } from '../refusal.js';
import type { ServedModel } from '../served-model.js';
import type { Dialect } from './dialect.js';
import type { Fields, RequestBody } from './request-body.js';
import { bestFirst } from './rerank.js';
import { Rows, someRows, stringAt } from './rows.js';
import { commonFields, cutCheckOf, teiError } from './tei.js';

/** Of the hub's API for text classification. */
const parameterFields = {
  function_to_apply: { schema: { enum: ['sigmoid', 'softmax', 'none'] }, doc: 'in place of raw_scores' },
  top_k: { schema: { type: 'integer' }, doc: 'how many labels' },
} as const satisfies Fields;

export const teiPredict: Dialect = {
  server: 'TEI, Hugging Face Inference Endpoints',
  summary: 'a text, a pair of texts or a batch of either: every label with its score, the best first',
  fields: {
    inputs: {
      schema: { anyOf: [{ type: 'string' }, { type: 'array' }] },
      doc: 'a text; two texts, which are one pair; or an array of arrays of one text or two',
    },
    ...commonFields,
    parameters: {
      schema: { type: 'object' },
      doc: "function_to_apply, top_k; with it a lone text is answered as a batch of one, as by the hub's API",
    },
  },
  read(request, served) {
    const checkCut = cutCheckOf(request, served);
    const parameters = request.inner('parameters', parameterFields);
    const activation = activationOf(request, parameters, served);
    const most = parameters?.wholeNumber('top_k', 1) ?? served.labels.length;
    const rows = new Rows(request, served);
    // The hub's API, whose clients send parameters, be they empty, answers a lone text as a batch of one.
    const isBatch = addInputs(request, rows) || parameters !== undefined;
    return {
      name: 'inputs',
      lines: rows.lines,
      answer(scores) {
        checkCut(scores);
        const answers = scores.values(activation).map((values) =>
          bestFirst(values)
            .slice(0, most)
            .map(({ index, score }) => ({ score, label: served.labels[index] })),
        );
        return isBatch ? answers : (answers[0] as object);
      },
    };
  },
  error: teiError,
};

function activationOf(request: RequestBody, parameters: RequestBody | undefined, { labels }: ServedModel): Activation {
  const asked = parameters?.oneOf('function_to_apply', ['sigmoid', 'softmax', 'none']);
  const isRaw = request.flag('raw_scores');
  if (asked !== undefined && isRaw !== undefined) {
    throw new Refusal(400, 'expected raw_scores or function_to_apply, got both');
  }
  return asked ?? (isRaw ? 'none' : labels.length === 1 ? 'sigmoid' : 'softmax');
}

/** @returns whether it is a batch, which is answered with an array of arrays */
function addInputs(request: RequestBody, rows: Rows): boolean {
  const inputs = request.span('inputs');
  if (inputs !== undefined && request.kind(inputs) === 'a string') {
    rows.addText(inputs);
    return false;
  }
  if (inputs === undefined || request.kind(inputs) !== 'an array') {
    throw request.refusal('inputs', 'a text, a pair of texts or a batch');
  }
  let count = 0;
  let strings: Span[] | undefined;
  for (const element of request.elements(inputs)) {
    const isText = request.kind(element) === 'a string';
    if (count === 0 && isText) strings = [];
    if (strings !== undefined) {
      if (strings.length === 2) throw notAPair('inputs', 'more than two');
      strings.push(stringAt(request, element, `inputs[${count}]`));
    } else {
      addInput(request, rows, element, `inputs[${count}]`);
    }
    count++;
  }
  someRows(count, 'inputs');
  if (strings !== undefined) addTexts(rows, strings, 'inputs');
  return strings === undefined;
}

/** A text or two, as an array; in a batch of arrays a text may stand alone. */
function addInput(request: RequestBody, rows: Rows, element: Span, place: string): void {
  if (request.kind(element) === 'a string') {
    rows.addText(element);
    return;
  }
  if (request.kind(element) !== 'an array') {
    throw new Refusal(400, `expected ${place} to be an array of a text or two, got ${request.kind(element)}`);
  }
  const texts: Span[] = [];
  for (const text of request.elements(element)) {
    if (texts.length === 2) throw notAPair(place, 'more');
    texts.push(stringAt(request, text, `${place}[${texts.length}]`));
  }
  addTexts(rows, texts, place);
}

function addTexts(rows: Rows, [first, second]: readonly Span[], place: string): void {
  if (first === undefined) throw notAPair(place, 'none');
  if (second === undefined) rows.addText(first);
  else rows.addPair(first, second);
}

const notAPair = (place: string, got: string): Refusal =>
  new Refusal(
    400,
    `expected ${place} to be one text or two, which are a pair, got ${got}; a batch is an array of arrays`,
  );
