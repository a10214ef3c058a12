/** Prints what the user should know at the end of a run. */
import { hintCodes, noticeCodes } from '../../rows/notices.js';
import type { RunStatistics } from '../../run/statistics.js';
import type { Log } from '../log.js';
import { oneLine } from '../one-line.js';
import { perSecond } from '../progress.js';

export function printEnd(statistics: RunStatistics, maxLength: number, seconds: number, log: Log): void {
  const { counts } = statistics;
  printFailures(counts.firstFailures, counts.failed, log);
  for (const [code, rows] of entries(counts.notices)) log.note(`notice: ${rowsInWords(rows)}: ${noticeCodes[code]}`);
  for (const [code, rows] of entries(counts.hints)) log.note(`hint: ${rowsInWords(rows)}: ${hintCodes[code]}`);
  if (statistics.seesNoSpace) {
    log.note('hint: no prompt ends and no response begins with white space; nothing is put between the two');
  }
  const parts = [rowsInWords(counts.rows)];
  if (counts.failed > 0) parts.push(countInWords(counts.failed, 'bad'));
  if (counts.truncatedRows > 0) parts.push(`${countInWords(counts.truncatedRows, 'cut to')} ${maxLength} tokens`);
  parts.push(`${seconds.toFixed(1)} s`, `${perSecond(counts.rows, seconds)} rows/s`);
  log.note(parts.join(', '));
}

/** Prints the estimate of a dry run. */
export function printEstimate({ counts }: RunStatistics, seconds: number, workers: number, log: Log): void {
  const { tokens, computedTokens } = counts;
  const time =
    seconds < 90 ? `${Math.ceil(seconds)} s` : seconds < 5400 ? `${Math.round(seconds / 60)} min` : hours(seconds);
  const many = (n: number): string => n.toLocaleString('en-US');
  log.note(
    `dry run: ${many(tokens)} tokens, ${many(computedTokens)} of them to compute; ` +
      `about ${time} with ${workers === 1 ? '1 worker' : `${workers} workers`}`,
  );
}

const entries = <K extends string>(counts: Readonly<Partial<Record<K, number>>>): [K, number][] =>
  Object.entries(counts) as [K, number][];

const hours = (seconds: number): string => `${(seconds / 3600).toFixed(1)} h`;

function printFailures(first: RunStatistics['counts']['firstFailures'], failed: number, log: Log): void {
  for (const { file, line, byte, code, message } of first) {
    const place = file === '-' ? 'standard input' : file;
    log.note(oneLine(`${place}:${line ?? `byte ${byte}`}: ${code}: ${message}`));
  }
  const untold = failed - first.length;
  if (untold > 0) log.note(`and ${rowsInWords(untold, 'more bad ')}`);
}

const countInWords = (n: number, what: string): string => `${n.toLocaleString('en-US')} ${what}`;

export const rowsInWords = (n: number, which = ''): string => countInWords(n, `${which}row${n === 1 ? '' : 's'}`);
