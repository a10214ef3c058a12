/** Runs `eval` for its JSON. */
import assert from 'node:assert/strict';
import type { Run } from './in-process.js';
import { type RunOptions, rewardScore } from './run.js';

export type MetricResult =
  | { readonly value: number; readonly low: number; readonly high: number; readonly n: number }
  | { readonly reason: string };

export interface EvaluationResult {
  readonly metrics: Readonly<Record<string, MetricResult>>;
  readonly baselines: Readonly<Record<string, Readonly<Record<string, MetricResult>>>>;
  readonly difference?: Readonly<Record<string, MetricResult>>;
  readonly comparison?: Readonly<Record<'own' | 'baseline', Readonly<Record<string, MetricResult>>>>;
  readonly slices: readonly ({ readonly key: string } & Pick<EvaluationResult, 'metrics' | 'baselines'>)[];
  readonly thresholds: readonly Readonly<Record<string, unknown>>[];
  readonly rows: number;
  readonly failed: number;
}

/** Rows as JSON lines. */
export const jsonl = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** Few resamples, as most tests look at values alone. */
export const evaluate = (args: readonly string[], options: RunOptions = {}): Promise<Run> =>
  rewardScore(['eval', '-q', '-j', '1', '--bootstrap', '100', ...args], options);

export async function evaluateJson(args: readonly string[], rows: readonly unknown[]): Promise<EvaluationResult> {
  const run = await evaluate(['--json', ...args], { stdin: jsonl(rows) });
  assert.doesNotMatch(run.stdout, /NaN|Infinity|undefined/);
  assert.ok(run.stdout !== '', run.stderr);
  return resultIn(run.stdout);
}

/** What --json printed without where it comes from, which is another for each run. */
export function resultIn(json: string): EvaluationResult {
  const { provenance, ...result } = JSON.parse(json) as EvaluationResult & { readonly provenance: object };
  assert.ok(provenance, 'the result has no provenance');
  return result;
}

export function numberOf(metric: MetricResult | undefined): number {
  assert.ok(metric !== undefined && 'value' in metric, JSON.stringify(metric));
  return metric.value;
}

export function reasonOf(metric: MetricResult | undefined): string {
  assert.ok(metric !== undefined && 'reason' in metric, JSON.stringify(metric));
  return metric.reason;
}
