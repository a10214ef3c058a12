import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { messageOf, runError } from '../../errors.js';
import { type RunFacts, summaryOf } from '../../run/summary.js';
import type { ModelScorer } from '../../scorer/open.js';

/** Of a model's scorer, what a summary says; its restarts are those of before it was closed. */
export const factsOf = ({ identity, workers, notices }: ModelScorer) => ({
  identity,
  workers,
  notices,
});

/** Writes the summary of a run on this machine. */
export function writeSummary(path: string, facts: Omit<RunFacts, 'node' | 'cpu'>): void {
  const summary = summaryOf({ ...facts, node: process.versions.node, cpu: cpus()[0]?.model ?? 'unknown' });
  try {
    writeFileSync(path, `${JSON.stringify(summary, null, 2)}\n`);
  } catch (error) {
    throw runError(`${path}: the summary cannot be written: ${messageOf(error)}`, { cause: error });
  }
}
