/** How many workers there are: as many as were asked for, or as there are cores, and never more than fit into memory. */
import type { Limits } from '../platform/limits.js';

export interface MemoryNeed {
  /** Of the process without workers, and of the weights that all workers map. */
  readonly sharedBytes: number;
  /** Of each worker for itself. */
  readonly workerBytes: number;
}

export interface WorkerCount {
  readonly workers: number;
  /** Why there are fewer than asked for, or than cores. */
  readonly notice?: string;
}

/** @param asked 0 for as many as there are cores */
export function chooseWorkerCount(asked: number, { cores, freeBytes }: Limits, need: MemoryNeed): WorkerCount {
  const wanted = asked || cores;
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
