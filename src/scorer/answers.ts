/** What is made of a window's rows once their results are known: one way for each kind of answer. */
import { type EvaluatedRow, evaluatedRow, problemOf } from '../evaluation/evaluated-rows.js';
import type { RowExplanation } from '../explanation/explanation.js';
import { concatBytes } from '../platform/bytes.js';
import { existingResult } from '../rows/existing-rewards.js';
import type { FailedRow } from '../rows/failed-row.js';
import type { RowFailure } from '../rows/failure.js';
import type { RowFormat } from '../rows/formats/format.js';
import { createFormat, type FormatSettings } from '../rows/formats/index.js';
import type { Row } from '../rows/kinds/roles.js';
import type { ResultSettings, Reward } from '../rows/results.js';
import { pairForFilter } from '../rows/reward-filter.js';
import type { ScoredRecord } from '../selection/group.js';
import { select } from '../selection/select.js';
import type { SelectionSettings } from '../selection/settings.js';
import type { RowOutcome, ScoredWindow, WindowStats, WindowTask } from './protocol.js';
import { type ExplainedTexts, nothingExplained } from './row-explainer.js';

/** A window's records with their results. */
export interface ScoredRows {
  /** Those after the first `rows` are there to be looked at, and neither written nor counted. */
  readonly scored: readonly ScoredRecord<Reward>[];
  readonly rows: number;
  readonly stats: Omit<WindowStats, 'failed' | 'rewards' | 'rewardsWritten'>;
  /** The window is a part of one that is answered as a whole. */
  readonly part: boolean;
  readonly dryRun: boolean;
  /** Of the row that is explained, unless it could not even be read. */
  readonly explained?: ExplainedTexts | undefined;
}

export interface Answer {
  /** How records are read. */
  readonly format: RowFormat;
  /** How results are written into rows; undefined where they are not, so that rows may have any fields. */
  readonly results: ResultSettings | undefined;
  /** Whether results say how many tokens each text has, though they are not written into rows. */
  readonly countsTokens?: boolean;
  /** Whether results come with their tokens and every label's logit. Default: false. */
  readonly logits?: boolean;
  /** Why a row that could be scored is of no use for the answer. */
  readonly refuse?: (row: Row) => RowFailure | undefined;
  write(rows: ScoredRows): ScoredWindow;
}

/** The answer that a task asks for. */
export function createAnswer({ format: settings, answer }: WindowTask): Answer {
  switch (answer.kind) {
    case 'records':
      return writeRecords(settings, answer.results ?? false);
    case 'selection':
      return writeSelection(settings, answer.selection);
    case 'results':
      return giveResults(settings);
    case 'evaluation': {
      const rules = { ...settings, evaluation: answer.fields };
      return {
        format: createFormat(settings),
        results: undefined,
        countsTokens: answer.fields.texts,
        refuse: (row) => problemOf(row, rules),
        write(rows) {
          const evaluated = withNumbers(rows).map(({ record, parsed, result }): EvaluatedRow | null =>
            evaluatedRow(parsed, result, record.line, rules),
          );
          return { output: nothing(), stats: statsOf(rows), evaluated };
        },
      };
    }
    case 'explanation':
      return explainRow(settings, answer.byte);
  }
}

function writeRecords(settings: FormatSettings, givesResults: boolean): Answer {
  const format = createFormat(settings);
  const { filter } = settings;
  return {
    format,
    results: settings,
    logits: givesResults,
    ...(filter && { refuse: (row) => pairForFilter(row, settings.fields) }),
    write(rows) {
      const output: (Buffer | string)[] = [];
      let kept = 0;
      if (!rows.dryRun) {
        for (const { record, parsed, result } of written(rows)) {
          const pieces = format.write(record, parsed, result);
          if (pieces.length > 0) kept++;
          else if (format.placeholder !== undefined) output.push(format.placeholder);
          for (const piece of pieces) output.push(piece);
        }
      }
      const stats = { ...statsOf(rows, settings), ...((filter || settings.skipFailures) && { kept }) };
      return { output: concatBytes(output), stats, ...(givesResults && { outcomes: outcomesOf(rows) }) };
    },
  };
}

