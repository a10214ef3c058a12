/** `eval --suite`: the tables of published suites, against the arithmetic of their own scripts (test/oracle/make_suites.py). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { evaluate, jsonl } from '../support/evaluation.js';
import { root, temporaryDirectory, writeFile } from '../support/run.js';
import { testWrongUses } from '../support/wrong-use.js';

type Row = Readonly<Record<string, unknown>>;
interface Case {
  readonly rows: readonly Row[];
  readonly table: Readonly<Record<string, number>>;
}
interface Line {
  readonly name: string;
  readonly level: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly n: number;
  readonly reason?: string;
}

const directory = temporaryDirectory();
const { numpy: _, ...cases } = JSON.parse(readFileSync(join(root, 'test/oracle/suites.json'), 'utf8')) as Readonly<
  Record<string, Case>
>;

async function linesOf(suite: string, rows: readonly Row[]): Promise<readonly Line[]> {
  const run = await evaluate(['--suite', suite, '--json'], { stdin: jsonl(rows) });
  assert.equal(run.code, 0, run.stderr);
  const { lines, provenance } = JSON.parse(run.stdout);
  assert.ok(provenance);
  return lines;
}

describe("a suite's table is that of its scripts", () => {
  for (const [suite, { rows, table }] of Object.entries(cases)) {
    test(suite, async () => {
      const lines = await linesOf(suite, rows);
      assert.deepEqual(lines.map(({ name }) => name).sort(), Object.keys(table).sort());
      for (const { name, value, low, high } of lines) {
        assert.ok(Math.abs(value - (table[name] as number)) < 1e-12, `${name}: ${value}, expected ${table[name]}`);
        assert.ok(low <= value && value <= high, `${name}: ${low} to ${high} does not hold ${value}`);
      }
    });
  }
});

test('it is printed by subsets, sections and the whole, from a JSON array as well', async () => {
  const { rows = [], table = {} } = cases['rm-bench'] ?? {};
  const path = writeFile(directory, 'total_dataset.json', JSON.stringify(rows));
  const { code, stdout, stderr } = await evaluate(['--suite', 'rm-bench', path]);
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /^RM-Bench: 30 rows; computed as in THU-KEG\/RM-Bench 73c52d7\n95 % intervals from 100 resamples of 30 prompts\n/,
  );
  assert.match(stdout, new RegExp(`^Average +${(table.Average as number).toPrecision(3)} `, 'm'));
});

test('rows without rewards are scored, and preference sets stand for themselves', async () => {
  const prompt = [{ role: 'user', content: 'Why?' }];
  const rows = ['shp', 'shp', 'summarize', 'summarize'].map((subset, i) => ({
    subset,
    id: i,
    prompt,
    chosen: `Because of ${i}.`,
    rejected: 'No.',
  }));
  const lines = await linesOf('preference-sets', rows);
  assert.deepEqual(
    lines.map(({ name, level, n }) => [name, level, n]),
    [
      ['shp', 'subset', 2],
      ['summarize', 'subset', 2],
    ],
  );
  const lists = rows.map((row) => ({
    ...row,
    subset: 'Math',
    chosen: [row.chosen],
    rejected: [row.rejected, 'Never.'],
  }));
  const [math] = await linesOf('reward-bench-2', lists);
  assert.equal(math?.n, 4);
});

test('what a part of a suite does not have is told, and a row of another form is bad', async () => {
  const chat = (cases['reward-bench']?.rows ?? []).filter(({ subset }) => subset === 'alpacaeval-easy');
  const lines = await linesOf('reward-bench', chat);
  assert.deepEqual(
    lines.map(({ name }) => name),
    ['alpacaeval-easy', 'Chat', 'Score'],
  );
  assert.match(lines.at(-1)?.reason ?? '', /^expected rows of all sections, .*, got Chat$/);
  const { rows = [] } = cases['rm-bench'] ?? {};
  const run = await evaluate(['--suite', 'rm-bench'], { stdin: jsonl([...rows, { ...rows[0], rejected: ['one'] }]) });
  assert.equal(run.code, 3);
  assert.match(run.stdout, /^RM-Bench: 31 rows, 1 of them bad;/);
  const others: readonly (readonly [suite: string, row: Row, said: RegExp])[] = [
    [
      'rm-bench',
      { ...rows[0], domain: 'poetry' },
      /standard input:1: expected a domain that begins with chat, math, code, safety, got "poetry"/,
    ],
    [
      'rm-bench',
      { ...rows[0], domain: undefined },
      /standard input:1: expected a field domain, as rows of RM-Bench have, got none/,
    ],
    ['reward-bench', { ...chat[0], subset: null }, /expected a field subset/],
    [
      'reward-bench-2',
      { ...cases['reward-bench-2']?.rows[0], subset: 'Ties', id: '7' },
      /expected an id as ref:1 or tied:1 in the subset Ties, got "7"/,
    ],
  ];
  for (const [suite, row, said] of others) {
    const wrong = await evaluate(['--suite', suite], { stdin: jsonl([row]) });
    assert.match(wrong.stderr, said);
    assert.equal(wrong.code, 2);
  }
});

testWrongUses('flags that a suite decides', directory, [
  {
    args: ['eval', '--suite', 'rm-bench', '--by', 'domain'],
    stderr: 'expected --suite rm-bench without --by: its form and its table are given',
  },
  { args: ['eval', '--suite', 'rm-bench', '--fail-under', 'auc=1'], stderr: /without --fail-under/ },
  {
    args: ['eval', '--suite', 'mmlu'],
    stderr: /Allowed choices are reward-bench, reward-bench-2, rm-bench, preference-sets/,
  },
]);
