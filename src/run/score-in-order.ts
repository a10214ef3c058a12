/** The ordered, bounded map from windows to answers. The only importer of p-map. */
import { pMapIterable } from 'p-map';
import type { ScoredWindow, Window } from '../scorer/protocol.js';
import type { Scorer } from '../scorer/scorer.js';

export interface Answered {
  readonly window: Window;
  readonly scored: ScoredWindow;
}

/**
 * Every window with its answer, in order.
 *
 * @param onDemand a window is cut when a worker is free to take it, of all that has come until then; otherwise each worker
 *   has one in work and one on its way to it, and a few wait behind a slow one
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
