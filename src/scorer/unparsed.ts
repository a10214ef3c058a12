import type { RowFailure } from '../rows/failure.js';
import type { Answer } from './answers.js';
import type { ScoredWindow, Window } from './protocol.js';
import { recordsOf } from './window-scorer.js';

/** Answers a window of one record as a bad row without parsing it, as parsing may be what crashes a thread. */
export function answerUnparsed(window: Window, reason: RowFailure, answer: Answer, dryRun: boolean): ScoredWindow {
  const records = [...recordsOf(window, answer.format)].filter((record) => !answer.format.isBlank(record));
  const result = { shape: 'single', rewards: [], failure: reason } as const;
  const scored = records.map((record) => ({ record, parsed: { failure: reason }, result }));
  const rows = window.rows === 0 ? 0 : scored.length;
  const answered = answer.write({
    scored,
    rows,
    stats: {
      rows,
      forms: {},
      truncatedRows: 0,
      truncatedTokens: 0,
      tokens: 0,
      computedTokens: 0,
      boundarySpaces: [],
      notices: {},
      hints: {},
    },
    part: true,
    dryRun,
  });
  return {
    ...answered,
    ...(answered.outcomes && { outcomes: answered.outcomes.map((outcome) => ({ ...outcome, unparsed: true })) }),
  };
}
