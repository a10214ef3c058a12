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
  /** Records after so many are not read; undefined: all are. */
  readonly limit: number | undefined;
  /** The share of the work to do; undefined: all of it. */
  readonly shard: Shard | undefined;
  /** Windows end with what has come, so that a row is answered as soon as it arrives. */
  readonly stream: boolean;
}

export interface Job extends JobReading {
  readonly policy: ErrorPolicy;
  readonly sink: Sink;
}

/** What a job says while it runs, and how it is stopped. */
export interface JobEvents {
  /** Aborted: no more is read, and the run ends with the windows in work. */
  readonly signal: AbortSignal;
  /** Told what the user should know, a sentence each. */
  readonly onNotice: (message: string) => void;
  /** The workers are loaded, and the first window is about to be scored. */
  readonly onStart?: () => void;
  /** The number of a window's bytes and records are known to be done. */
  readonly onProgress?: (progress: JobProgress) => void;
}

/** How far a job is, in all of its inputs, earlier runs included. */
export interface JobProgress {
  /** Bytes of the inputs' content. */
  readonly bytes: number;
  readonly rows: number;
  /** What earlier runs did. */
  readonly before: { readonly bytes: number; readonly rows: number };
}
