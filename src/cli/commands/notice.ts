/** Notices of what is known before the first row, where no model is needed to know it. */
import { usageError } from '../../errors.js';
import type { FormatSettings } from '../../rows/formats/index.js';
import type { Notice } from '../../rows/notices.js';
import type { Input } from '../../run/input.js';
import { haveNoRows } from '../../run/inspect.js';
import type { CommandContext } from '../context.js';

type Hearer = Pick<CommandContext, 'log' | 'notices'>;

/** @throws FatalError `usage` under `--strict` */
export function giveNotice(notice: Notice, strict: boolean, { log, notices }: Hearer): void {
  if (strict) throw usageError(`${notice.message} (--strict)`);
  notices.push(notice);
  log.note(notice.message);
}

/** The inputs of one output, or of an evaluation. */
interface Reading {
  readonly inputs: readonly Input[];
  readonly format: FormatSettings;
}

/**
 * Says that all inputs are empty. A stream in which nothing comes is nothing to speak of.
 *
 * @throws FatalError `usage` under `--strict`
 */
export async function noteNoRows(
  readings: readonly Reading[],
  {
    strict,
    maxRowBytes,
    stream = false,
  }: { readonly strict: boolean; readonly maxRowBytes: number; readonly stream?: boolean },
  hearer: Hearer,
): Promise<void> {
  if (stream) return;
  for (const { inputs, format } of readings) if (!(await haveNoRows(inputs, format, maxRowBytes))) return;
  const [first, ...others] = readings.flatMap(({ inputs }) => inputs);
  const where =
    others.length === 0 ? `${first?.name}: expected rows` : `expected rows in one of ${others.length + 1} inputs`;
  giveNotice({ code: 'NO_ROWS', message: `${where}, got none: there is nothing to score` }, strict, hearer);
}
