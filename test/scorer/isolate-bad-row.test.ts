/** Windows that kill workers, with a worker that is a function: which attempts are made, and what comes of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonlSettings } from '../../dist/rows/formats/index.js';
import { createAnswer } from '../../dist/scorer/answers.js';
import { Incidents } from '../../dist/scorer/crash-log.js';
import { type Attempt, scoreOrIsolate } from '../../dist/scorer/isolate-bad-row.js';
import type { ScoredWindow, Window } from '../../dist/scorer/protocol.js';
import { answerUnparsed } from '../../dist/scorer/unparsed.js';
import { WorkerCrash } from '../../dist/scorer/worker-crash.js';

const task = {
  format: jsonlSettings('reward'),
  answer: { kind: 'records' },
  maxRowBytes: 1 << 20,
  dryRun: false,
  strict: false,
} as const;
const answer = createAnswer(task);
const { format } = answer;
const linesOf = (window: Window): string[] =>
  Buffer.from(window.bytes)
    .toString()
    .split(/(?<=\n)/);

const windowOf = (lines: readonly string[], others: Partial<Window> = {}): Window => ({
  index: 7,
  file: 0,
  byte: 1000,
  line: 51,
  open: true,
  bytes: Buffer.from(lines.join('')),
  ...others,
});

/** Each line in capitals; blank ones are no rows. A row that starts with `f` is a bad one of its own. */
function scored(window: Window): ScoredWindow {
  const lines = linesOf(window)
    .filter((line) => line !== '\n')
    .slice(0, window.rows);
  const reason = { code: 'BAD_ROW', message: 'f' } as const;
  return {
    output: Buffer.from(lines.join('').toUpperCase()),
    stats: {
      rows: lines.length,
      forms: { text: lines.length },
      failed: lines.flatMap((line, row) => (line.startsWith('f') ? [{ row, byte: 0, line: 0, failure: reason }] : [])),
      rewardsWritten: lines.length,
      rewards: Float32Array.from(lines, (line) => line.length),
      truncatedRows: 1,
      truncatedTokens: 2,
      tokens: 3,
      computedTokens: 4,
      boundarySpaces: lines.map(() => true),
      notices: { ENDS_WITH_USER: 1 },
      hints: { SYSTEM_UNREAD: 1 },
    },
  };
}

interface Script {
  /** Rows that end a worker; with how often, where not always. */
  readonly culprits: Readonly<Record<string, number>>;
  /** Even to write them as bad ones does. */
  readonly unreadable?: boolean;
}

async function rescued(window: Window, { culprits, unreadable = false }: Script) {
  const left = { ...culprits };
  const asked: string[] = [];
  let told = 0;
  const attempt = async (ask: { type: 'score' | 'fail'; window: Window }): Promise<Attempt> => {
    asked.push(`${ask.type} ${linesOf(ask.window).join('').replaceAll('\n', '')}`);
    const culprit = linesOf(ask.window).find((line) => (left[line.trim()] ?? 0) > 0);
    if (culprit !== undefined && (ask.type === 'score' || unreadable)) {
      left[culprit.trim()] = (left[culprit.trim()] as number) - 1;
      return { crash: new WorkerCrash('ended with code 7') };
    }
    return { scored: scored(ask.window) };
  };
  const { output, stats } = await scoreOrIsolate(window, {
    format,
    attempt,
    onCrash: () => told++,
    answerUnparsed: (row, reason) => answerUnparsed(row, reason, answer, false),
    completeAnswer: (_, joined) => joined,
  });
  return { text: Buffer.from(output).toString(), stats, asked, told };
}

const always = Number.POSITIVE_INFINITY;
const letters = ['a\n', 'b\n', 'c\n', 'd\n'];

test('a window that harms nobody is asked for once', async () => {
  const { asked, told, text } = await rescued(windowOf(letters), { culprits: {} });
  assert.deepEqual([asked, told, text], [['score abcd'], 0, 'A\nB\nC\nD\n']);
});

test('after one death it is scored whole', async () => {
  const { asked, told } = await rescued(windowOf(letters), { culprits: { c: 1 } });
  assert.deepEqual([asked, told], [['score abcd', 'score abcd'], 1]);
});

test('after two it is halved until the row is found, which is tried twice', async () => {
  const { asked, text, stats, told } = await rescued(windowOf(letters), { culprits: { c: always } });
  assert.deepEqual(
    asked.map((ask) => ask.replace('score ', '')),
    ['abcd', 'abcd', 'ab', 'cd', 'c', 'c', 'fail c', 'd'],
  );
  assert.deepEqual([text, told, stats.rows], ['A\nB\nC\nD\n', 1, 4]);
});