function writeSelection(settings: FormatSettings, selection: SelectionSettings): Answer {
  const format = createFormat({ ...settings, skipFailures: false });
  return {
    format,
    results: undefined,
    write(rows) {
      // The candidates of a group may stand in several parts.
      if (rows.part) return { output: nothing(), stats: statsOf(rows, settings), outcomes: outcomesOf(rows) };
      if (rows.dryRun) return { output: nothing(), stats: statsOf(rows, settings) };
      return selectBest(rows, { ...settings, format }, selection);
    },
  };
}

/** The records that `best` writes for a window's groups. */
export function selectBest(
  rows: ScoredRows,
  output: FormatSettings & { readonly format: RowFormat },
  selection: SelectionSettings,
): ScoredWindow {
  const stats = statsOf(rows, output);
  const { pieces, failed, counts } = select(withNumbers(rows), selection, output, rows.scored[rows.rows]?.parsed);
  const all = [...stats.failed, ...failed].sort((a, b) => a.row - b.row);
  const kept = output.skipFailures && { kept: rows.rows - all.length };
  return { output: concatBytes(pieces), stats: { ...stats, failed: all, choices: counts, ...kept } };
}

const giveResults = (settings: FormatSettings): Answer => ({
  format: createFormat(settings),
  results: undefined,
  write: (rows) => ({
    output: nothing(),
    stats: statsOf(rows),
    outcomes: outcomesOf(rows).map((outcome, i): RowOutcome => {
      const { row } = (rows.scored[i] as ScoredRecord).parsed;
      const existing = row && existingResult(row, settings);
      return { ...outcome, ...(existing && { existing }) };
    }),
  }),
});

/** The row may carry rewards, and be any of the window's: it is scored as it is beside its neighbours. */
const explainRow = (settings: FormatSettings, byte: number): Answer => ({
  format: createFormat(settings),
  results: undefined,
  write(rows) {
    const asked = written(rows).find(({ record }) => record.byte === byte);
    const { row } = asked?.parsed ?? {};
    const carried = row && existingResult(row, settings)?.rewards;
    const explanation: RowExplanation | undefined = asked && {
      ...(rows.explained ?? nothingExplained),
      line: asked.record.line,
      existing: carried?.length ? carried : null,
      failure: asked.result.failure ?? null,
    };
    return { output: nothing(), stats: statsOf(rows), ...(explanation && { explanation }) };
  },
});

const written = ({ scored, rows }: ScoredRows): readonly ScoredRecord<Reward>[] => scored.slice(0, rows);

/** For answers that a scorer with a reward for each label is not opened for. */
const withNumbers = (rows: ScoredRows): readonly ScoredRecord[] => written(rows) as readonly ScoredRecord[];

const outcomesOf = (rows: ScoredRows): RowOutcome[] =>
  withNumbers(rows).map(({ record, result }) => ({ line: record.line, result }));

/** @param settings of output records; undefined where there are none that could carry the reason of a failure */
function statsOf(rows: ScoredRows, settings?: ResultSettings): WindowStats {
  const failed: FailedRow[] = [];
  const rewards: number[] = [];
  let rewardsWritten = 0;
  for (let row = 0; row < rows.rows; row++) {
    const { record, parsed, result } = rows.scored[row] as ScoredRecord;
    if (result.failure !== undefined) {
      const { byte, line, oversized } = record;
      const lost = settings?.reasons === false && parsed.row === undefined && parsed.cells === undefined;
      const input = lost && oversized === undefined ? { input: record.bytes.toString('utf8') } : {};
      failed.push({ row, byte, line, failure: result.failure, ...input });
    }
    for (const reward of result.rewards) {
      if (reward === null) continue;
      rewardsWritten++;
      if (typeof reward === 'number') rewards.push(reward);
    }
  }
  return { ...rows.stats, failed, rewardsWritten, rewards: Float32Array.from(rewards) };
}

/** Memory of its own each time: it is handed over to the main thread. */
const nothing = (): Uint8Array => new Uint8Array();
