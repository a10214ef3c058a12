/**
 * Windows that are answered in parts, with workers that are functions: what is written for each kind of answer is what
 * would be if the row that ends workers were a bad row of its own accord.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { failure, type RowFailure } from '../../dist/rows/failure.js';
import { readHeader } from '../../dist/rows/formats/csv-header.js';
import { jsonlSettings } from '../../dist/rows/formats/index.js';
import { builtInTemplates } from '../../dist/rows/templates.js';
import { completeAnswer } from '../../dist/scorer/answer-parts.js';
import { createAnswer } from '../../dist/scorer/answers.js';
import { type Attempt, scoreOrIsolate } from '../../dist/scorer/isolate-bad-row.js';
import type { ScoredWindow, Window, WindowTask } from '../../dist/scorer/protocol.js';
import { answerUnparsed } from '../../dist/scorer/unparsed.js';
import { WindowScorer } from '../../dist/scorer/window-scorer.js';
import { WorkerCrash } from '../../dist/scorer/worker-crash.js';

const CULPRIT = 'ends workers';
const reason = failure('WORKER_CRASH', 'scoring this row alone ended a worker thread twice: it ended with code 7');

/** Scores a window as a worker does; the reward of a text is the sum of its bytes, over a thousand. */
function workerFor(task: WindowTask, refuse?: (row: unknown) => RowFailure | undefined): WindowScorer {
  const answer = createAnswer(task);
  const idsOf = (text: string): number[] => [...Buffer.from(text)];
  return new WindowScorer({
    scorer: {
      score: async (rows) => ({
        logits: Float32Array.from(rows, (ids) => ids.reduce((sum, id) => sum + id, 0) / 1000),
        computedTokens: rows.flat().length,
      }),
      countTokens: (rows) => rows.flat().length,
      countWork: (rows) => rows.flat().length,
    },
    tokenizer: {
      rowOf: (text) => ({ row: idsOf(text), cut: 0 }),
      rowOfPair: (first, second) => ({ row: [...idsOf(first), ...idsOf(second)], cut: 0 }),
      encode: (text: string) => [...text].map(() => 1),
      count: (text) => idsOf(text).length,
      addedTexts: { before: [], after: [] },
      notices: [],
    },
    scoring: {
      maxLength: 1000,
      truncationSide: 'left',
      reserve: 0,
      activation: 'none',
      head: undefined,
      logit: 0,
      labels: 1,
      vocabularySize: 256,
      padTokenId: undefined,
      eosTokenId: undefined,
      template: { name: 'chai', kind: 'layout' },
      templateDate: undefined,
      lastSpeaker: 'any',
      botName: undefined,
      userName: undefined,
      system: undefined,
    },
    task,
    answer: { ...answer, ...(refuse && { refuse: (row) => refuse(row) ?? answer.refuse?.(row) }) },
    texts: {
      fields: task.format.fields,
      template: builtInTemplates.chai,
      reading: {
        kind: 'layout',
        jinja: false,
        openings: [],
        lastSpeaker: 'any',
        botName: undefined,
        userName: undefined,
        system: undefined,
      },
      prompts: 'unused',
    },
    decoder: true,
    heartbeat: () => undefined,
  });
}

/** A window's answer where the culprits end whoever scores them, and, where they are unreadable, whoever parses them. */
async function isolated(task: WindowTask, window: Window, unreadable: boolean): Promise<ScoredWindow> {
  const worker = workerFor(task);
  const answer = createAnswer(task);
  return scoreOrIsolate(window, {
    format: answer.format,
    async attempt(ask): Promise<Attempt> {
      const isFatal = Buffer.from(ask.window.bytes).includes(CULPRIT);
      if (isFatal && (ask.type === 'score' || unreadable)) return { crash: new WorkerCrash('ended with code 7') };
      const scored =
        ask.type === 'score' ? await worker.score(ask.window, ask.part) : worker.fail(ask.window, ask.reason);
      return { scored };
    },
    onCrash: () => undefined,
    answerUnparsed: (row, why) => answerUnparsed(row, why, answer, task.dryRun),
    completeAnswer: (whole, joined) => completeAnswer(whole, joined, answer, task),
  });
}

/** What is expected: one worker scores the whole, and the culprits are bad rows as others are. */
const undisturbed = (task: WindowTask, window: Window): Promise<ScoredWindow> =>
  workerFor(task, (row) => (JSON.stringify(row).includes(CULPRIT) ? reason : undefined)).score(window);

const windowOf = (content: string, others: Partial<Window> = {}): Window => ({
  index: 0,
  file: 0,
  byte: 0,
  line: 1,
  open: true,
  bytes: Buffer.from(content),
  ...others,
});

interface RowFields {
  readonly q: number;
  readonly text: string;
  readonly label: number;
}

/** Four groups; the culprits stand at the beginning, in the middle and at the end of theirs, and one is a group alone. */
const rows: readonly RowFields[] = ['aXc', 'Xdef', 'ghi', 'jkX', 'X'].flatMap((group, q) =>
  [...group].map((letter, label) => ({ q, text: letter === 'X' ? CULPRIT : letter.repeat(3), label: label % 2 })),
);
const jsonl = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const csv = rows.map(({ q, text, label }) => `${q},"${text}",${label}\n`).join('');

