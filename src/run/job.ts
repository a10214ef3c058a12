/** A run as a value: what is read, how it is answered, and where the answers go. */
import type { WindowTask } from '../scorer/protocol.js';
import type { ErrorPolicy } from './error-policy.js';
import type { Input } from './input.js';
import type { Shard } from './shards.js';
import type { Sink } from './sink.js';

/** Which rows a job reads, and how they are answered. */
export interface JobReading {
  readonly inputs: readonly Input[];
  readonly task: WindowTask;
  /** Records after so many are not read; undefined where all are. */
  readonly limit: number | undefined;
  /** The share of the work to do; undefined where it is all of it. */
  readonly shard: Shard | undefined;
  /** Whether windows end with the rows that have arrived, so that a row is answered as soon as it arrives. */
  readonly stream: boolean;
}

export interface Job extends JobReading {
  readonly policy: ErrorPolicy;
  /** Rows of the jobs before it that the policy counts as of one run with it. */
  readonly before?: { readonly rows: number; readonly failed: number };
  readonly sink: Sink;
}

/** What a job reports while it runs, and how it is stopped. */
export interface JobEvents {
  /** Once it is aborted, no more is read, and the run ends with the windows that are being scored. */
  readonly signal: AbortSignal;
  /** Called with sentences for the user. */
  readonly onNotice: (message: string) => void;
  /** Called when the workers are loaded, before the first window is scored. */
  readonly onStart?: () => void;
  /** Called after each window, with how far the job is. */
  readonly onProgress?: (progress: JobProgress) => void;
}

/** The progress of a job in all of its inputs, including that of earlier runs. */
export interface JobProgress {
  /** Bytes of the inputs' content. */
  readonly bytes: number;
  readonly rows: number;
  /** The progress of earlier runs. */
  readonly before: { readonly bytes: number; readonly rows: number };
}
