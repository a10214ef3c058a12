/** The table of metrics: whatever iterates it has each metric, and so does the page that documents them. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { baselineNames } from '../../dist/evaluation/baselines.js';
import { evaluate } from '../../dist/evaluation/evaluation.js';
import type { MetricDefinition } from '../../dist/evaluation/metrics/definition.js';
import { metricNames, metrics } from '../../dist/evaluation/metrics.js';
import { parseThreshold } from '../../dist/evaluation/thresholds.js';
import { namedMetrics } from '../../dist/report/html/named-metrics.js';
import { evaluationAsJson } from '../../dist/report/json.js';
import { evaluationInWords } from '../../dist/report/text.js';
import { provenance } from '../report/samples.js';
import { root } from '../support/run.js';
import { Random } from './samples.js';

const definitions = Object.entries<MetricDefinition>(metrics);
const needsOf = (metric: MetricDefinition): readonly string[] => ('needs' in metric ? metric.needs : ['pairs']);

const random = new Random(3);
const column = (value: (row: number) => number) => Float64Array.from({ length: 40 }, (_, row) => value(row));
const rows = {
  rewards: column(() => random.normal()),
  labels: column((row) => row % 2),
  lengths: column(() => 1 + random.below(50)),
  groups: Int32Array.from({ length: 40 }, (_, row) => row >> 2),
};
const pairs = {
  chosen: column(() => random.normal()),
  rejected: column(() => random.normal()),
  chosenLengths: column(() => 1 + random.below(50)),
  rejectedLengths: column(() => 1 + random.below(50)),
};
const evaluation = evaluate(
  {
    rows: { columns: rows, slices: undefined },
    pairs: { columns: pairs, slices: undefined },
    texts: [],
    pairTexts: [],
    files: [],
    withoutLength: 0,
    withoutSlice: 0,
  },
  { meaning: 'logit', resamples: 100 },
);
const { rows: ofRows, pairs: ofPairs } = evaluation.parts;
assert.ok(ofRows && !('reason' in ofRows) && ofPairs && !('reason' in ofPairs));
const inReport = [...namedMetrics(ofRows), ...namedMetrics(ofPairs)];

test('each metric is computed, printed, written as JSON, reported, and can have a threshold', () => {
  const shown = { evaluation, verdicts: [], rows: 80, failed: 0, resamples: 100, by: undefined, baseline: undefined };
  const text = evaluationInWords({ ...shown, notes: [] });
  const json = JSON.parse(
    evaluationAsJson(evaluation, [], { rows: 80, failed: 0 }, provenance('a name'), undefined),
  ) as { metrics: object };
  assert.deepEqual(Object.keys(json.metrics), metricNames);
  assert.deepEqual(inReport.map(({ name }) => name).sort(), [...metricNames].sort());
  for (const name of metricNames) {
    assert.ok('value' in evaluation.metrics[name], name);
    assert.match(text, new RegExp(`^${name} +-?[0-9.]`, 'm'));
    assert.deepEqual(parseThreshold('under', `${name}=1`), { side: 'under', metric: name, bound: 1 });
  }
});

test('a metric has all baselines, or none where it takes the rewards themselves', () => {
  for (const { name, baselines } of inReport) {
    const expected = metrics[name].takes === 'rewards' ? [] : baselineNames;
    assert.deepEqual(Object.keys(baselines), expected, name);
  }
});

test('no two metrics have one place among those that are shown first', () => {
  for (const place of ['headline', 'slices'] as const) {
    const ranks = definitions.flatMap(([, { shown }]) => shown[place] ?? []);
    assert.equal(new Set(ranks).size, ranks.length, place);
    assert.ok(ranks.length >= 2, place);
  }
});

const page = readFileSync(join(root, 'docs/evaluate.md'), 'utf8');

test('docs/evaluate.md says which metrics what is known of the rows gives', () => {
  const given: readonly (readonly [what: string, needs: (needs: readonly string[]) => boolean])[] = [
    ['liked or not', (needs) => needs.includes('binary labels')],
    ['a grade', (needs) => needs.includes('groups')],
    ['which of two is better', (needs) => needs.includes('pairs')],
    ['nothing', (needs) => needs.length === 0],
  ];
  for (const [what, needs] of given) {
    const cell = new RegExp(`^\\| ${what} \\|.*\\|([^|]*)\\|$`, 'm').exec(page)?.[1] ?? '';
    const own = cell.split(';')[0] ?? '';
    const named = [...own.matchAll(/`(\w+)`/g)].map(([, name]) => name as string);
    const expected = definitions.filter(([, metric]) => needs(needsOf(metric))).map(([name]) => name);
    assert.deepEqual(named.sort(), expected.sort(), what);
  }
});

test('docs/evaluate.md explains each metric as the report does', () => {
  const lines = definitions.map(([name, { title, explanation, better }]) => {
    const meaning = explanation === 'of all rows' ? title : explanation;
    return `| \`${name}\` | ${meaning} | ${better} |`;
  });
  assert.ok(page.includes(`\n${lines.join('\n')}\n\n`), `expected these lines:\n${lines.join('\n')}`);
});
