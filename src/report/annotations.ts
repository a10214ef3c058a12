/** Workflow commands, which make GitHub show a message beside a change. */
import type { Verdict } from '../evaluation/thresholds.js';
import { printable } from './printable.js';
import { judgedName, missInWords } from './verdicts.js';

export interface AnnotatedFailure {
  readonly file: string;
  readonly line: number | null;
  readonly code: string;
  readonly message: string;
}

/** Writes an error for each missed threshold and a warning for each of the first bad rows. */
export function annotations(verdicts: readonly Verdict[], failures: readonly AnnotatedFailure[]): string {
  const errors = verdicts
    .filter(({ missed }) => missed)
    .map((verdict) => annotation('error', { title: `eval ${judgedName(verdict)}` }, missInWords(verdict)));
  const warnings = failures.map(({ file, line, code, message }) => {
    const place = file === '-' ? {} : { file, ...(line !== null && { line: String(line) }) };
    return annotation('warning', { ...place, title: `bad row: ${code}` }, message);
  });
  return [...errors, ...warnings].join('');
}

const annotation = (
  level: 'error' | 'warning',
  properties: Readonly<Record<string, string>>,
  message: string,
): string =>
  `::${level} ${Object.entries(properties)
    .map(([name, value]) => `${name}=${escapedProperty(value)}`)
    .join(',')}::${escapedMessage(message)}\n`;

/**
 * Escapes line ends as the commands require; the other control characters must not reach a terminal that shows the log.
 */
const escapedMessage = (text: string): string =>
  text
    .replaceAll('%', '%25')
    .split(/(\r|\n)/)
    .map((part) => lineEnds[part] ?? printable(part))
    .join('');

const lineEnds: Readonly<Record<string, string>> = { '\r': '%0D', '\n': '%0A' };

const escapedProperty = (text: string): string => escapedMessage(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
