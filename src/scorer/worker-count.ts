/** How many workers there are: as many as were asked for, or as there are cores and work, never more than memory has room for. */
import type { Limits } from '../platform/limits.js';

export interface MemoryNeed {
  /** Of the process without workers, and of the weights that all workers map. */
  readonly sharedBytes: number;
  /** Of each worker for itself. */
  readonly workerBytes: number;
}

export interface WorkerCount {
  readonly workers: number;
  /** Why there are fewer than were asked for, or could be kept busy. */
  readonly notice?: string;
}

/**
 * The one rule, for every command.
 *
 * @param asked 0 for as many as there are cores and windows
 * @param windows how many there are at most: a worker costs a quarter of a second of processor time to start, and a
 *   window is one worker's
 */
export function chooseWorkerCount(
  asked: number,
  windows: number,
  { cores, freeBytes }: Limits,
  need: MemoryNeed,
): WorkerCount {
  const wanted = asked || Math.max(1, Math.min(cores, windows));
  const fitting = Math.max(1, Math.floor((freeBytes - need.sharedBytes) / need.workerBytes));
  if (wanted <= fitting) return { workers: wanted };
  const size = (bytes: number): string =>
    bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
  const threads = fitting === 1 ? '1 worker thread' : `${fitting} worker threads`;
  const notice =
    `${threads} instead of ${wanted}: each needs about ${size(need.workerBytes)} beside ` +
    `${size(need.sharedBytes)} for all, and ${size(freeBytes)} of memory is free`;
  return { workers: fitting, notice };
}