const format = jsonlSettings('reward');
const csvFormat = {
  ...format,
  from: 'csv',
  to: 'csv',
  header: readHeader(
    { bytes: Buffer.from('q,text,label'), lineEnd: Buffer.from('\n'), byte: 0, line: 1 },
    { delimiter: ',', quoted: true },
    'rows.csv:1',
  ),
  addedColumns: ['reward', 'best_index', 'reward_margin', 'rank'],
} as const;
const selection = { group: 'q', gather: false, responseField: 'response', top: 1, ranked: false, pairs: undefined };
const taskOf = (answer: WindowTask['answer'], settings: WindowTask['format'] = format): WindowTask => ({
  format: settings,
  answer,
  maxRowBytes: 1 << 20,
  dryRun: false,
  strict: false,
});

const tasks: readonly (readonly [what: string, task: WindowTask, content: string])[] = [
  ['score', taskOf({ kind: 'records' }), jsonl],
  ['score with details', taskOf({ kind: 'records' }, { ...format, details: true }), jsonl],
  ['best', taskOf({ kind: 'selection', selection }), jsonl],
  [
    'best --rank',
    taskOf({ kind: 'selection', selection: { ...selection, top: Number.POSITIVE_INFINITY, ranked: true } }),
    jsonl,
  ],
  [
    'best --rank of CSV',
    taskOf({ kind: 'selection', selection: { ...selection, top: Number.POSITIVE_INFINITY, ranked: true } }, csvFormat),
    csv,
  ],
  ['best --pairs', taskOf({ kind: 'selection', selection: { ...selection, pairs: { minGap: 0 } } }), jsonl],
  ['best --on-error skip', taskOf({ kind: 'selection', selection }, { ...format, skipFailures: true }), jsonl],
  ['best, a dry run', { ...taskOf({ kind: 'selection', selection }), dryRun: true }, jsonl],
  ['eval', taskOf({ kind: 'evaluation', fields: { label: 'label', group: 'q', texts: true } }), jsonl],
  ['the library', taskOf({ kind: 'results' }), jsonl],
  ...['ggg', CULPRIT].map((text): [string, WindowTask, string] => {
    const byte = jsonl.lastIndexOf('{', jsonl.indexOf(text));
    return [`explain, of ${text}`, taskOf({ kind: 'explanation', byte, trace: false }), jsonl];
  }),
];

/** Without what depends on how often rows were computed. */
const comparable = ({ output, stats, ...others }: ScoredWindow) => {
  const { computedTokens: _, work: ___, boundarySpaces: __, ...counts } = stats;
  return { ...others, output: Buffer.from(output).toString(), counts };
};

describe('a window whose culprits can be read is answered as if they were bad rows', () => {
  for (const [what, task, content] of tasks) {
    test(what, async () => {
      for (const limit of [undefined, rows.length - 2, 5, 1]) {
        const window = windowOf(content, limit === undefined ? {} : { rows: limit });
        const { outcomes: _, ...got } = comparable(await isolated(task, window, false));
        const { outcomes: __, ...expected } = comparable(await undisturbed(task, window));
        assert.deepEqual(got, expected, `${limit} rows`);
      }
    });
  }

  test('the results of the library, each in its place', async () => {
    const task = taskOf({ kind: 'results' });
    const { outcomes } = await isolated(task, windowOf(jsonl), false);
    assert.deepEqual(outcomes, (await undisturbed(task, windowOf(jsonl))).outcomes);
    assert.equal(outcomes?.length, rows.length);
  });
});

describe('one that ends even those who parse it', () => {
  for (const [what, task, content] of tasks) {
    test(`${what}: its neighbours are answered as they would be otherwise`, async () => {
      const got = await isolated(task, windowOf(content), true);
      const expected = await undisturbed(task, windowOf(content));
      assert.deepEqual(
        got.stats.failed.map(({ row, failure: { code } }) => [row, code]),
        expected.stats.failed.map(({ row, failure: { code } }) => [row, code]),
      );
      const good = ({ output }: ScoredWindow): string[] =>
        Buffer.from(output)
          .toString()
          .split('\n')
          // Of a row that is not parsed, a record of CSV has no more than the bytes, or nothing.
          .filter((line) => !/^,*$/.test(line) && !line.includes(CULPRIT) && !line.includes('WORKER_CRASH'));
      assert.deepEqual(good(got), good(expected));
      assert.deepEqual(got.evaluated, expected.evaluated);
    });
  }

  test('and its place in the results says that it was not', async () => {
    const { outcomes } = await isolated(taskOf({ kind: 'results' }), windowOf(jsonl), true);
    assert.deepEqual(
      outcomes?.map(({ unparsed = false }) => unparsed),
      rows.map(({ text }) => text === CULPRIT),
    );
  });

  test('its group is one, and it has its place there', async () => {
    const ranked = { ...selection, top: Number.POSITIVE_INFINITY, ranked: true };
    const { output } = await isolated(taskOf({ kind: 'selection', selection: ranked }), windowOf(jsonl), true);
    const lines = Buffer.from(output).toString().trimEnd().split('\n');
    const records = lines.map((line) => JSON.parse(line) as { q?: number; rank?: number; reward_error?: object });
    assert.deepEqual(
      records.map(({ q, rank, reward_error: error }) => (error === undefined ? [q, rank] : 'bad')),
      [[0, 1], [0, 2], 'bad', [1, 1], [1, 2], [1, 3], 'bad', [2, 1], [2, 2], [2, 3], [3, 1], [3, 2], 'bad', 'bad'],
    );
  });
});
