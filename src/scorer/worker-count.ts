/**
 * The number of workers: as many as were requested, or as there are cores and windows, and never more than memory has
 * room for.
 */
import type { Limits } from '../platform/limits.js';

export interface MemoryNeed {
  /** Memory of the process without workers, and of the weights that all workers map. */
  readonly sharedBytes: number;
  /** Memory of each worker alone. */
  readonly workerBytes: number;
}

export interface WorkerCount {
  readonly workers: number;
  /** Why there are fewer than were requested, or than have work. */
  readonly notice?: string;
}

/**
 * Chooses the number of workers, by one rule for every command.
 *
 * @param asked 0 for as many as there are cores and windows
 * @param windows their greatest possible number: a worker costs a quarter of a second of processor time to start, and
 *   one
 *   worker scores a window
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
