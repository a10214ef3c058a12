/**
 * FILE.run.json, beside the output FILE: what made it and how far it came, for a run that goes on with it and for
 * merging shards. It is replaced as a whole, and only after the output it speaks of is safely on the disk.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { messageOf, runError, usageError } from '../errors.js';
import { optionName } from '../option-name.js';
import { writeFileAtomically } from '../platform/files.js';
import type { Fingerprint, ScorerIdentity } from '../scorer/identity.js';
import { type FilePosition, filePosition } from './file-position.js';
import type { InputFacts } from './input-facts.js';
import { RunStatistics, type StatisticsState } from './statistics.js';
import { WindowHash } from './window-hash.js';

/** The version of the file's format; another one is not read. */
const FORM = 2;

/** What rewards are rounded by. Where machines that worked on one output differ in it, its last digits may differ. */
export interface Runtime {
  readonly onnxruntime: string;
  /** Digest of the processor's kind and features. */
  readonly cpu: string;
}

/** Which model scored, for people: what decides rewards is in the fingerprint. */
export type ModelFacts = Pick<ScorerIdentity['model'], 'name' | 'revision' | 'sha256'>;

/** The output as far as it is safe on the disk. */
export interface Progress {
  /** Windows scored and written. */
  readonly windows: number;
  /** Digest of those windows' input, in hexadecimal (WindowHash). */
  readonly sha256: string;
  /** Where the output file ends. */
  readonly output: FilePosition;
  /** Where the file of failures ends; null where there is none. */
  readonly errors: FilePosition | null;
  readonly stats: StatisticsState;
  /** Bytes of the inputs' content in those windows; absent in a file that was written before this was counted. */
  readonly bytes?: number | undefined;
  readonly seconds: number;
}

export interface Finish extends Progress {
  /** Size of the output file in bytes; of one without records it is that of an empty compressed member. */
  readonly file: number;
  /** Bytes of the windows at the end that may be longer when the input has grown. */
  readonly open: number;
  /** Of each input's bytes on disk; null where not all were read. */
  readonly hashes: readonly (string | null)[];
}

export interface RunState {
  readonly form: number;
  /** Everything besides the rows that decides the output's bytes. */
  readonly fingerprint: Fingerprint;
  readonly runtimes: readonly Runtime[];
  /** Absent where the rewards are those that rows carried. */
  readonly model?: ModelFacts | undefined;
  readonly inputs: readonly InputFacts[];
  readonly shard: { readonly index: number; readonly of: number } | null;
  /** The rows after so many are not read; null: all are. */
  readonly limit: number | null;
  /** Bytes of the output before its first record. */
  readonly header: number;
  /** Up to here the output stays as it is, even if the input grows. */
  readonly done: Progress;
  readonly finished: Finish | null;
}

/** The state of a run of which nothing is done. */
export const startOfRun = (
  facts: Pick<RunState, 'fingerprint' | 'runtimes' | 'model' | 'inputs' | 'shard' | 'limit'>,
): RunState => ({
  form: FORM,
  ...facts,
  header: 0,
  done: {
    windows: 0,
    sha256: new WindowHash().digest(),
    output: filePosition({ position: 0, tail: new Uint8Array() }),
    errors: null,
    stats: new RunStatistics().state,
    bytes: 0,
    seconds: 0,
  },
  finished: null,
});

export const runFileOf = (output: string): string => `${output}.run.json`;

/**
 * undefined where there is none.
 *
 * @throws FatalError `usage` where the file is damaged, or of another version
 */
export function readRunFile(output: string): RunState | undefined {
  const path = runFileOf(output);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw usageError(`${path}: cannot be read: ${messageOf(error)}`, { cause: error });
  }
  let content: RunState & { readonly digest: string };
  try {
    content = JSON.parse(text) as RunState & { readonly digest: string };
  } catch (error) {
    // A run never leaves a part of it, so it is somebody else's file.
    throw foreignRunFile(path, { cause: error });
  }
  if (content?.form !== FORM) throw foreignRunFile(path);
  const { digest: _, ...state } = content;
  if (text !== contentOf(state)) {
    throw usageError(
      `${path}: expected what a run wrote there, got something that was changed or damaged; ` +
        `bring the file back, or start anew with ${optionName('overwrite')}`,
    );
  }
  return state;
}

const foreignRunFile = (path: string, options?: ErrorOptions): Error =>
  usageError(`${path}: expected the state of a run of this version, got something else; move it away`, options);

/** What the file holds. The digest shows that it was changed, by hand or by a failing disk. */
function contentOf(state: RunState): string {
  const json = JSON.stringify(state);
  const digest = createHash('sha256').update(json).digest('hex');
  return `${json.slice(0, -1)},"digest":"${digest}"}\n`;
}

/** Replaces the file; the old one stays if that fails. */
export async function writeRunFile(output: string, state: RunState): Promise<void> {
  const path = runFileOf(output);
  try {
    // One run writes it: what a crash leaves under that name is replaced by the next one.
    await writeFileAtomically(path, contentOf(state), { sync: true, unfinished: `${path}.tmp` });
  } catch (error) {
    throw runError(`${path}: cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

/** What differs between two fingerprints, in words; undefined where nothing does. */
export function differenceOf(then: Fingerprint, now: Fingerprint): string | undefined {
  const differing = Object.keys({ ...then, ...now }).filter((name) => (then[name] ?? null) !== (now[name] ?? null));
  if (differing.length === 0) return undefined;
  const say = (value: Fingerprint[string] | undefined): string =>
    value === undefined || value === null ? 'none' : `${value}`;
  return differing.map((name) => `${name} was ${say(then[name])} and is ${say(now[name])}`).join(', ');
}