test('a window of one row is asked for twice, and then written as a bad row', async () => {
  const { asked } = await rescued(windowOf(['a\n']), { culprits: { a: always } });
  assert.deepEqual(asked, ['score a', 'score a', 'fail a']);
});

test('a row that cannot even be read is written unread, where it stands', async () => {
  const { text, stats } = await rescued(windowOf(letters), { culprits: { c: always }, unreadable: true });
  const message = 'scoring this row alone ended a worker thread twice: it ended with code 7';
  const record = { reward: null, reward_error: { code: 'WORKER_CRASH', message, input: 'c' } };
  assert.equal(text, `A\nB\n${JSON.stringify(record)}\nD\n`);
  assert.deepEqual(stats.failed, [{ row: 2, byte: 1004, line: 53, failure: { code: 'WORKER_CRASH', message } }]);
});

test('the parts’ accounts are one', async () => {
  const lines = ['a\n', '\n', 'f\n', 'b\n', 'f\n'];
  const { stats } = await rescued(windowOf(lines), { culprits: { b: 2 } });
  const { failed, rewards, ...counts } = stats;
  assert.deepEqual(
    failed.map(({ row }) => row),
    [1, 3],
  );
  assert.deepEqual([...rewards], [2, 2, 2, 2]);
  assert.deepEqual(counts, {
    rows: 4,
    forms: { text: 4 },
    notices: { ENDS_WITH_USER: 2 },
    hints: { SYSTEM_UNREAD: 2 },
    truncatedRows: 2,
    truncatedTokens: 4,
    tokens: 6,
    rewardsWritten: 4,
    computedTokens: 8,
    boundarySpaces: [true, true, true, true],
  });
});

for (const [rows, culprit, want] of [
  [3, 'b', 'A\nB\nC\n'],
  [3, 'd', 'A\nB\nC\n'],
  [2, 'd', 'A\nB\n'],
  [1, 'a', 'A\n'],
] as const) {
  test(`only ${rows} rows are written, where ${culprit} ends workers`, async () => {
    const { text, stats } = await rescued(windowOf(letters, { rows }), { culprits: { [culprit]: always } });
    assert.deepEqual([text, stats.rows], [want, rows]);
  });
}

test('a record over the size limit is one row', async () => {
  const window = windowOf(['\n'], { oversized: 1e9 });
  const asked: string[] = [];
  const { output } = await scoreOrIsolate(window, {
    format,
    attempt: async ({ type }) => {
      asked.push(type);
      return { crash: new WorkerCrash('threw: x') };
    },
    onCrash: () => undefined,
    answerUnparsed: (row, reason) => answerUnparsed(row, reason, answer, false),
    completeAnswer: (_, joined) => joined,
  });
  assert.deepEqual(asked, ['score', 'score', 'fail']);
  assert.match(
    Buffer.from(output).toString(),
    /^{"reward":null,"reward_error":{"code":"WORKER_CRASH","message":"[^"]*"}}\n$/,
  );
});

test('unread: blank records are no rows, a dry run writes nothing, and the account has what no output has', () => {
  const reason = { code: 'WORKER_CRASH', message: 'x' } as const;
  const silent = createAnswer({ ...task, format: { ...task.format, reasons: false } });
  const unparsed = (line: string, dryRun: boolean) => answerUnparsed(windowOf([line]), reason, silent, dryRun);
  assert.deepEqual([unparsed(' \n', false).output.length, unparsed(' \n', false).stats.rows], [0, 0]);
  const { output, stats } = unparsed('{"a":\n', true);
  assert.deepEqual([output.length, stats.rows, stats.failed[0]?.input], [0, 1, '{"a":']);
});

test('incidents are told a few times and counted; a hundred deaths in a row end the run', () => {
  const told: string[] = [];
  const incidents = new Incidents((message) => told.push(message));
  const crash = new WorkerCrash('ended with code 7');
  for (let i = 0; i < 10; i++) incidents.onWindow(crash, windowOf(letters, { index: i, line: i === 1 ? null : 5 }));
  assert.deepEqual(told, [
    'a worker thread ended with code 7 at window 0: its rows, from line 5 on, are scored again on a fresh one',
    'a worker thread ended with code 7 at window 1: its rows are scored again on a fresh one',
    'a worker thread ended with code 7 at window 2: its rows, from line 5 on, are scored again on a fresh one',
    'worker threads died at 10 windows so far; the last one ended with code 7',
  ]);
  for (let i = 0; i < 99; i++) incidents.died(crash);
  incidents.survived();
  for (let i = 0; i < 99; i++) incidents.died(crash);
  assert.equal(incidents.restarts, 198);
  assert.throws(
    () => incidents.died(crash),
    /^FatalError: 100 worker threads in a row died and not one row was scored/,
  );
});
