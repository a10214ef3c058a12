/** The answer for a window that was scored in parts, because it crashes workers as a whole. */
import type { ParsedRecord } from '../rows/formats/format.js';
import { type Answer, selectBest } from './answers.js';
import type { RowOutcome, ScoredWindow, Window, WindowTask } from './protocol.js';
import { recordsOf } from './window-scorer.js';

/**
 * The parts' answers, joined, are the whole's; but the candidates of a group may stand in several parts, so that the best
 * is chosen here, on the main thread. It is the one place where that thread parses rows: those that a worker has survived.
 */
export function completeAnswer(
  window: Window,
  joined: ScoredWindow,
  answer: Answer,
  { format, answer: kind, dryRun }: WindowTask,
): ScoredWindow {
  const { outcomes } = joined;
  if (kind.kind !== 'selection' || outcomes === undefined || dryRun) return joined;
  const records = [...recordsOf(window, answer.format)].filter((record) => !answer.format.isBlank(record));
  const scored = records.flatMap((record, row) => {
    // Beyond the rows that are wanted, a record tells only which group it belongs to.
    const { result, unparsed = false } = outcomes[row] ?? notWanted;
    const parsed: ParsedRecord | undefined = unparsed
      ? { ...(result.failure && { failure: result.failure }) }
      : record.oversized === undefined
        ? answer.format.parse(record)
        : {};
    return parsed === undefined ? [] : [{ record, parsed, result }];
  });
  const rows = { scored, rows: outcomes.length, stats: joined.stats, part: false, dryRun };
  return selectBest(rows, { ...format, format: answer.format }, kind.selection);
}

const notWanted: Pick<RowOutcome, 'result' | 'unparsed'> = { result: { shape: 'single', rewards: [] } };
