/**
 * The interface of everything that scores windows: a pool of workers with a model, or the rewards that rows already
 * carry.
 */
import type { ScoredWindow, Window, WindowTask } from './protocol.js';
import type { WindowSize } from './window-size.js';

export interface Scorer {
  readonly windowSize: WindowSize;
  /**
   * Prepares to answer the windows of a task.
   *
   * @param windows their greatest possible number: no more workers are started than have work
   * @throws FatalError where the model cannot be loaded
   */
  load(task: WindowTask, windows: number): Promise<void>;
  /** Number of windows that can be scored at a time, known once it is loaded. */
  readonly workers: number;
  /**
   * Resolves to the answer for a window, in which a row that crashes workers is a bad row.
   *
   * Rejects with a FatalError where nothing can be scored any more.
   */
  score(window: Window): Promise<ScoredWindow>;
  /** Waits for the windows that are being scored, and frees threads and memory. */
  close(): Promise<void>;
}
