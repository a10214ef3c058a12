/** The ordered, bounded map from windows to answers. The only importer of p-map. */
import { pMapIterable } from 'p-map';
import type { ScoredWindow, Window } from '../scorer/protocol.js';
import type { Scorer } from '../scorer/scorer.js';

export interface Answered {
  readonly window: Window;
  readonly scored: ScoredWindow;
}

/**
 * Yields every window with its answer, in order.
 *
 * @param onDemand whether a window is cut, from all rows that have arrived, only when a worker is free to take it;
 *   otherwise each worker has one window in work and one queued, and a few wait behind a slow one
 */
export function scoreInOrder(
  windows: AsyncIterable<Window>,
  scorer: Pick<Scorer, 'workers' | 'score'>,
  onDemand: boolean,
): AsyncIterable<Answered> {
  const { workers } = scorer;
  const limits = onDemand
    ? { concurrency: workers, backpressure: workers }
    : { concurrency: workers + 1, backpressure: workers * 3 + 1 };
  return pMapIterable(windows, async (window) => ({ window, scored: await scorer.score(window) }), limits);
}
