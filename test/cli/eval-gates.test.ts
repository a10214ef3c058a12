/** Gates of `eval`: no regression against a baseline, bounds of slices, and what is drawn together. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { evaluate, jsonl } from '../support/evaluation.js';
import { temporaryDirectory, writeFile } from '../support/run.js';
import { testWrongUses } from '../support/wrong-use.js';

const directory = temporaryDirectory();

/** 40 rows: the model orders those of the web, and those of books the wrong way round. */
const rows = Array.from({ length: 40 }, (_, i) => {
  const label = i % 2;
  const source = i < 20 ? 'web' : 'books';
  return { id: i, source, user: `u${i % 10}`, label, reward: (source === 'web' ? 1 : -1) * (label - 0.5) + i / 1000 };
});
const perfect = writeFile(directory, 'perfect.jsonl', jsonl(rows.map((row) => ({ ...row, reward: row.label }))));
const poor = writeFile(directory, 'poor.jsonl', jsonl(rows.map((row) => ({ ...row, reward: -row.label }))));
const stdin = jsonl(rows);

test('no regression: a metric that is worse beyond its interval exits with 4, in words, JSON, JUnit and annotations', async () => {
  const junit = join(directory, 'junit.xml');
  const worse = await evaluate(['--baseline', perfect, '--fail-on-regression', 'auc', '--junit', junit], {
    stdin,
    env: { GITHUB_ACTIONS: 'true' },
  });
  assert.equal(worse.code, 4);
  const said =
    /auc is worse than the baseline's: 0\.\d{3} lower, 95 % interval of the difference -0\.\d{3} to -0\.\d{3} \(--fail-on-regression auc\)/;
  assert.match(worse.stderr, said);
  assert.match(worse.stdout, /^auc no worse than the baseline +-0\.\d{3} .* missed$/m);
  assert.match(worse.stdout, /^::error title=eval auc::auc is worse than the baseline's/m);
  assert.match(readFileSync(junit, 'utf8'), /<testcase [^>]*name="auc no worse than the baseline">\s*<failure /);
  const better = await evaluate(['--baseline', poor, '--fail-on-regression=auc'], { stdin });
  assert.equal(better.code, 0, better.stderr);

  const all = await evaluate(['--baseline', perfect, '--json', '--fail-on-regression'], { stdin });
  assert.equal(all.code, 4);
  const { thresholds, comparison, difference } = JSON.parse(all.stdout);
  // A smaller error is better, and here it is larger; the mean is neither.
  assert.deepEqual(
    thresholds.map(({ metric }: { metric: string }) => metric),
    ['auc', 'ap', 'accuracy', 'brier', 'log_loss', 'ece'],
  );
  const [auc] = thresholds;
  assert.deepEqual(auc, { metric: 'auc', failOnRegression: true, ...difference.auc, missed: true });
  assert.equal(comparison.baseline.auc.value, 1);
  assert.equal(comparison.own.auc.value - comparison.baseline.auc.value, difference.auc.value);
  // The same rewards are no loss.
  const same = await evaluate(['--baseline', writeFile(directory, 'same.jsonl', stdin), '--fail-on-regression'], {
    stdin,
  });
  assert.equal(same.code, 0, same.stderr);
  // What cannot be compared is missed.
  const none = await evaluate(['--baseline', perfect, '--fail-on-regression', 'top1'], { stdin });
  assert.equal(none.code, 4);
  assert.match(none.stderr, /top1 cannot be compared with the baseline: expected groups/);
});

describe('a bound for a slice', { concurrency: 2 }, () => {
  const cases: readonly (readonly [args: readonly string[], code: number, said: RegExp])[] = [
    [['--fail-under', 'auc[source=web]=0.9'], 0, /^$/],
    [
      ['--fail-under', 'auc[source=books]=0.7'],
      4,
      /^reward-score: auc\[source=books\] 0, .* is under 0\.7 \(--fail-under auc\[source=books\]=0\.7\)\n$/,
    ],
    [['--fail-under', 'auc[source]=0.7'], 4, /^reward-score: auc\[source=books\] 0, [^\n]*\n$/],
    [['--fail-over', 'auc[source]=1'], 0, /^$/],
    [
      ['--fail-under', 'auc[source=news]=0'],
      4,
      /auc\[source=news\] cannot be computed: expected rows whose source is news, got none/,
    ],
  ];
  for (const [args, code, said] of cases) {
    test(args.join(' '), async () => {
      const run = await evaluate(['--by', 'source', ...args], { stdin });
      assert.match(run.stderr, said);
      assert.equal(run.code, code);
    });
  }

  test('is held for a slice too small to be among those that are shown', async () => {
    const many = Array.from({ length: 404 }, (_, i) => ({ reward: i % 2, label: i % 2, source: `s${i >> 2}` }));
    const small = [0, 1].map((label) => ({ reward: -label, label, source: 'small' }));
    const run = await evaluate(['--by', 'source', '--json', '--fail-under', 'auc[source=small]=0.5'], {
      stdin: jsonl([...many, ...small]),
    });
    assert.equal(run.code, 4);
    const [threshold] = JSON.parse(run.stdout).thresholds;
    assert.deepEqual({ ...threshold.slice, value: threshold.value }, { field: 'source', key: 'small', value: 0 });
    const each = await evaluate(['--by', 'source', '--fail-under', 'auc[source]=0.5'], {
      stdin: jsonl([...many, ...small]),
    });
    assert.match(each.stderr, /expected at most 100 values of source, got 102: the others were not evaluated/);
  });
});

test('--cluster: its rows are drawn together, across groups; a group is in one cluster', async () => {
  const grouped = rows.map((row, i) => ({ ...row, question: i >> 1, author: `a${i >> 2}` }));
  const clustered = ['--group', 'question', '--cluster', 'author'];
  const run = await evaluate([...clustered], { stdin: jsonl(grouped) });
  assert.equal(run.code, 0, run.stderr);
  assert.match(
    run.stdout,
    /^40 rows, 40 rewards, 20 groups\n95 % intervals from 100 resamples of 10 clusters: the rows of one author are drawn together\n/,
  );
  // Clusters that are conversations already give the same intervals as --group on the same field.
  const [byCluster, byGroup] = await Promise.all(
    [
      ['--cluster', 'user'],
      ['--group', 'user'],
    ].map(async (flags) => JSON.parse((await evaluate(['--json', ...flags], { stdin })).stdout)),
  );
  assert.deepEqual(byCluster.metrics.auc, byGroup.metrics.auc);
  assert.match(byCluster.metrics.top1.reason, /expected groups/);
  const split = await evaluate(['--group', 'source', '--cluster', 'user'], { stdin });
  assert.equal(split.code, 2);
  assert.match(
    split.stderr,
    /expected one value of user \(--cluster\) in each group, got "u0" in line 1 and "u1" in line 2 of the group "web"/,
  );
});

test('one of each is told in the singular', async () => {
  const { stdout } = await evaluate(['--group', 'source'], { stdin: jsonl(rows.slice(0, 20)) });
  assert.match(stdout, /^20 rows, 20 rewards, 1 group\n95 % intervals from 100 resamples of 1 whole group\n/);
  assert.match(stdout, /expected 2 rows, groups or conversations to draw from, got 1/);
});

testWrongUses('gates that cannot be held', directory, [
  { args: ['eval', '--fail-on-regression', perfect], stderr: /Expected one of auc, ap/ },
  { args: ['eval', perfect, '--fail-on-regression'], stderr: /expected --fail-on-regression with --baseline FILE/ },
  { args: ['eval', perfect, '--baseline', perfect, '--fail-on-regression', 'mean'], stderr: /Expected one of auc, ap/ },
  {
    args: ['eval', perfect, '--fail-under', 'auc[source=web]=1'],
    stderr: /expected --by source with a threshold on a slice by source, got no --by/,
  },
  { args: ['eval', perfect, '--by', 'user', '--fail-over', 'auc[source]=1'], stderr: /got --by user/ },
  { args: ['eval', perfect, '--fail-under', 'auc[]=1'], stderr: /Expected the name of a field after the \[\./ },
]);
