// How fast texts become token ids: over the tables of a byte-level BPE, and step by step as any other tokenizer.
//
//     node bench/tokenizer.mjs DIRECTORY ROWS.jsonl
//
// DIRECTORY holds the tokenizer. The texts are all strings in the rows. Ids must be equal; rates are of processor time,
// the first round with nothing remembered. Prints JSON.
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { AddedVocabulary } from '../dist/model/tokenizer/added-vocabulary.js';
import { TableVocabulary } from '../dist/model/tokenizer/byte-level/table-vocabulary.js';
import { stepwiseEncoder } from '../dist/model/tokenizer/encoder.js';
import { readTokenizerFiles } from '../dist/model/tokenizer/files.js';
import { normalizer } from '../dist/model/tokenizer/normalizers.js';
import { shareTokenizer } from '../dist/model/tokenizer/shared-tokenizer.js';
import { Tokenizer } from '../dist/model/tokenizer/tokenizer.js';
import { ReadVocabulary } from '../dist/model/tokenizer/vocabulary.js';

const ROUNDS = 3;

const [directory, rowsFile] = process.argv.slice(2);
const texts = readFileSync(rowsFile, 'utf8')
  .trimEnd()
  .split('\n')
  .flatMap((line) => stringsIn(JSON.parse(line)));
const [files, readSeconds] = timed(() => readTokenizerFiles(directory));
if (!(files.vocabulary instanceof TableVocabulary)) throw new Error(`${directory}: no plain byte-level BPE`);

const tokenizer = new Tokenizer(files);
const stepwise = stepByStep(files);
if (!texts.every((text) => isDeepStrictEqual(tokenizer.encode(text), stepwise(text)))) throw new Error('other ids');

const { tables } = shareTokenizer(files);
const shared = Object.values(tables).filter((table) => table.buffer instanceof SharedArrayBuffer);
process.stdout.write(
  `${JSON.stringify({
    texts: texts.length,
    tokens: texts.reduce((sum, text) => sum + tokenizer.encode(text).length, 0),
    readSeconds,
    sharedBytes: shared.reduce((sum, { byteLength }) => sum + byteLength, 0),
    tablesTokensPerSecond: rates(new Tokenizer(files)),
    stepsTokensPerSecond: rates({ encode: stepByStep(files) }),
  })}\n`,
);

function stepByStep({ tokenizer: steps, added, splitsSpecialTokens }) {
  const vocabulary = new ReadVocabulary(steps.model.vocab);
  const again = new AddedVocabulary(vocabulary);
  for (const tokens of added.additions) again.add(tokens);
  return stepwiseEncoder(steps, vocabulary, again.splitter(normalizer(steps.normalizer), splitsSpecialTokens));
}

function rates(encoder) {
  return Array.from({ length: ROUNDS }, () => {
    const [tokens, seconds] = timed(() => texts.reduce((sum, text) => sum + encoder.encode(text).length, 0));
    return Math.round(tokens / seconds);
  });
}

function timed(work) {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return [result, (user + system) / 1e6];
}

function stringsIn(value) {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}
