/** Prints what the user should know at the end of a run. */

import { HISTOGRAM_BARS, rewardsInLine } from '../../report/rewards-text.js';
import { rowKinds } from '../../rows/kinds/kinds.js';
import { hintCodes, noticeCodes } from '../../rows/notices.js';
import type { RunStatistics } from '../../run/statistics.js';
import type { Context } from '../context.js';
import type { Log } from '../log.js';
import { oneLine } from '../one-line.js';
import { perSecond } from '../progress.js';

export interface EndOfRun {
  readonly maxLength: number;
  readonly seconds: number;
  /** Whether to say how many rows have which form. */
  readonly forms?: boolean;
}

export function printEnd(statistics: RunStatistics, { maxLength, seconds, forms = false }: EndOfRun, log: Log): void {
  const { counts } = statistics;
  printFailures(counts.firstFailures, counts.failed, log);
  for (const [code, rows] of entries(counts.notices)) log.note(`notice: ${rowsInWords(rows)}: ${noticeCodes[code]}`);
  for (const [code, rows] of entries(counts.hints)) log.note(`hint: ${rowsInWords(rows)}: ${hintCodes[code]}`);
  if (statistics.seesNoSpace) {
    log.note('hint: no prompt ends and no response begins with white space; nothing is put between the two');
  }
  const parts = [`${rowsInWords(counts.rows)}${forms ? formsInWords(counts.forms) : ''}`];
  if (counts.failed > 0) parts.push(countInWords(counts.failed, 'bad'));
  if (counts.truncatedRows > 0) parts.push(`${countInWords(counts.truncatedRows, 'cut to')} ${maxLength} tokens`);
  parts.push(`${seconds.toFixed(1)} s`, `${perSecond(counts.rows, seconds)} rows/s`);
  log.note(parts.join(', '));
}

/** What stands before a message. */
const PREFIX = 'reward-score: '.length;

/** Prints how the rewards are spread, and what was cut, in two lines, where a person watches. */
export function printRewards(statistics: RunStatistics, { stderr, log }: Pick<Context, 'stderr' | 'log'>): void {
  if (!stderr.isTTY) return;
  const { counts, rewards } = statistics;
  if (rewards === undefined) return;
  const { p01, p99 } = rewards.quantiles;
  const histogram = p01 === null || p99 === null ? undefined : statistics.histogram(p01, p99, HISTOGRAM_BARS);
  const name = 'rewards ';
  const line = rewardsInLine(rewards, histogram, (stderr.columns ?? WIDTH) - PREFIX - name.length);
  if (line === undefined) return;
  log.note(name + line);
  const told = [
    ...entries(counts.notices),
    ...entries(counts.hints),
    ...(statistics.seesNoSpace ? [['NO_SPACE', 1]] : []),
  ];
  const codes = told.map(([code, rows]) => `${code} ${rows?.toLocaleString('en-US')}`).join(', ');
  log.note([cutInWords(counts), ...(codes === '' ? [] : [codes])].join('; '));
}

/** The columns of a terminal that does not say how many it has. */
const WIDTH = 80;

function cutInWords({ rows, truncatedRows, truncatedTokens, tokens }: RunStatistics['counts']): string {
  if (truncatedRows === 0) return 'nothing was cut';
  const percent = (part: number, whole: number): string => `${Math.max(1, Math.round((100 * part) / whole))} %`;
  const share = percent(truncatedTokens, tokens + truncatedTokens);
  return `cut: ${percent(truncatedRows, rows)} of the rows, ${share} of all tokens`;
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

function formsInWords(forms: RunStatistics['counts']['forms']): string {
  const found = rowKinds.flatMap((form) => {
    const rows = forms[form];
    return rows === undefined ? [] : [countInWords(rows, form)];
  });
  return found.length === 0 ? '' : ` (${found.join(', ')})`;
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
