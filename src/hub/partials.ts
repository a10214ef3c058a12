/**
 * Unfinished downloads: `blobs/ETAG.MACHINE-PROCESS-RANDOM.incomplete`, one file a process, so that no two processes
 * write into the same file. The name says which process writes it: the file of a running process is watched; the file
 * of a process that has ended is taken over by renaming it, which only one process can do. There is no lock that a
 * crash could leave behind.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readlinkSync, renameSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { statOrUndefined } from '../platform/files.js';
import { isAlive, thisProcess } from '../platform/processes.js';

/** Stands in place of the process number once the writer is done with the file. */
const NO_PROCESS = 0;
/** Whether a process of another machine is running is not known, but none pauses for so long and then continues. */
const ABANDONED_AFTER_MS = 3_600_000;

export interface PartialFile {
  readonly path: string;
  readonly size: number;
  /**
   * `active`: its process writes it; `abandoned`: its process has ended or is done; `unknown`: another process may have
   * its number.
   */
  readonly state: 'active' | 'abandoned' | 'unknown';
}

/** The files that this process writes. */
const own = new Set<string>();

/** Identifies the machine and its process numbers: containers that share a cache do not share process numbers. */
const machine = createHash('sha256').update(`${hostname()} ${processNamespace()}`).digest('hex').slice(0, 8);

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return ''; // Only Linux has that file.
  }
}

/** The file that another process seems to be writing for the blob. */
export const livePartial = (blob: string): PartialFile | undefined =>
  find(blob).find(({ state }) => state === 'active');

/** Gives this process a file to write: a new one, or the one of the blob that an ended process left. */
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
      if (!isGone(error)) throw error; // If it is gone, another process took it first.
    }
  }
  return path;
}

/** Leaves the file, if it is still there, to the next process that wants it. */
export function releasePartial(path: string, blob: string): void {
  own.delete(path);
  try {
    renameSync(path, nameFor(blob, NO_PROCESS));
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

const nameFor = (blob: string, pid: number): string =>
  `${blob}.${machine}-${pid}-${randomBytes(4).toString('hex')}.incomplete`;

/** The partial files of a blob, the largest first. */
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
  if (pid === NO_PROCESS) return 'abandoned';
  if (writtenOn !== machine) return isOld ? 'abandoned' : 'active';
  if (!lives(pid, path)) return 'abandoned';
  // Another process may have been given the same number since.
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
