/**
 * FILE.run.json, beside the output FILE: what made it and how far it came, for a run that goes on with it and for
 * merging shards. It is replaced as a whole, and only after the output it speaks of is safely on the disk.
 */
import { readFileSync } from 'node:fs';
import { messageOf, runError, usageError } from '../errors.js';
import { writeFileAtomically } from '../platform/files.js';
import { type ProcessIdentity, thisProcess } from '../platform/processes.js';
import type { InputFacts } from './input-facts.js';
import { RunStatistics, type StatisticsState } from './statistics.js';
import { WindowHash } from './window-hash.js';

/** Of the file's form; another one is not read. */
const FORM = 1;

/** Everything that decides the output's bytes, besides the rows: by the flag that sets it, or what else it is called. */
export type Fingerprint = Readonly<Record<string, string | number | boolean | null>>;

/** What rounds rewards: of one kind on all machines that had a part in an output, or its last digits may differ. */
export interface Runtime {
  readonly rewardScore: string;
  readonly onnxruntime: string;
  /** Digest of the processor's kind and features. */
  readonly cpu: string;
}

/** Output as far as it is safe. */
export interface Progress {
  /** Windows scored and written. */
  readonly windows: number;
  /** Of those windows' bytes, in hexadecimal. */
  readonly sha256: string;
  /** Bytes of the output file. */
  readonly output: number;
  /** Bytes of the file of failures; null where there is none. */
  readonly errors: number | null;
  readonly stats: StatisticsState;
  readonly seconds: number;
}

export interface Finish extends Progress {
  /** Size of the output file: of one without records, that of an empty packed member. */
  readonly file: number;
  /** Bytes of the windows at the end that may be longer when the input has grown. */
  readonly open: number;
  /** Of each input's bytes on disk; null where not all were read. */
  readonly hashes: readonly (string | null)[];
}

export interface RunState {
  readonly form: number;
  readonly fingerprint: Fingerprint;
  readonly runtimes: readonly Runtime[];
  readonly inputs: readonly InputFacts[];
  readonly shard: { readonly index: number; readonly of: number } | null;
  /** Rows after so many were not read; null: all were to be. */
  readonly limit: number | null;
  /** Bytes of the output before its first record. */
  readonly header: number;
  /** The process at work; null once it has ended in good order. */
  readonly writer: ProcessIdentity | null;
  /** Up to here the output stays as it is, even if the input grows. */
  readonly done: Progress;
  readonly finished: Finish | null;
}

/** A run of which nothing is done. */
export const startOfRun = (
  facts: Pick<RunState, 'fingerprint' | 'runtimes' | 'inputs' | 'shard' | 'limit'>,
): RunState => ({
  form: FORM,
  ...facts,
  header: 0,
  writer: thisProcess(),
  done: {
    windows: 0,
    sha256: new WindowHash().digest(),
    output: 0,
    errors: null,
    stats: new RunStatistics().state,
    seconds: 0,
  },
  finished: null,
});

export const runFileOf = (output: string): string => `${output}.run.json`;

/** undefined where there is none. */
export function readRunFile(output: string): RunState | undefined {
  const path = runFileOf(output);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw usageError(`${path}: cannot be read: ${messageOf(error)}`, { cause: error });
  }
  let state: RunState | undefined;
  try {
    state = JSON.parse(text) as RunState;
  } catch {
    // It was never written in part: somebody else's file.
  }
  if (state?.form !== FORM) {
    throw usageError(`${path}: expected the account of a run of this version, got something else; move it away`);
  }
  return state;
}

/** Replaces the file; the old one stays if that fails. */
export async function writeRunFile(output: string, state: RunState): Promise<void> {
  const path = runFileOf(output);
  try {
    // One run writes it: what a crash leaves under that name is replaced by the next one.
    await writeFileAtomically(path, `${JSON.stringify(state)}\n`, { sync: true, unfinished: `${path}.tmp` });
  } catch (error) {
    throw runError(`${path}: cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

/** What differs between two makings, in words; undefined where nothing does. */
export function differenceOf(then: Fingerprint, now: Fingerprint): string | undefined {
  const differing = Object.keys({ ...then, ...now }).filter((name) => (then[name] ?? null) !== (now[name] ?? null));
  if (differing.length === 0) return undefined;
  const say = (value: Fingerprint[string] | undefined): string =>
    value === undefined || value === null ? 'none' : `${value}`;
  return differing.map((name) => `${name} was ${say(then[name])} and is ${say(now[name])}`).join(', ');
}
