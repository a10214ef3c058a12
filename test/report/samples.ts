/** Reports of generated rows, and texts that try to be more than text. */

import { mostDisagreeing } from '../../dist/evaluation/disagreements.js';
import { evaluatePairs } from '../../dist/evaluation/evaluate-pairs.js';
import { evaluateRows } from '../../dist/evaluation/evaluate-rows.js';
import type { Provenance } from '../../dist/evaluation/provenance.js';
import type { Rows } from '../../dist/evaluation/rows.js';
import type { ShownText } from '../../dist/evaluation/shown-rows.js';
import { evaluateSlices } from '../../dist/evaluation/slices.js';
import type { EvaluatedRun, ReportData } from '../../dist/report/html/report-data.js';
import { rowPlots } from '../../dist/report/html/row-plots.js';
import { Random } from '../evaluation/samples.js';

export const hostile = [
  '<script>window.ran = true</script>',
  '</script></style></title><script>window.ran = true</script>',
  '"onload="window.ran = true" onmouseover=\'window.ran = true\' x="',
  '<img src=x onerror="window.ran = true"><svg onload="window.ran = true">',
  ']]><script>window.ran = true</script><!-- -->',
  '\u202egnp.exe\u2066 \u0000\u0007\u001b[31m\u0085\ud800',
  `${'W'.repeat(600)}\n\n\n\u0301${'\u0301'.repeat(90)}`,
  '&lt;b&gt; &amp; &#x3c;',
] as const;

/** All of them in one. */
export const hostileText = hostile.join(' ');

export const run: EvaluatedRun = {
  model: 'a model',
  inputs: [{ name: 'rows.jsonl', rows: 240 }],
  rows: 240,
  failed: 0,
  date: new Date(Date.UTC(2026, 0, 2, 3, 4, 5)),
  version: '1.2.3',
  labels: 'label',
  resamples: 100,
  seed: 0,
  clusters: 'groups',
};

/** 60 groups of 4 candidates; a reward says something of the label, and so does the length. */
export function sampleRows(grades: 2 | 5 = 2): Rows {
  const random = new Random(7);
  const rows = Array.from({ length: 240 }, (_, i) => {
    const quality = random.normal();
    const label = grades === 2 ? Number(quality > 0) : Math.min(4, Math.max(0, Math.round(quality + 2)));
    const reward = quality + random.normal();
    const length = Math.round(Math.exp(4 + 0.4 * quality + random.normal()));
    return { label, reward, length, baseline: quality + 2 * random.normal(), group: i >> 2 };
  });
  return {
    rewards: Float64Array.from(rows, ({ reward }) => reward),
    labels: Float64Array.from(rows, ({ label }) => label),
    lengths: Float64Array.from(rows, ({ length }) => length),
    baselineRewards: Float64Array.from(rows, ({ baseline }) => baseline),
    groups: Int32Array.from(rows, ({ group }) => group),
  };
}

const options = { meaning: 'logit', resamples: 100 } as const;

/** A text as a page lists it, with a conversation of which every part is that text. */
const shown = (text: string, reward: number): ShownText => ({
  file: text,
  row: 1,
  line: 1,
  candidate: 0,
  id: text,
  reward,
  tokens: 12,
  cut: 3,
  text,
  conversation: { messages: [{ author: text, content: text }], response: text },
  explain: ['reward-score', 'explain', text],
});

/** Where a report is from; names are the one given. */
export const provenance = (text: string): Provenance => {
  const scoredBy = { model: { name: text, revision: text, sha256: text }, source: text };
  return {
    version: '1.2.3',
    date: run.date.toISOString(),
    command: ['reward-score', 'eval', text],
    runtime: { node: '20.0.0', onnxruntime: text },
    model: { ...scoredBy.model, architecture: text, parameters: 1234, precision: text },
    settings: [{ name: text, value: text, source: text }],
    flags: {},
    inputs: [{ path: text, bytes: 5678, sha256: text, rows: 240, scoredBy }],
    baseline: { path: text, rows: 240, scoredBy },
    cut: { rows: 2, tokens: 34, tokensLeft: 5600 },
  };
};

/** A report with every section; names and texts are the one given. */
export function fullReport(text = 'a text', grades: 2 | 5 = 2): ReportData {
  const rows = sampleRows(grades);
  const keys = Array.from(rows.rewards, (_, i) => `${text} ${(i >> 2) % 3}`);
  const { overrated, underrated } = mostDisagreeing(rows.rewards, rows.labels as Float64Array, 5);
  const rated = (row: number) => ({
    ...shown(text, rows.rewards[row] as number),
    row: row + 1,
    line: row + 1,
    label: rows.labels?.[row] as number,
  });
  const rowEvaluation = evaluateRows(rows, options);
  const auc = 'reason' in rowEvaluation ? rowEvaluation : rowEvaluation.metrics.auc;
  return {
    run: { ...run, model: text, inputs: [{ name: text, rows: 240 }], labels: text },
    rows: rowEvaluation,
    pairs: evaluatePairs(
      { chosen: rows.rewards.subarray(0, 120), rejected: rows.rewards.subarray(120) },
      { resamples: 100 },
    ),
    plots: rowPlots(rows, 'logit'),
    slices: [{ field: text, slices: evaluateSlices(rows, keys, (slice) => evaluateRows(slice, options)) }],
    disagreements: {
      overrated: Array.from(overrated, rated),
      underrated: Array.from(underrated, rated),
      pairs: [{ margin: -2, chosen: shown(text, -1), rejected: shown(text, 1) }],
    },
    baseline: text,
    provenance: provenance(text),
    thresholds: [
      { name: 'auc', demand: { kind: 'bound', bound: 0.6, side: 'under', compares: 'value' }, metric: auc, met: true },
      {
        name: 'ece',
        demand: { kind: 'bound', bound: 0.01, side: 'over', compares: 'interval' },
        metric: { reason: text },
        met: false,
      },
    ],
  };
}
