/** Where the answers of a run go: an output with its journal, the columns of an evaluation, or nowhere. */
import type { ScoredWindow, Window } from '../scorer/protocol.js';
import type { RunStatistics } from './statistics.js';

/** What a run is left as that did not finish. */
export interface UnfinishedWork {
  /** Where it stands. */
  readonly path: string;
  readonly rows: number;
  /** A later run can go on with it. */
  readonly resumable: boolean;
}

export interface Sink {
  /** What was counted so far, by earlier runs of the same work too. */
  readonly statistics: RunStatistics;
  /**
   * Which windows are to be scored. Nothing is written yet.
   *
   * @param windows all of the input's, in order
   * @returns undefined: an earlier run has done everything
   * @throws FatalError `usage` where there is earlier work that may neither be gone on with nor thrown away
   */
  begin(windows: AsyncGenerator<Window>): Promise<AsyncIterable<Window> | undefined>;
  /** Makes ready to take answers: the scorer has loaded. */
  open(): Promise<void>;
  /** Called before an answer that may be another one when the run goes on: what came before it is made safe. */
  settle(): Promise<void>;
  /**
   * Takes the answer for the next window.
   *
   * @param path of the window's input
   * @param isWhole whether all of the window's rows are in it
   * @returns false: nobody wants any more
   */
  write(window: Window, scored: ScoredWindow, path: string, isWhole: boolean): Promise<boolean>;
  /** Everything is written. */
  finish(): Promise<void>;
  /** The run ends before its end. Never rejects. */
  abort(): Promise<UnfinishedWork | undefined>;
}
