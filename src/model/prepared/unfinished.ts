/**
 * Directories of models that are being prepared, and of those that are prepared for one run: each is named after the
 * process that it belongs to, so that another one can remove what a killed process left.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, thisProcess } from '../../platform/processes.js';

/** Distinguishes machines that share a cache: only its own machine can say whether a process runs. */
const machine = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

const unfinishedName = /^[^.]+\.(?<pid>\d+)\.(?<machine>[0-9a-f]{8}-)?.*\.tmp$/;
const temporaryName = /^reward-score-(?<pid>\d+)-(?<machine>[0-9a-f]{8}-)[0-9a-f-]{36}$/;

/** A name beside `place` for a model that is not whole yet. */
export const unfinishedPlace = (place: string): string =>
  `${place}.${thisProcess().pid}.${machine}-${randomUUID()}.tmp`;

/** A name for a model that is prepared for this run alone. */
export const temporaryPlace = (): string =>
  join(tmpdir(), `reward-score-${thisProcess().pid}-${machine}-${randomUUID()}`);

export const isUnfinished = (name: string): boolean => name.endsWith('.tmp');

/** Lists the unfinished directories of the store that belong to ended processes of this machine. */
export const abandonedIn = (store: string): string[] => abandoned(store, unfinishedName);

/** Removes what killed processes left in the store, which may be as large as the models that they prepared. */
export const removeAbandonedIn = (store: string): void => remove(abandonedIn(store));

/** Removes models that killed processes prepared for themselves. */
export const removeAbandonedTemporary = (): void => remove(abandoned(tmpdir(), temporaryName));

function abandoned(directory: string, pattern: RegExp): string[] {
  return readdirSync(directory)
    .filter((name) => {
      const { pid, machine: theirs = `${machine}-` } = pattern.exec(name)?.groups ?? {};
      return pid !== undefined && theirs === `${machine}-` && !isAlive(Number(pid));
    })
    .map((name) => join(directory, name));
}

function remove(directories: readonly string[]): void {
  for (const directory of directories) {
    try {
      rmSync(directory, { recursive: true, force: true });
    } catch {
      // It may belong to another user; `model prune` names what it cannot remove.
    }
  }
}
