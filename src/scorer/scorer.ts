/** What scores windows, whatever is behind it: a pool of workers with a model, or the rewards that rows carry already. */
import type { ScoredWindow, Window, WindowTask } from './protocol.js';
import type { WindowSize } from './window-size.js';

export interface Scorer {
  readonly windowSize: WindowSize;
  /**
   * Makes ready to answer windows as a task wants it.
   *
   * @param windows how many there are at most: no more workers are started than they can keep busy
   * @throws FatalError where the model cannot be loaded
   */
  load(task: WindowTask, windows: number): Promise<void>;
  /** Windows that can be scored at a time; known when it is loaded. */
  readonly workers: number;
  /**
   * The answer for a window; a row that crashes workers is a bad one.
   *
   * Rejects with a FatalError where nothing can be scored any more.
   */
  score(window: Window): Promise<ScoredWindow>;
  /** Waits for the windows in work, and frees threads and memory. */
  close(): Promise<void>;
}
