/** What distinguishes an input from another one, without reading all of it. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { messageOf, usageError } from '../errors.js';
import type { Input } from './input.js';

export interface InputFacts {
  readonly path: string;
  /** Size on disk of a regular file; null for a pipe. */
  readonly bytes: number | null;
  /** When it was last changed, in milliseconds; null for a pipe or a remote file. */
  readonly modified: number | null;
  /** Digest of samples from all over the file; of a remote one, what names its content; null for a pipe. */
  readonly sample: string | null;
  /** The address that a remote file was found by: a run that goes on finds the same. */
  readonly asked?: string;
}

const SAMPLES = 64;
const SAMPLE_BYTES = 4096;

export function factsOf({ path, size, modified, remote }: Input): InputFacts {
  if (remote !== undefined)
    return { path, bytes: remote.size, modified: null, sample: remote.etag, asked: remote.asked };
  if (size === undefined || modified === undefined) return { path, bytes: null, modified: null, sample: null };
  return { path, bytes: size, modified, sample: sampleOf(path, size) };
}

/** Describes how an input has changed; undefined where it is the same or has only grown at its end. */
export function inputDifference(then: InputFacts, now: InputFacts): string | undefined {
  // A remote file's path names its commit, and what a commit has never changes.
  const other = otherPath(then, now);
  if (other !== undefined && (isRemote(then) || isRemote(now))) return other;
  if (then.bytes === null || now.bytes === null) return undefined; // A pipe's bytes are compared when they come.
  if (now.bytes < then.bytes) {
    return other === undefined
      ? `${now.path} had ${then.bytes} bytes and has ${now.bytes}`
      : `${other}, which has ${now.bytes} bytes and not ${then.bytes}`;
  }
  if (now.bytes === then.bytes && now.sample !== then.sample) {
    return other === undefined ? `${now.path} has other bytes than it had` : `${other}, which has other bytes`;
  }
  return undefined;
}

/** Says that an input has another path than it had, which a file that was moved has too; undefined where it has not. */
export const otherPath = (then: InputFacts, now: InputFacts): string | undefined =>
  then.path === now.path ? undefined : `${then.path} was read, and now ${now.path} is`;

/** Whether an input can be considered unchanged without reading it. */
export const isUntouched = (then: InputFacts, now: InputFacts): boolean =>
  now.bytes !== null &&
  now.bytes === then.bytes &&
  now.modified === then.modified &&
  (!isRemote(now) || now.path === then.path);

/** Of what is neither a regular file of this machine nor a pipe. */
const isRemote = ({ bytes, modified }: InputFacts): boolean => bytes !== null && modified === null;

function sampleOf(path: string, size: number): string {
  const hash = createHash('sha256');
  const block = Buffer.alloc(SAMPLE_BYTES);
  try {
    const file = openSync(path, 'r');
    try {
      for (let i = 0; i < SAMPLES; i++) {
        const at = Math.floor((i * Math.max(0, size - SAMPLE_BYTES)) / (SAMPLES - 1));
        hash.update(block.subarray(0, readSync(file, block, 0, SAMPLE_BYTES, at)));
      }
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw usageError(`${path}: expected a file that can be read: ${messageOf(error)}`, { cause: error });
  }
  return hash.digest('hex');
}
