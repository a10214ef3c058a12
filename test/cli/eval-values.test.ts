/** What `eval` computes: against scikit-learn and scipy (../oracle/make_evaluation.py), and by hand. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  type EvaluationResult,
  evaluate,
  evaluateJson,
  jsonl,
  numberOf,
  reasonOf,
  resultIn,
} from '../support/evaluation.js';
import { readOracle } from '../support/oracle.js';
import { jsonLines, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';

const oracle = readOracle<{
  readonly binary: readonly {
    readonly name: string;
    readonly meaning: 'logit' | 'probability';
    readonly scores: readonly number[];
    readonly labels: readonly number[];
    readonly plain: Readonly<Record<string, number>>;
  }[];
  readonly groups: readonly {
    readonly name: string;
    readonly groups: readonly number[];
    readonly scores: readonly number[];
    readonly labels: readonly number[];
    readonly metrics: Readonly<Record<string, { readonly n: number; readonly plain: number } | null>>;
  }[];
  readonly pairs: readonly { readonly chosen: number[]; readonly rejected: number[]; readonly pairwise: number }[];
}>('evaluation.json');

const directory = temporaryDirectory();
const labelled = join(root, 'fixtures/labelled.jsonl');

function assertClose(actual: number, expected: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= 1e-12 * Math.max(1, Math.abs(expected)), `${what}: ${actual}, ${expected}`);
}

describe('equal to scikit-learn and scipy', { concurrency: 2 }, () => {
  for (const { name, meaning, scores, labels, plain } of oracle.binary) {
    test(`binary labels: ${name}`, async () => {
      const rows = scores.map((reward, i) => ({ reward, label: labels[i] }));
      // With --use-rewards, as a setting that would not decide the rewards is refused otherwise.
      const activation = meaning === 'logit' ? 'none' : 'sigmoid';
      const { metrics } = await evaluateJson(['--use-rewards', '--activation', activation], rows);
      for (const [metric, expected] of Object.entries(plain)) assertClose(numberOf(metrics[metric]), expected, metric);
    });
  }

  for (const { name, groups, scores, labels, metrics: expected } of oracle.groups) {
    test(`groups: ${name}`, async () => {
      const rows = scores.map((reward, i) => ({ reward, label: labels[i], group: groups[i] }));
      const inGroups = [...new Set(groups)].map((group) => rows.filter((row) => row.group === group));
      const candidates = inGroups.map((group) => ({
        reward: group.map(({ reward }) => reward),
        labels: group.map(({ label }) => label),
      }));
      const results = await Promise.all([
        evaluateJson(['--group', 'group'], rows.toReversed()),
        evaluateJson([], candidates),
      ]);
      assert.deepEqual(results[0]?.metrics, results[1]?.metrics);
      for (const metric of ['top1', 'lift', 'spearman', 'kendall']) {
        const mean = expected[metric];
        const got = results[0]?.metrics[metric];
        if (mean && mean.n > 1) assertClose(numberOf(got), mean.plain, metric);
        else assert.match(reasonOf(got), /^expected (groups|2 rows)/);
      }
    });
  }

  for (const [i, { chosen, rejected, pairwise }] of oracle.pairs.entries()) {
    test(`pairs ${i}`, async () => {
      const rows = chosen.map((reward, row) => ({ reward_chosen: reward, reward_rejected: rejected[row] }));
      const { metrics } = await evaluateJson([], rows);
      assertClose(numberOf(metrics.pairwise), pairwise, 'pairwise');
      const all = [...chosen, ...rejected];
      assertClose(numberOf(metrics.mean), all.reduce((a, b) => a + b) / all.length, 'mean');
      assert.equal(reasonOf(metrics.auc), 'expected labels, got none');
    });
  }
});

const rows = jsonLines(readFileSync(labelled, 'utf8'));
const grouped = ['--group', 'question', '--by', 'topic'];

describe('the same rows in another way give the same, to the last digit', { concurrency: 2 }, () => {
  const expected = evaluate([...grouped, '--json', labelled]);
  const csv = (delimiter: string): string =>
    [Object.keys(rows[0] ?? {}), ...rows.map((row) => Object.values(row))]
      .map((cells) => `${cells.map((cell) => `"${String(cell).replaceAll('"', '""')}"`).join(delimiter)}\n`)
      .join('');
  const others: readonly (readonly [what: string, args: readonly string[], stdin: string])[] = [
    ['backwards', [], jsonl(rows.toReversed())],
    ['as CSV', ['--from', 'csv'], csv(',')],
    ['as TSV, field names in other letters', ['--from', 'tsv', '--group', 'QUESTION', '--by', ' Topic '], csv('\t')],
    ['with labels as words', [], jsonl(rows.map((row) => ({ ...row, label: row.label === 1 ? 'Yes' : 'no' })))],
    ['with labels as true and false', [], jsonl(rows.map((row) => ({ ...row, label: row.label === 1 })))],
    ['with labels as text', [], jsonl(rows.map((row) => ({ ...row, label: ` ${row.label}.0 ` })))],
    [
      'with labels that --positive reads',
      ['--label-field', 'judged.as', '--positive', 'good', '--positive', '7'],
      jsonl(
        rows.map(({ label, ...row }, i) => ({ ...row, judged: { as: label === 0 ? 'poor' : i % 2 ? 'GOOD' : 7 } })),
      ),
    ],
    [
      'with another name for the reward',
      ['--reward-field', 'r'],
      jsonl(rows.map(({ reward, ...row }) => ({ r: reward, ...row }))),
    ],
  ];
  for (const [what, args, stdin] of others) {
    test(what, async () => {
      const run = await evaluate([...grouped, ...args, '--json'], { stdin });
      assert.deepEqual(resultIn(run.stdout), resultIn((await expected).stdout));
      assert.equal(run.code, 0);
    });
  }

  test('with one seed; another one moves the ends of intervals, and no value', async () => {
    const [once, again, other] = await Promise.all(
      [
        ['--seed', '5'],
        ['--seed', '5'],
        ['--seed', '6'],
      ].map((seed) => evaluateJson([...grouped, ...seed], rows)),
    );
    assert.deepEqual(once, again);
    assert.notDeepEqual(once?.metrics, other?.metrics);
    assert.equal(numberOf(once?.metrics.auc), numberOf(other?.metrics.auc));
  });
});

test('rows scored here give what they give once they were scored', async () => {
  const all = jsonLines(
    readFileSync(join(root, 'fixtures/conversations.jsonl'), 'utf8').replace(/^"(.*)"$/m, '{"text":"$1"}'),
  );
  const unscored = jsonl(all.filter(({ text }) => text === undefined));
  const { stdout: scored } = await rewardScore(['-q'], { stdin: unscored });
  const [here, before] = await Promise.all([unscored, scored].map((stdin) => evaluate([], { stdin })));
  assert.equal(here?.stdout, before?.stdout);
  assert.match(here?.stdout ?? '', /^5 rows, 6 rewards, 1 pair, 4 groups$/m);
});

test('candidates have a label each, by a path into them or a field beside them', async () => {
  const rewards = [0.5, -1, 2];
  const labels = [1, 0, 0];
  const texts = rewards.map((_, i) => ({ text: 'x'.repeat(i + 1), label: labels[i] }));
  const results = await Promise.all([
    evaluateJson(
      ['--label-field', 'candidates.label'],
      [
        { prompt: 'p', candidates: texts, reward: rewards },
        { prompt: 'p', candidates: texts.toReversed(), reward: rewards.toReversed() },
      ],
    ),
    evaluateJson(
      [],
      [
        { prompt: 'p', candidates: texts, reward: rewards, labels },
        { prompt: 'p', candidates: texts, reward: rewards, labels },
      ],
    ),
  ]);
  for (const { metrics, baselines } of results) {
    // By hand: of two pairs of a good and a poor candidate, the model has one right.
    assert.equal(numberOf(metrics.auc), 0.5);
    assert.equal(numberOf(metrics.top1), 0);
    assert.equal(numberOf(baselines.longest?.top1), 0);
    assert.equal(numberOf(baselines.shortest?.top1), 1);
    assert.equal(numberOf(baselines.random?.lift), 0);
  }
});

test('graded labels give rank metrics, and --positive the others', async () => {
  const graded = rows.map((row, i) => ({ ...row, label: row.label === 1 ? 2 + (i % 2) : 1 }));
  const run = await evaluate(['--group', 'question'], { stdin: jsonl(graded) });
  assert.match(run.stdout, /^ {2}auc, ap, accuracy, brier, log_loss, ece: expected labels 0 and 1, got [23]$/m);
  assert.match(run.stdout, /^labels are grades: rank metrics only; --positive LABEL/m);
  assert.match(run.stdout, /^spearman /m);
  const { metrics } = await evaluateJson(['--group', 'question', '--positive', '2', '--positive', '3'], graded);
  assert.deepEqual(metrics, (await evaluateJson(['--group', 'question'], rows)).metrics);
});

describe('a label that is none is a bad row', () => {
  const good = [1, 0, 1, 0].map((label, i) => ({ reward: [2, 1, 3, -1][i], label }));
  for (const label of [null, 'NaN', '', 'good', [1], {}, 'Infinity', undefined]) {
    test(String(JSON.stringify(label)), async () => {
      const stdin = jsonl([...good, { reward: 9, label }]);
      const run = await rewardScore(['eval', '--json'], { stdin });
      assert.equal(run.code, 3);
      const { metrics, rows: read, failed } = JSON.parse(run.stdout) as EvaluationResult;
      assert.deepEqual([read, failed], [5, 1]);
      assert.deepEqual(metrics.auc && 'n' in metrics.auc && metrics.auc.n, 4);
      assert.match(run.stderr, /standard input:5: BAD_ROW: expected (label to be a number|a label in the field label)/);
    });
  }

  test('one candidate with none makes a bad row, and another number of labels than candidates', async () => {
    const run = await rewardScore(['eval', '--json', '--label-field', 'labels'], {
      stdin: jsonl([
        { reward: [1, 2], labels: [0, 1] },
        { reward: [1, 2], labels: [0, null] },
        { reward: [1, 2], labels: [0] },
        { reward: [1, 2], labels: 1 },
        { reward: [2, 1], labels: [0, 1] },
      ]),
    });
    assert.match(run.stderr, /:2: BAD_ROW: expected labels\[1\] to be a number, true, false, yes or no, got null/);
    assert.match(run.stderr, /:3: BAD_ROW: expected labels to be an array of 2 labels, .*, got 1 labels/);
    assert.match(run.stderr, /:4: BAD_ROW: expected labels to be an array of 2 labels, .*, got 1\n/);
    assert.deepEqual([run.code, (JSON.parse(run.stdout) as EvaluationResult).failed], [3, 3]);
  });
});

describe('what cannot be computed has a reason, and no NaN', { concurrency: 2 }, () => {
  const cases: readonly (readonly [
    what: string,
    args: readonly string[],
    rows: readonly unknown[],
    reasons: Readonly<Record<string, RegExp>>,
  ])[] = [
    ['no rows', [], [], { auc: /^expected rewards, got none$/, mean: /^expected rewards, got none$/ }],
    ['no good rows', [], [{ reward: null }, {}], { mean: /^expected rewards, got none$/ }],
    ['one row', [], [{ reward: 1 }], { mean: /^expected 2 rows, groups or conversations/ }],
    ['no labels', [], [{ reward: 1 }, { reward: 2 }], { auc: /^expected labels, got none$/, top1: /^expected groups/ }],
    [
      'one class',
      [],
      [
        { reward: 1, label: 1 },
        { reward: 2, label: 1 },
      ],
      { auc: /^expected labels 0 and 1, got 2 rows, all 1$/, brier: /all 1$/ },
    ],
    [
      'one group',
      ['--group', 'g'],
      [
        { reward: 1, label: 1, g: 'a' },
        { reward: 2, label: 0, g: 'a' },
      ],
      { top1: /^expected 2 rows, groups or conversations .*, got 1$/, auc: /got 1$/ },
    ],
    [
      'all tied',
      ['--group', 'g'],
      [1, 2, 3, 4].map((i) => ({ reward: 1, label: i % 2, g: Math.ceil(i / 2) })),
      { spearman: /^expected groups in which/, kendall: /^expected groups in which/ },
    ],
    [
      'rewards that are no probabilities',
      ['--use-rewards', '--activation', 'sigmoid'],
      [
        { reward: 1, label: 1 },
        { reward: 2, label: 0 },
      ],
      { brier: /^expected probabilities from 0 to 1, got 2$/ },
    ],
  ];
  for (const [what, args, given, reasons] of cases) {
    test(what, async () => {
      const { metrics } = await evaluateJson(args, given);
      for (const [name, reason] of Object.entries(reasons)) assert.match(reasonOf(metrics[name]), reason, name);
      const { stdout, code } = await evaluate(args, { stdin: jsonl(given) });
      assert.doesNotMatch(stdout, /NaN|undefined|Infinity/);
      assert.match(stdout, /^not computed\n {2}/m);
      assert.equal(code, what === 'no good rows' ? 3 : 0);
    });
  }

  test('all tied: half of all, with an interval of no width', async () => {
    const { metrics } = await evaluateJson(
      [],
      [1, 0, 1, 0].map((label) => ({ reward: 1, label })),
    );
    assert.deepEqual(metrics.auc, { value: 0.5, low: 0.5, high: 0.5, n: 4 });
  });
});

describe('what cancels out is 0, and no rounding that is left of it', { concurrency: 2 }, () => {
  /** The ends of intervals too: each is 0, or a figure. */
  function assertNoResidue(result: EvaluationResult): void {
    const tables = [result.metrics, result.difference ?? {}, ...Object.values(result.baselines)];
    const numbers = tables.flatMap((table) =>
      Object.values(table).flatMap((metric) => ('value' in metric ? [metric.value, metric.low, metric.high] : [])),
    );
    for (const number of numbers) assert.ok(number === 0 || Math.abs(number) > 1e-6, JSON.stringify(tables));
  }

  test('a resample of one row has no deviation', async () => {
    const pairs = [
      [1, 0],
      [1, 1],
      [0, 1],
    ].map(([chosen, rejected]) => ({ reward_chosen: chosen, reward_rejected: rejected }));
    const result = await evaluateJson(['--bootstrap', '2000'], pairs);
    assertNoResidue(result);
    assert.ok('low' in (result.metrics.std ?? {}));
    assert.equal((result.metrics.std as { low: number }).low, 0);
  });

  test('groups that contradict each other have no correlation, which a bound of 0 takes', async () => {
    // Correlations of sqrt(3)/2, 0.5 and their opposites, and one that is larger.
    const orders = [
      [1, 2, 2],
      [2, 1, 3],
      [3, 2, 2],
      [2, 3, 1],
      [1, 2, 3],
    ];
    const lines = [0, 1, 2, 3].flatMap((time) =>
      orders.flatMap((labels, group) =>
        labels.map((label, i) => ({ group: `${group}.${time}`, reward: i + time, label: label / 10 })),
      ),
    );
    const result = await evaluateJson(['--group', 'group', '--bootstrap', '2000'], lines);
    assertNoResidue(result);
    const even = lines.filter(({ group }) => !group.startsWith('4'));
    const none = await evaluateJson(['--group', 'group', '--fail-under', 'spearman=0'], even);
    assertNoResidue(none);
    assert.equal(numberOf(none.metrics.spearman), 0);
    assert.deepEqual(
      none.thresholds.map(({ missed }) => missed),
      [false],
    );
  });

  test('a choice that is as good as a random one lifts nothing', async () => {
    const rows = [0.1, 0.3].map((low) => ({ reward: [1, 3, 2], label: [low, low + 0.1, low + 0.2] }));
    const result = await evaluateJson([], rows);
    assertNoResidue(result);
    assert.equal(numberOf(result.metrics.lift), 0);
    const even = [1, 2].map(() => ({ reward: [1, 2, 3], label: [-1, 0, 1] }));
    const { stdout } = await evaluate(['--json'], { stdin: jsonl(even) });
    const { bestOf } = JSON.parse(stdout) as { bestOf: readonly { choiceValues: EvaluationResult['metrics'] }[] };
    assert.equal(numberOf(bestOf[0]?.choiceValues.chosen), 0);
  });

  test('rates that are those of the probabilities leave no calibration error', async () => {
    const rows = Array.from({ length: 10 }, (_, i) => ({ reward: 0.1, label: Number(i === 0) }));
    const result = await evaluateJson(['--use-rewards', '--activation', 'sigmoid'], rows);
    assert.equal(numberOf(result.metrics.ece), 0);
  });
});

