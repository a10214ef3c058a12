/** Where the answers of a run go: an output with its journal, the columns of an evaluation, or nowhere. */
import type { ScoredWindow, Window } from '../scorer/protocol.js';
import type { RunStatistics } from './statistics.js';

/** The saved work of a run that did not finish. */
export interface UnfinishedWork {
  /** The file that holds it. */
  readonly path: string;
  /** Those that are in it, and not left out. */
  readonly rows: number;
  /** Whether a later run can resume it. */
  readonly resumable: boolean;
}

export interface Sink {
  /** The statistics so far, including those of earlier runs of the same work. */
  readonly statistics: RunStatistics;
  /**
   * Decides which windows are to be scored. Nothing is written yet.
   *
   * @param windows all of the input's, in order
   * @returns undefined where an earlier run has done everything
   * @throws FatalError `usage` where there is earlier work that may neither be resumed nor discarded
   */
  begin(windows: AsyncGenerator<Window>): Promise<AsyncIterable<Window> | undefined>;
  /** Prepares to take answers, once the scorer is loaded. */
  open(): Promise<void>;
  /** Called before an answer that may differ when the run is resumed: saves the answers before it. */
  settle(): Promise<void>;
  /**
   * Takes the answer for the next window.
   *
   * @param path that of the window's input
   * @param isWhole whether all of the window's rows are in it
   * @returns false where the reader is gone
   */
  write(window: Window, scored: ScoredWindow, path: string, isWhole: boolean): Promise<boolean>;
  /** Called when everything is written. */
  finish(): Promise<void>;
  /** Called when the run ends before its end. Never rejects. */
  abort(): Promise<UnfinishedWork | undefined>;
}
