/** `compare`: its figures against scipy (../oracle/make_comparison.py), how rows are paired, and what a person sees. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readOracle } from '../support/oracle.js';
import { rewardScore, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();

interface Metric {
  readonly value?: number;
  readonly low: number;
  readonly high: number;
  readonly n: number;
  readonly reason?: string;
}

interface Comparison {
  readonly a: { readonly scoredBy: { readonly model: { readonly name: string }; readonly source: string } | null };
  readonly b: Comparison['a'];
  readonly rows: Readonly<Record<'compared' | 'unscored' | 'onlyA' | 'onlyB' | 'otherTexts' | 'unknownTexts', number>>;
  readonly ties: { readonly a: number; readonly b: number };
  readonly metrics: Readonly<Record<string, Metric>>;
  readonly higher: readonly {
    readonly line: number;
    readonly id: string | null;
    readonly text: string | number | null;
    readonly conversation: { readonly messages: readonly object[]; readonly response: string } | null;
  }[];
  readonly lower: Comparison['higher'];
}

const oracle = readOracle<{
  readonly cases: readonly {
    readonly name: string;
    readonly group: readonly number[];
    readonly a: readonly number[];
    readonly b: readonly number[];
    readonly metrics: Readonly<Record<string, number | null>>;
    readonly n: Readonly<Record<string, number>>;
    readonly intervals: Readonly<Record<string, readonly [low: number, high: number]>> | null;
  }[];
  readonly many: { readonly rows: number; readonly kendall: number; readonly interval: readonly [number, number] };
}>('comparison.json');

const ESCAPE = '\u001b';

const directory = temporaryDirectory();
let files = 0;
const fileOf = (rows: readonly object[]): string =>
  writeFile(directory, `${++files}.jsonl`, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));

async function compared(args: readonly string[]): Promise<Comparison & { readonly code: number }> {
  const run = await rewardScore(['compare', '--json', ...args]);
  assert.ok(run.code === 0 || run.code === 3, run.stderr);
  return { ...(JSON.parse(run.stdout) as Comparison), code: run.code };
}

describe('figures equal scipy', () => {
  for (const { name, group, a, b, metrics, n, intervals } of oracle.cases) {
    test(name, async () => {
      const rowsOf = (rewards: readonly number[]) =>
        rewards.map((reward, i) => ({ text: `${i}`, group: group[i], reward }));
      const got = await compared(['--group', 'group', fileOf(rowsOf(a)), fileOf(rowsOf(b))]);
      for (const [metric, expected] of Object.entries(metrics)) {
        const { value, reason, ...found } = got.metrics[metric] as Metric;
        if (expected === null) assert.match(reason as string, /^expected groups /, metric);
        else {
          assert.ok(
            Math.abs((value as number) - expected) <= 1e-12 * Math.max(1, Math.abs(expected)),
            `${metric}: ${value}`,
          );
          if (n[metric] !== undefined) assert.equal(found.n, n[metric], metric);
        }
      }
      // Two draws of 2,000 resamples.
      for (const [metric, [low, high]] of Object.entries(intervals ?? {})) {
        const found = got.metrics[metric] as Metric;
        const most = 0.15 * (high - low);
        assert.ok(Math.abs(found.low - low) < most, `${metric}: low ${found.low}, ${low}`);
        assert.ok(Math.abs(found.high - high) < most, `${metric}: high ${found.high}, ${high}`);
      }

      // Candidates in one row are a group, as rows with one key are; other orders of groups give the same.
      const groups = [...new Set(group)].reverse();
      const inRows = (rewards: readonly number[]) =>
        groups.map((each) => {
          const own = rewards.filter((_, i) => group[i] === each);
          return { prompt: `${each}`, candidates: own.map(String), reward: own };
        });
      // The texts differ where the rewards do: rows are matched by their ids.
      const withIds = (rewards: readonly number[]) => inRows(rewards).map((row) => ({ ...row, id: row.prompt }));
      const same = await compared(['--id', 'id', fileOf(withIds(a)), fileOf(withIds(b))]);
      assert.deepEqual(same.metrics, got.metrics);
      assert.ok(same.rows.otherTexts > 0);
    });
  }
});

test("Kendall's interval of many rows, which is expanded, is close to that of counted pairs", async () => {
  const { rows, kendall, interval } = oracle.many;
  const all = Array.from({ length: rows }, (_, i) => ({ text: `${i}`, a: Math.floor(((i * 7919) % 6007) / 10), i }));
  const both = all.map(({ i, ...row }) => ({ ...row, b: Math.floor((row.a * 10 + ((i * 104729) % 9001)) / 10) }));
  const { metrics } = await compared(['--fields', 'a,b', fileOf(both)]);
  const { value, low, high } = metrics.kendall as Metric;
  assert.ok(Math.abs((value as number) - kendall) < 1e-12);
  const most = 0.08 * (interval[1] - interval[0]);
  assert.ok(
    Math.abs(low - interval[0]) < most && Math.abs(high - interval[1]) < most,
    `${low} to ${high}: ${interval}`,
  );
});

describe('rows are paired', () => {
  const row = (id: string, reward: number | null, text = id) => ({ id, text, reward });

  test('by id, in any order and format; what is not in both, or has no reward, is counted', async () => {
    const a = fileOf([row('x', 1), row('y', 2), row('z', 3), row('only a', 4), row('bad', null)]);
    const b = writeFile(directory, 'b.csv', 'id,text,reward\nonly b,only b,9\nbad,bad,1\nz,z,7\ny,other,6\nx,x,5\n');
    const { rows, metrics, code, lower } = await compared(['--id', 'id', '--disagreements', '1', a, b]);
    assert.equal(code, 3);
    assert.deepEqual(rows, { compared: 3, unscored: 1, onlyA: 1, onlyB: 1, otherTexts: 1, unknownTexts: 0 });
    assert.equal(metrics.shift?.value, 4);
    assert.equal(metrics.spearman?.value, 1);
    assert.deepEqual(lower, []);
    const { stdout } = await rewardScore(['compare', '--id', 'id', a, b]);
    assert.match(stdout, /left out: 1 row without a reward in A or B, 1 row in\s+A alone, 1 row in B alone/);
    assert.match(stdout, /1 row with one id \(--id\) and another conversation/);
  });

  test('from two fields of one file, pairs as groups of two; the first of tied texts is the winner', async () => {
    const pair = (a: readonly [number, number], b: readonly [number, number]) => ({
      prompt: 'p',
      chosen: 'c',
      rejected: 'r',
      a_chosen: a[0],
      a_rejected: a[1],
      b_chosen: b[0],
      b_rejected: b[1],
    });
    const file = fileOf([pair([1, 0], [1, 2]), pair([1, 1], [3, 3]), pair([0, 2], [0, 1]), pair([1, 1], [0, 1])]);
    const { metrics, ties, higher } = await compared(['--fields', 'a,b', file]);
    assert.equal(metrics.winner_changed?.value, 0.5);
    assert.deepEqual(ties, { a: 2, b: 1 });
    assert.equal(higher[0]?.text, 'rejected');
  });

  const one = fileOf([row('x', 1), row('y', 2)]);
  const refused: readonly (readonly [why: string, args: () => readonly string[], message: RegExp])[] = [
    [
      'another number of rows',
      () => [one, fileOf([row('x', 1)])],
      /expected as many rows as .*, 2, got 1; match them by --id/,
    ],
    [
      'another conversation',
      () => [one, fileOf([row('x', 1), row('z', 2)])],
      /:2: expected the conversation of .*:2, .*got another one/,
    ],
    [
      'an id that is there twice',
      () => ['--id', 'id', one, fileOf([row('x', 1), row('x', 2)])],
      /:2: expected ids that differ.*"x" again, as in .*:1/,
    ],
    [
      'a row without an id',
      () => ['--id', 'id', one, fileOf([row('x', 1), { text: 'x', reward: 1 }])],
      /:2: expected a field id \(--id\) in every row, got none/,
    ],
    ...(['id', 'group'] as const).map(
      (flag) =>
        [
          `a first row without --${flag}`,
          () => [`--${flag}`, 'txt', one, one],
          new RegExp(`:1: expected a field "txt" \\(--${flag}\\), got \\[.*"text".*; did you mean text\\?$`, 'm'),
        ] as const,
    ),
    ['no id in common', () => ['--id', 'id', one, fileOf([row('q', 1)])], /found no id in common/],
    [
      'another form',
      () => [one, fileOf([row('x', 1), { ...row('y', 2), reward: [1, 2] }])],
      /:2: expected one reward, as .*:2 has, got an array of 2/,
    ],
    [
      'a file without rewards',
      () => [one, fileOf([{ text: 'x' }, { text: 'y' }])],
      /expected rows with a finite reward, found none.*has text/,
    ],
    ['one file with one field', () => [one], /expected a second file, or --fields a,b/],
    ['three files', () => [one, one, one], /expected two scored files.*got 3 files/],
    ['standard input', () => [one, '-'], /expected a file, got a stream/],
    [
      'a field that rows do not have',
      () => ['--text', 'txt', one, one],
      /expected a field "txt" \(--text\).*did you mean text\?/,
    ],
  ];
  for (const [why, args, message] of refused) {
    test(`or refused: ${why}`, async () => {
      const run = await rewardScore(['compare', ...args()]);
      assert.equal(run.code, 2, run.stdout);
      assert.match(run.stderr, message);
      assert.equal(run.stdout, '');
    });
  }
});

test('the model that scored is read from the run file, or from a summary of these very rewards', async () => {
  const input = fileOf([{ text: 'one' }, { text: 'two words' }, { text: 'three more words' }]);
  const [a, b] = [join(directory, 'run.jsonl'), join(directory, 'scored.jsonl')];
  await rewardScore(['-q', input, '-o', a, '--reward-field', 'first', '--max-length', '1']);
  const second = await rewardScore(['-q', a, '--summary', join(directory, 'scored.summary.json')]);
  writeFile(directory, 'scored.jsonl', second.stdout);

  // Chained: each run adds a field, and compare finds both in the last file.
  const chained = await compared(['--fields', 'first,reward', b]);
  assert.equal(chained.a.scoredBy, null);
  assert.match(chained.b.scoredBy?.model.name as string, /tiny-gpt2$/);
  assert.match(chained.b.scoredBy?.source as string, /scored\.summary\.json$/);
  assert.notEqual(chained.metrics.shift?.value, 0);

  const files = await compared(['--fields', 'first,reward', a, b]);
  assert.match(files.a.scoredBy?.source as string, /run\.jsonl\.run\.json$/);
  assert.match(files.a.scoredBy?.model.name as string, /tiny-gpt2$/);
});

test('a hostile row cannot write to the terminal', async () => {
  const hostile = '\u001b]0;title\u0007\u009b31m\u202eevil\n\u2028</bdi>\ud800';
  const rows = (rewards: readonly number[]) =>
    rewards.map((reward, i) => ({
      id: `${hostile}${i}`,
      group: hostile,
      messages: [
        { role: hostile, content: hostile.repeat(100) },
        { role: 'assistant', content: `${hostile}${i}` },
      ],
      reward,
    }));
  const args = ['compare', '--id', 'id', '--group', 'group', fileOf(rows([1, 2, 3])), fileOf(rows([3, 1, 2]))];
  for (const terminal of [undefined, { columns: 50 }, { columns: 80 }]) {
    const { stdout, code } = await rewardScore(args, terminal === undefined ? {} : { terminal });
    assert.equal(code, 0);
    const text = stdout.replaceAll(new RegExp(`${ESCAPE}\\[(?:1|2|22)m`, 'g'), '');
    assert.doesNotMatch(text, /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    if (terminal !== undefined) {
      assert.notEqual(text, stdout, 'a terminal has colours');
      for (const line of text.split('\n')) assert.ok([...line].length <= terminal.columns, line);
    }
    assert.match(text, /B ranks these higher than A does\n/);
  }
});
