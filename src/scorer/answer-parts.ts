/** The answer for a window that was scored in parts, because as a whole it crashes workers. */
import type { ParsedRecord } from '../rows/formats/format.js';
import { groupKeyReader } from '../rows/group-key.js';
import { type Answer, selectBest } from './answers.js';
import type { RowOutcome, ScoredWindow, Window, WindowTask } from './protocol.js';
import { recordsOf } from './window-scorer.js';

/**
 * The parts' answers, joined, are the whole's; but the candidates of a group may stand in several parts, so that the best
 * is chosen here, on the main thread. It is the one place where that thread parses rows: those that a worker has survived.
 * Of one that none has survived, it looks for the group and for nothing else, so that its group stays whole.
 */
export function completeAnswer(
  window: Window,
  joined: ScoredWindow,
  answer: Answer,
  { format, answer: kind, dryRun }: WindowTask,
): ScoredWindow {
  const { outcomes } = joined;
  if (kind.kind !== 'selection' || outcomes === undefined || dryRun) return joined;
  const { group } = kind.selection;
  const readKey = group === undefined ? undefined : groupKeyReader(format, group);
  const records = [...recordsOf(window, answer.format)].filter((record) => !answer.format.isBlank(record));
  const scored = records.flatMap((record, row) => {
    // Beyond the requested rows, a record only shows to which group it belongs.
    const { result, unparsed = false } = outcomes[row] ?? notWanted;
    const parsed: ParsedRecord | undefined = unparsed
      ? { ...(result.failure && { failure: result.failure }) }
      : record.oversized === undefined
        ? answer.format.parse(record)
        : {};
    return parsed === undefined ? [] : [{ record, parsed, result, groupKey: unparsed ? readKey?.(record) : undefined }];
  });
  const rows = { scored, rows: outcomes.length, stats: joined.stats, part: false, dryRun };
  return selectBest(rows, { ...format, format: answer.format }, kind.selection);
}

const notWanted: Pick<RowOutcome, 'result' | 'unparsed'> = { result: { shape: 'single', rewards: [] } };
