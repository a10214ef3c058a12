/** `eval --report`: the page that a run writes. What is on it, and how it looks in a browser, is tested in test/report. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { jsonLines, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';

const directory = temporaryDirectory();
const labelled = join(root, 'fixtures/labelled.jsonl');
const rows = jsonLines(readFileSync(labelled, 'utf8'));
const lines = (all: readonly object[]): string => all.map((row) => `${JSON.stringify(row)}\n`).join('');

async function report(input: string, ...flags: string[]): Promise<{ html: string; stdout: string }> {
  const path = join(directory, 'report.html');
  const { code, stdout, stderr } = await rewardScore(['eval', '-q', '--report', path, ...flags, '-'], { stdin: input });
  assert.equal(code, 0, stderr);
  return { html: readFileSync(path, 'utf8'), stdout };
}

test('has the metrics that are printed, the thresholds, and the rows that are farthest from their labels', async () => {
  const { html, stdout } = await report(lines(rows), '--group', 'question', '--fail-under', 'auc=0.1');
  const auc = /^auc +([\d.]+)/m.exec(stdout)?.[1] as string;
  assert.ok(html.includes(auc), `${auc} is not there`);
  for (const heading of ['Thresholds', 'Metrics', 'Where model and label disagree most']) {
    assert.ok(html.includes(heading), `${heading} is not there`);
  }
  assert.match(html, /standard input:\d+|-:\d+/);
});

test('shows slices, pairs, and the difference to another scorer', async () => {
  const pairs = [1, 2, 3, 4].map((i) => ({
    topic: i % 2 === 0 ? 'sea' : 'land',
    chosen: `good ${i}`,
    rejected: `bad ${i}`,
    reward_chosen: i - 2,
    reward_rejected: 1 / i,
  }));
  const baseline = writeFile(directory, 'baseline.jsonl', lines(pairs.map((pair) => ({ ...pair, reward_chosen: 9 }))));
  const { html } = await report(lines(pairs), '--by', 'topic', '--baseline', baseline);
  for (const text of ['sea', 'land', 'good 1', 'bad 1', 'baseline.jsonl']) assert.ok(html.includes(text), text);
});

test('takes the text of a row as text', async () => {
  const hostile = '</script><script>alert(1)</script><img src=x onerror=alert(1)>';
  const { html } = await report(lines([...rows, { ...rows[0], response: hostile, reward: 99, label: 0 }]));
  assert.ok(html.includes('&lt;script&gt;alert(1)'), 'the row is not shown');
  assert.doesNotMatch(html, /<script|<img/i);
});

test('that cannot be written ends the run, and says why', async () => {
  const path = join(directory, 'no folder', 'report.html');
  const { code, stderr } = await rewardScore(['eval', '-q', '--report', path, labelled]);
  assert.notEqual(code, 0);
  assert.match(stderr, /report\.html/);
});
