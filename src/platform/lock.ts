/**
 * A lock between processes that a crash cannot leave held: a process that finds it looks whether its holder still runs.
 * Two that find the same dead holder at the same moment may both continue, so it is for work that is wasteful to do
 * twice, and not wrong.
 */
import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isOnThisMachine, isRunning, type ProcessIdentity, thisProcess } from './processes.js';

const POLL_MS = 200;

/** A holder on another machine cannot be looked up: its lock counts as left behind after this long. */
const FOREIGN_LIFETIME_MS = 3_600_000;

/**
 * Runs `work` while no other process that uses the same lock file does.
 *
 * @param path of the lock file; its directory exists
 * @param onWait called once, if another process has the lock
 */
export async function withLock<T>(path: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  for (let waited = false; !acquire(path); waited = true) {
    if (!waited) onWait();
    await sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function acquire(path: string): boolean {
  const mine = `${path}.${randomUUID()}`;
  writeFileSync(mine, JSON.stringify(thisProcess()));
  try {
    // A link is made whole or not at all: no process finds a lock without its holder's name.
    linkSync(mine, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (isLeftBehind(path)) rmSync(path, { force: true });
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

function isLeftBehind(path: string): boolean {
  let holder: ProcessIdentity;
  let age: number;
  try {
    holder = JSON.parse(readFileSync(path, 'utf8')) as ProcessIdentity;
    age = Date.now() - statSync(path).mtimeMs;
  } catch (error) {
    // A lock that is gone is free; an unreadable one has no holder that could be looked up.
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
  return isOnThisMachine(holder) ? !isRunning(holder) : age > FOREIGN_LIFETIME_MS;
}
