/**
 * Unfinished downloads: `blobs/ETAG.MACHINE-PROCESS-RANDOM.incomplete`, one file a process, so that no two write into
 * one. The name says whose it is: a file of a process that lives is watched, one of a process that is gone is taken over
 * by renaming it, which only one can. There is no lock that a crash could leave behind.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readlinkSync, renameSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { statOrUndefined } from '../platform/files.js';
import { isAlive, thisProcess } from '../platform/processes.js';

/** In place of the process: whoever wrote it is done with it. */
const NOBODY = 0;
/** Of another machine it is not known who lives, but nobody stops for so long and goes on. */
const ABANDONED_AFTER_MS = 3_600_000;

export interface PartialFile {
  readonly path: string;
  readonly size: number;
  /** `active`: its process writes it; `abandoned`: its process is gone or done; `unknown`: perhaps another process has its number. */
  readonly state: 'active' | 'abandoned' | 'unknown';
}

/** Files that this process writes. */
const own = new Set<string>();

/** Where process numbers mean the same: containers that share a cache do not share them. */
const machine = createHash('sha256').update(`${hostname()} ${processNamespace()}`).digest('hex').slice(0, 8);

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return ''; // not Linux
  }
}

/** What another process is writing for the blob, as it seems. */
export const livePartial = (blob: string): PartialFile | undefined =>
  find(blob).find(({ state }) => state === 'active');

/** A file for this process to write: a new one, or what a process that is gone has of the blob. */
export function claimPartial(blob: string): string {
  mkdirSync(dirname(blob), { recursive: true });
  const path = nameFor(blob, thisProcess().pid);
  own.add(path);
  let claimed = false;
  for (const abandoned of find(blob).filter(({ state }) => state === 'abandoned')) {
    try {
      if (claimed) rmSync(abandoned.path);
      else renameSync(abandoned.path, path);
      claimed = true;
    } catch (error) {
      if (!isGone(error)) throw error; // else another process was quicker
    }
  }
  return path;
}

/** Leaves the file, if it is still there, to whoever comes. */
export function releasePartial(path: string, blob: string): void {
  own.delete(path);
  try {
    renameSync(path, nameFor(blob, NOBODY));
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

const nameFor = (blob: string, pid: number): string =>
  `${blob}.${machine}-${pid}-${randomBytes(4).toString('hex')}.incomplete`;

/** The largest first. */
function find(blob: string): PartialFile[] {
  const directory = dirname(blob);
  return namesIn(directory)
    .flatMap((name) => {
      const parts = /\.([0-9a-f]{8})-(\d+)-[0-9a-f]{8}\.incomplete$/.exec(name);
      if (parts === null || !name.startsWith(`${basename(blob)}.`)) return [];
      const path = join(directory, name);
      const stat = statOrUndefined(path);
      if (stat === undefined) return [];
      const isOld = Date.now() - stat.mtimeMs > ABANDONED_AFTER_MS;
      return [{ path, size: stat.size, state: stateOf(path, parts[1] as string, Number(parts[2]), isOld) }];
    })
    .sort((a, b) => b.size - a.size);
}

function stateOf(path: string, writtenOn: string, pid: number, isOld: boolean): PartialFile['state'] {
  if (pid === NOBODY) return 'abandoned';
  if (writtenOn !== machine) return isOld ? 'abandoned' : 'active';
  if (!lives(pid, path)) return 'abandoned';
  // Another process may have been given the number since.
  return isOld ? 'unknown' : 'active';
}

function lives(pid: number, path: string): boolean {
  return pid === thisProcess().pid ? own.has(path) : isAlive(pid);
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

const isGone = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';
