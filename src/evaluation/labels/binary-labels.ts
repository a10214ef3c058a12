import { counted, type NotDefined } from '../metric.js';

/** Says why the labels are not 0 and 1 with at least one of each; undefined where they are. */
export function whyNotBinary(labels: Float64Array): NotDefined | undefined {
  const other = labels.find((label) => label !== 0 && label !== 1);
  if (other !== undefined) return { reason: `expected labels 0 and 1, got ${other}` };
  const positives = labels.reduce((sum, label) => sum + label, 0);
  if (positives > 0 && positives < labels.length) return undefined;
  const which = labels.length === 0 ? '' : `, all ${positives > 0 ? 1 : 0}`;
  return { reason: `expected labels 0 and 1, got ${counted(labels.length, 'row')}${which}` };
}
