/** `model check`: scores rows that carry rewards once more, and tells how far apart the two are, and where. */

import { usageError } from '../../errors.js';
import { countParameters } from '../../model/architectures/network.js';
import { createFormat, type FormatSettings, resultLines } from '../../rows/formats/index.js';
import { DEFAULT_MAX_ROW_BYTES, splitRecords } from '../../rows/records.js';
import { type RowResult, resultFields } from '../../rows/results.js';
import { Input } from '../../run/input.js';
import { readWindows } from '../../run/read-windows.js';
import { besideWorkers, scoreWindows } from '../../run/score-windows.js';
import { windowSizeFor } from '../../run/windows.js';
import { type Engine, loadPool, preparePool, resolveEngine } from '../../scorer/engine.js';
import type { Window } from '../../scorer/protocol.js';
import { ExitCode } from '../exit-codes.js';
import type { CheckFlags } from '../flags/model-command.js';
import { createLog } from '../log.js';
import { withDownloads } from './downloads.js';

/** Rows that are listed, the farthest off first. */
const LISTED = 10;

interface Deviation {
  readonly line: number | null;
  readonly expected: number;
  /** null where the row cannot be scored now. */
  readonly got: number | null;
  /** |got - expected| / max(1, |expected|) */
  readonly difference: number;
}

export async function check(name: string | undefined, flags: CheckFlags): Promise<void> {
  const log = createLog(flags.quiet);
  if (!(flags.tolerance >= 0)) throw usageError('expected --tolerance to be a number from 0 up');
  const input = new Input(flags.against);
  const engine = await withDownloads(flags, log, (download) =>
    resolveEngine({ ...flags, ...(name !== undefined && { model: name }) }, download),
  );
  for (const notice of engine.warnings) log.note(notice);
  const comparison = await compare(engine, input, flags, (notice) => log.note(notice));
  if (comparison.rewards === 0) {
    throw usageError(
      `${flags.against}: expected rows with ${flags.rewardField}, found none; name it by --reward-field`,
    );
  }
  process.stdout.write(flags.json ? `${JSON.stringify(comparison, null, 2)}\n` : inWords(comparison, flags.tolerance));
  process.exitCode = comparison.beyond > 0 ? ExitCode.badRows : ExitCode.ok;
}

async function compare(engine: Engine, input: Input, flags: CheckFlags, onNotice: (notice: string) => void) {
  // The reward that a row has already is what is checked, not in the way: results stand apart from rows.
  const settings = resultLines(flags.rewardField);
  const pool = await preparePool(engine, { useCache: flags.cache, onNotice });
  const totals = { rows: 0, rewards: 0, without: 0, beyond: 0, mean: 0, largest: 0 };
  let worst: Deviation[] = [];
  try {
    await loadPool(pool, engine, { format: settings });
    const windows = readWindows({
      inputs: [input],
      format: createFormat(settings),
      windowSize: windowSizeFor(countParameters(engine.checkpoint.network)),
      maxRowBytes: DEFAULT_MAX_ROW_BYTES,
      signal: new AbortController().signal,
    });
    const scoring = { ...besideWorkers(engine.workers), scoreWindow: (window: Window) => pool.score(window) };
    for await (const { window, scored } of scoreWindows(windows, scoring)) {
      const results = parseLines(scored.bytes) as RowResult[];
      const rows = rowsOf(window, settings);
      for (const [i, { line, row }] of rows.entries()) {
        totals.rows++;
        const result = results[i] as RowResult;
        const expected = rewardsOf(row, result, flags.rewardField);
        if (!expected.some((reward) => typeof reward === 'number')) totals.without++;
        for (const [j, reward] of expected.entries()) {
          if (typeof reward !== 'number') continue;
          const got = result.rewards[j] ?? null;
          const difference =
            got === null ? Number.POSITIVE_INFINITY : Math.abs(got - reward) / Math.max(1, Math.abs(reward));
          totals.rewards++;
          if (got !== null) {
            totals.mean += difference;
            totals.largest = Math.max(totals.largest, difference);
          }
          if (difference > flags.tolerance) {
            totals.beyond++;
            worst.push({ line, expected: reward, got, difference });
          }
        }
      }
      worst = worst.sort((a, b) => b.difference - a.difference).slice(0, LISTED);
    }
  } finally {
    await pool.release();
  }
  return { ...totals, mean: totals.mean / Math.max(1, totals.rewards), worst };
}

/** The window's rows, blank lines left out, as results have them. */
function rowsOf(window: Window, settings: FormatSettings): { line: number | null; row: unknown }[] {
  const format = createFormat(settings);
  const buffer = Buffer.from(window.bytes.buffer, window.bytes.byteOffset, window.bytes.byteLength);
  return [...splitRecords(buffer, window, format.newScanner())].flatMap((record) => {
    const parsed = format.parse(record);
    return parsed === undefined ? [] : [{ line: record.line, row: parsed.row }];
  });
}

/** The rewards that a row carries, in the order its texts are scored in. */
function rewardsOf(row: unknown, { shape }: RowResult, field: string): unknown[] {
  const fields = (row ?? {}) as Record<string, unknown>;
  return resultFields({ rewardField: field, details: false }, shape).flatMap((name) => fields[name]);
}

const parseLines = (bytes: Uint8Array): unknown[] =>
  Buffer.from(bytes)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);

function inWords(
  { rows, rewards, without, beyond, mean, largest, worst }: Awaited<ReturnType<typeof compare>>,
  tolerance: number,
): string {
  const lines = [
    `rows ${rows}, rewards compared ${rewards}, rows without one ${without}`,
    `difference / max(1, |reward|): mean ${mean.toExponential(1)}, largest ${largest.toExponential(1)}`,
    beyond === 0 ? `all within ${tolerance}` : `${beyond} not within ${tolerance}, the farthest off first:`,
    ...worst.map(({ line, expected, got }) => `  line ${line}: expected ${expected}, got ${got ?? 'none'}`),
  ];
  return `${lines.join('\n')}\n`;
}
