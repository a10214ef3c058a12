/** `model check`: scores rows that carry rewards once more, and says how far apart the two are, and where. */
import { FatalError, usageError } from '../../errors.js';
import { jsonlSettings } from '../../rows/formats/index.js';
import { DEFAULT_MAX_ROW_BYTES } from '../../rows/records.js';
import { Input } from '../../run/input.js';
import { countWindows, windowsOfJob } from '../../run/job-windows.js';
import { differenceOf, readRunFile } from '../../run/run-file.js';
import { scoreInOrder } from '../../run/score-in-order.js';
import type { Fingerprint } from '../../scorer/identity.js';
import { type ModelScorer, openScorer } from '../../scorer/open.js';
import type { RowOutcome, WindowTask } from '../../scorer/protocol.js';
import type { Context } from '../context.js';
import { ExitCode } from '../exit-codes.js';
import type { FlagsOf } from '../flags/flags.js';
import { rewardFingerprint, rewardPartOf, templateDateOf } from './fingerprint.js';
import { requestOf } from './request.js';
import { Session } from './session.js';

type CheckFlags = FlagsOf<'model check'>;

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

interface Comparison {
  readonly rows: number;
  /** Rewards that were compared. */
  readonly rewards: number;
  /** Rows without one. */
  readonly without: number;
  /** Rewards beyond the tolerance. */
  readonly beyond: number;
  readonly mean: number;
  readonly largest: number;
  readonly worst: readonly Deviation[];
}

export async function check(name: string | undefined, flags: CheckFlags, context: Context): Promise<number> {
  const { stdout } = context;
  if (!(flags.tolerance >= 0)) throw usageError('expected --tolerance to be a number from 0 up');
  const input = new Input(flags.against, context);
  const session = new Session(context, flags, { inputs: [input] });
  let comparison: Comparison;
  try {
    const earlier = earlierFingerprint(flags.against, session.note);
    const templateDate = flags.templateDate ?? templateDateOf(earlier);
    const scorer = await openScorer(
      { ...requestOf({ ...flags, templateDate }), model: name },
      { ...session.scorerUi, labelNeededBy: 'model check' },
    );
    try {
      const now = rewardFingerprint(context.version, scorer.identity);
      const difference = earlier && differenceOf(rewardPartOf(earlier), now);
      if (difference !== undefined) session.note(`${flags.against} was scored with other settings: ${difference}`);
      comparison = await compare(scorer, input, flags, session);
    } finally {
      await scorer.close();
    }
  } catch (error) {
    if (session.received !== undefined) return session.dieBySignal(session.received);
    throw error;
  } finally {
    session.end();
  }
  if (session.received !== undefined) return session.dieBySignal(session.received);
  if (comparison.rewards === 0) {
    throw usageError(
      `${flags.against}: expected rows with ${flags.rewardField}, found none; name it by --reward-field`,
    );
  }
  stdout.write(flags.json ? `${JSON.stringify(comparison, null, 2)}\n` : inWords(comparison, flags.tolerance));
  return comparison.beyond > 0 ? ExitCode.badRows : ExitCode.ok;
}

/**
 * What decided the rewards of a file that a run of this program wrote; undefined where it did not, or its run file cannot
 * be read, which is said.
 */
function earlierFingerprint(path: string, note: (message: string) => void): Fingerprint | undefined {
  try {
    return readRunFile(path)?.fingerprint;
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    note(`what ${path} was scored with is not compared: ${error.message}`);
    return undefined;
  }
}

async function compare(
  scorer: ModelScorer,
  input: Input,
  { rewardField, tolerance }: CheckFlags,
  session: Session,
): Promise<Comparison> {
  // The reward that a row has already is what is checked, and not in the way.
  const task: WindowTask = {
    format: { ...jsonlSettings(rewardField), existing: 'replace' },
    answer: { kind: 'results' },
    maxRowBytes: DEFAULT_MAX_ROW_BYTES,
    dryRun: false,
    strict: false,
  };
  const reading = { inputs: [input], task, limit: undefined, shard: undefined, stream: false };
  await scorer.load(task, countWindows(reading, scorer.windowSize));
  const totals = { rows: 0, rewards: 0, without: 0, beyond: 0, mean: 0, largest: 0 };
  let worst: Deviation[] = [];
  const events = { signal: session.signal, onNotice: session.note };
  const { windows } = await windowsOfJob(reading, scorer.windowSize, events);
  for await (const { scored } of scoreInOrder(windows, scorer, false)) {
    for (const outcome of scored.outcomes ?? []) {
      totals.rows++;
      const deviations = deviationsOf(outcome);
      if (deviations.length === 0) totals.without++;
      for (const deviation of deviations) {
        totals.rewards++;
        if (deviation.got !== null) {
          totals.mean += deviation.difference;
          totals.largest = Math.max(totals.largest, deviation.difference);
        }
        if (deviation.difference > tolerance) {
          totals.beyond++;
          worst.push(deviation);
        }
      }
    }
    worst = worst.sort((a, b) => b.difference - a.difference).slice(0, LISTED);
  }
  return { ...totals, mean: totals.mean / Math.max(1, totals.rewards), worst };
}

/** Each reward that a row carries beside the one that it is given now. */
const deviationsOf = ({ line, result, existing }: RowOutcome): Deviation[] =>
  (existing?.rewards ?? []).flatMap((expected, i): Deviation[] => {
    if (expected === null) return [];
    const got = result.rewards[i] ?? null;
    const difference =
      got === null ? Number.POSITIVE_INFINITY : Math.abs(got - expected) / Math.max(1, Math.abs(expected));
    return [{ line, expected, got, difference }];
  });

function inWords({ rows, rewards, without, beyond, mean, largest, worst }: Comparison, tolerance: number): string {
  const lines = [
    `rows ${rows}, rewards compared ${rewards}, rows without one ${without}`,
    `difference / max(1, |reward|): mean ${mean.toExponential(1)}, largest ${largest.toExponential(1)}`,
    beyond === 0 ? `all within ${tolerance}` : `${beyond} not within ${tolerance}, the farthest off first:`,
    ...worst.map(({ line, expected, got }) => `  line ${line}: expected ${expected}, got ${got ?? 'none'}`),
  ];
  return `${lines.join('\n')}\n`;
}
