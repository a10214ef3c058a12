/** A comparison as --json prints it. */
import type { ShownComparison } from '../evaluation/comparison/shown.js';

export function comparisonAsJson(shown: ShownComparison, version: string): string {
  const { a, b, rows, comparison, higher, lower, resamples, seed } = shown;
  const { metrics, ...counts } = comparison;
  const value = { version, a, b, rows, ...counts, metrics, higher, lower, bootstrap: { resamples, seed } };
  return `${JSON.stringify(value, null, 2)}\n`;
}
