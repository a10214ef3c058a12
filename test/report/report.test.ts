import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateRows } from '../../dist/evaluation/evaluate-rows.js';
import type { Rows } from '../../dist/evaluation/rows.js';
import { evaluateSlices } from '../../dist/evaluation/slices.js';
import { renderReport } from '../../dist/report/html/report.js';
import type { ReportData } from '../../dist/report/html/report-data.js';
import { rowPlots } from '../../dist/report/html/row-plots.js';
import { fullReport, hostile, hostileText, run, sampleRows } from './samples.js';

const sectionsOf = (page: string): string[] =>
  [...page.matchAll(/<section id="([^"]+)"/g)].map(([, id]) => id as string);
const figuresOf = (page: string): string[] =>
  [...page.matchAll(/<h3>([^<]+)<\/h3>/g)].map(([, name]) => name as string);
const withoutTags = (page: string): string => page.replace(/<style>.*?<\/style>/s, '').replace(/<[^>]*>/g, '');

test('a full report has every section and plot', async () => {
  const page = await renderReport(fullReport());
  assert.deepEqual(sectionsOf(page), [
    'thresholds',
    'metrics',
    'difference',
    'plots',
    'slices',
    'disagreements',
    'method',
    'provenance',
  ]);
  assert.deepEqual(figuresOf(page), [
    'Against the baselines',
    'ROC',
    'Calibration',
    'Rewards by label',
    'Best of N',
    'Length against reward',
    'AUC by a text',
  ]);
});

test('sections without data are left out', async () => {
  assert.deepEqual(sectionsOf(await renderReport({ run })), []);
  const { labels, ...unlabelled } = run;
  const { rewards, lengths } = sampleRows();
  const data: ReportData = {
    run: unlabelled,
    rows: evaluateRows({ rewards, lengths }, { meaning: 'logit', resamples: 100 }),
    plots: rowPlots({ rewards, lengths }, 'logit'),
    slices: [],
    disagreements: { overrated: [] },
    thresholds: [],
  };
  const page = await renderReport(data);
  assert.equal(labels, 'label');
  assert.deepEqual(sectionsOf(page), ['metrics', 'plots', 'method']);
  assert.deepEqual(figuresOf(page), ['Rewards', 'Length against reward']);
  assert.match(page, /<code>auc, ap, [^<]*accuracy[^<]*<\/code>: expected labels, got none/);
});

test('what cannot be evaluated says why', async () => {
  const page = await renderReport({ run: { ...run, failed: 240 }, rows: { reason: 'expected rewards, got none' } });
  assert.deepEqual(sectionsOf(page), ['metrics']);
  assert.match(page, /No metrics: expected rewards, got none/);
  assert.match(page, /240 failed, and are in no metric/);
});

test('graded labels have rank metrics, a part of the histogram each, and no ROC', async () => {
  const page = await renderReport(fullReport('a text', 5));
  assert.deepEqual(figuresOf(page).slice(0, 4), [
    'Against the baselines',
    'Rewards by label',
    'Best of N',
    'Length against reward',
  ]);
  assert.match(page, />label 4: \d+ rows</);
  assert.match(page, /<code>auc, ap, accuracy, brier, log_loss, ece<\/code>: expected labels 0 and 1, got \d/);
});

test('the head says what was evaluated', async () => {
  const inputs = Array.from({ length: 12 }, (_, i) => ({ name: `part-${i}.jsonl`, rows: 1000 * i }));
  const page = withoutTags(await renderReport({ run: { ...run, inputs } }));
  for (const part of ['a model', 'part-9.jsonl (9,000) and 2 more', '2026-01-02 03:04 UTC', 'reward-score 1.2.3']) {
    assert.ok(page.includes(part), part);
  }
});

test('a threshold stands with its bound, value and result', async () => {
  const page = withoutTags(await renderReport(fullReport('a text')));
  assert.match(page, /auc at least 0\.6✓ met0\.\d{3}\[/);
  assert.match(page, /ece at most 0\.01✗ missednot defineda text/);
  assert.match(page, /1 of 2 met/);
});

test('the same data gives the same bytes', async () => {
  assert.equal(await renderReport(fullReport()), await renderReport(fullReport()));
});

test('names and texts stay text, in elements, attributes and drawings', async () => {
  // The tags are the template's: the same ones in the same order, whatever the texts hold.
  const tagsOf = (page: string) => page.match(/<[/!]?[a-z]+/gi);
  const known = tagsOf(await renderReport(fullReport('plain')));
  for (const text of [...hostile, hostileText]) {
    const page = await renderReport(fullReport(text));
    assert.deepEqual(tagsOf(page), known, text);
    assert.doesNotMatch(page, /<[^>"]*("[^"]*"[^>"]*)*\son\w+=/, text);
    assert.doesNotMatch(page, /(?!\n)[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u, text);
  }
});

test('a million rows make a report as small as a thousand do', async () => {
  const small = await renderReport(manyRows(1000));
  const large = await renderReport(manyRows(1_000_000));
  assert.ok(large.length < 1.2 * small.length, `${large.length} characters against ${small.length}`);
  assert.ok(large.length < 200_000, `${large.length} characters`);
});

function manyRows(count: number): ReportData {
  const rewards = Float64Array.from({ length: count }, (_, i) => Math.sin(i) * 3);
  const labels = Float64Array.from({ length: count }, (_, i) => Number(Math.sin(i) + Math.cos(7 * i) > 0));
  const lengths = Float64Array.from({ length: count }, (_, i) => 1 + ((i * 7919) % 3001));
  return { run, plots: rowPlots({ rewards, labels, lengths }, 'logit') };
}

test('slices that cut groups apart go by a metric that they have', async () => {
  const { rewards, labels, groups } = sampleRows(5);
  const options = { meaning: 'logit', resamples: 100 } as const;
  const evaluate = (rows: Rows) => evaluateRows(rows, options);
  const places = Array.from(rewards, (_, i) => `place ${i % 4}`);
  const page = await renderReport({
    run,
    rows: evaluate({ rewards, labels, groups }),
    slices: [{ field: 'place', slices: evaluateSlices({ rewards, labels, groups }, places, evaluate) }],
  });
  assert.ok(figuresOf(page).includes('mean reward by place'), figuresOf(page).join(', '));
});

test('of many slices the largest are shown, and how many there are', async () => {
  const { rewards } = sampleRows();
  const evaluation = evaluateRows({ rewards }, { meaning: 'logit', resamples: 100 });
  const slices = Array.from({ length: 1000 }, (_, i) => ({ key: `slice ${i}`, evaluation }));
  const page = await renderReport({ run, slices: [{ field: 'field', slices }] });
  assert.match(page, /The 24 largest of 1,000 slices\./);
  assert.match(page, /The 200 largest of 1,000 slices are listed\./);
  assert.equal(page.match(/<th scope="row">slice /g)?.length, 200);
});

test('rewards and metrics that are all one are drawn', async () => {
  const rewards = new Float64Array(20).fill(0.5);
  const labels = Float64Array.from(rewards, (_, i) => i % 2);
  const rows = { rewards, labels, lengths: new Float64Array(20).fill(7) };
  const page = await renderReport({
    run,
    rows: evaluateRows(rows, { meaning: 'logit', resamples: 100 }),
    plots: rowPlots(rows, 'logit'),
  });
  assert.deepEqual(figuresOf(page), ['Against the baselines', 'ROC', 'Calibration', 'Rewards by label']);
  assert.doesNotMatch(page, /NaN|undefined|Infinity/);
});