describe('--fields', () => {
  const given = [
    { x: 1, y: 2, by: 'a', user: 1 },
    { x: 3, y: 1, by: 'b', user: 2 },
    { x: 5, y: 4, by: 'b', user: 3 },
  ];
  const usual = given.map(({ x, y, ...row }) => ({ ...row, reward_chosen: x, reward_rejected: y }));
  const env = { REWARD_SCORE_MODEL: join(directory, 'no-model') };

  test('are the rewards of pairs, in every format', async () => {
    const expected = await evaluateJson(['--by', 'by', '--cluster', 'user'], usual);
    assert.equal(numberOf(expected.metrics.pairwise), 2 / 3);
    const lines = writeFile(directory, 'xy.jsonl', jsonl(given.map((row) => ({ text: 'a', reward: 9, ...row }))));
    const inside = writeFile(directory, 'in.jsonl', jsonl(given.map(({ x, y, ...row }) => ({ ...row, r: { x, y } }))));
    const cells = given.map(({ x, y, by, user }) => `${x},${y},${by},${user}\n`).join('');
    const csv = writeFile(directory, 'xy.csv', ` X ,y,by,user\n${cells}`);
    const parquet = join(directory, 'xy.parquet');
    const model = ['-m', join(root, 'fixtures/tiny-gpt2')];
    const made = await rewardScore(['-q', ...model, '--reward-field', 'other', lines, '-o', parquet]);
    assert.equal(made.code, 0, made.stderr);
    for (const [path, fields] of [
      [lines, 'x,y'],
      [inside, 'r.x,r.y'],
      [csv, 'x, Y'],
      [parquet, 'x,y'],
    ] as const) {
      const report = join(directory, 'xy.html');
      const args = ['--json', '--fields', fields, '--by', 'by', '--cluster', 'user'];
      const run = await evaluate([...args, '--report', report, '--fail-under', 'pairwise=0.7', path], { env });
      assert.equal(run.code, 4, run.stderr);
      const { metrics, slices } = resultIn(run.stdout);
      const { longest: _, shortest: __, random } = resultIn(run.stdout).baselines;
      assert.deepEqual(
        { metrics, slices: slices.map(({ key, metrics: own }) => [key, own]), random },
        {
          metrics: expected.metrics,
          slices: expected.slices.map(({ key, metrics: own }) => [key, own]),
          random: expected.baselines.random,
        },
      );
      assert.match(readFileSync(report, 'utf8'), /pairwise/i);
    }
    const same = await evaluate(['--json', '--fields', 'x,y', '--baseline', lines, lines], { env });
    assert.equal(numberOf(resultIn(same.stdout).difference?.pairwise), 0);
  });

  test('a later row without one is a bad row', async () => {
    const rows = [...given, { x: 1, by: 'a' }, { x: 1, y: null }, { x: 1, y: 'z' }];
    const errors = join(directory, 'xy-errors.jsonl');
    const run = await evaluate(['--json', '--fields', 'x,y', '--errors', errors], { stdin: jsonl(rows), env });
    assert.equal(run.code, 3, run.stderr);
    assert.equal(resultIn(run.stdout).failed, 3);
    const [first] = jsonLines(readFileSync(errors, 'utf8'));
    assert.deepEqual([first?.line, first?.code], [4, 'BAD_ROW']);
    assert.equal(first?.message, 'expected a field "y" (--fields), got ["x","by"]; did you mean x?');
  });

  for (const [args, message] of [
    [
      ['x,yy'],
      /standard input:1: expected a field "yy" \(--fields\), got \["x","y","by","user"\]; did you mean y\?\n$/,
    ],
    [['x'], /expected --fields a,b, the rewards of the chosen texts and of the rejected ones, got x alone\n$/],
    [['x,y', '-m', 'starter'], /expected no --model beside --fields x,y, whose rewards are taken as they are\n$/],
    [['x,y', '--max-length', '9', '--rescore'], /expected no --max-length, --rescore beside --fields x,y/],
    [['x,y', '--use-rewards'], /expected no --use-rewards beside --fields x,y/],
    [['x,y', '--suite', 'reward-bench'], /expected --suite reward-bench without --fields/],
  ] as const) {
    test(`${args.join(' ')} is refused`, async () => {
      const { code, stdout, stderr } = await evaluate(['--fields', ...args], { stdin: jsonl(given), env });
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, message);
    });
  }
});

test('slices are the metrics of their rows', async () => {
  const whole = await evaluateJson(grouped, rows);
  assert.deepEqual(
    whole.slices.map(({ key }) => key),
    ['pets', 'travel'],
  );
  for (const { key, metrics, baselines } of whole.slices) {
    const alone = await evaluateJson(
      ['--group', 'question'],
      rows.filter(({ topic }) => topic === key),
    );
    assert.deepEqual({ metrics, baselines }, { metrics: alone.metrics, baselines: alone.baselines });
  }
});

test('a slice for rows without the field, and no more slices than can be read', async () => {
  const many = Array.from({ length: 300 }, (_, i) => ({
    reward: i % 7,
    slice: i >= 200 ? undefined : String(i % 150),
  }));
  const run = await evaluate(['--by', 'slice'], { stdin: jsonl(many) });
  assert.match(run.stdout, /^\(none\) +100 /m);
  assert.match(run.stdout, /^100 rows without a field slice \(--by\), shown as \(none\)$/m);
  assert.match(run.stdout, /^only the 100 largest slices; 51 are left out$/m);
});

test('what people read is at most 80 columns wide', async () => {
  const path = writeFile(
    directory,
    'wide.jsonl',
    jsonl(rows.map((row) => ({ ...row, topic: `${row.topic}${'é'.repeat(50)}` }))),
  );
  const args = ['--fail-under', 'auc=0.1', '--fail-over', 'log_loss=12.345', '--baseline', path];
  const { stdout } = await evaluate([...grouped, ...args, path]);
  for (const line of stdout.split('\n')) assert.ok([...line].length <= 80, line);
});
