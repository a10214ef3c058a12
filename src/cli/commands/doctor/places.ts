/** Where models are kept, and whether there is room for more; and whether the hub answers. */
import { mkdtempSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { HubReach } from '../../../hub/reach.js';
import { listPrepared } from '../../../model/prepared/store.js';
import { cacheDirectory } from '../../../platform/cache-directory.js';
import { freeBytes, isDirectory, statOrUndefined } from '../../../platform/files.js';
import { type Check, size } from './check.js';

/** Of a model of 7 billion parameters the files take more; of most reward models, less. */
const LEAST_FREE = 2e9;

interface Place {
  readonly name: string;
  readonly path: string;
  readonly holds: string;
  /** How another place is chosen. */
  readonly variables: string;
}

export function checkPreparedModels(): Check {
  const path = cacheDirectory();
  const models = isDirectory(path) ? listPrepared() : [];
  const bytes = models.reduce((sum, model) => sum + model.bytes, 0);
  const count = models.length === 1 ? '1 prepared model' : `${models.length} prepared models`;
  const holds = models.length === 0 ? 'no prepared models yet' : `${count}, ${size(bytes)}`;
  return checkPlace({ name: 'cache', path, holds, variables: 'REWARD_SCORE_CACHE' }, { models: models.length, bytes });
}

export function checkHubCache({ cacheDirectory: path }: HubReach): Check {
  const holds = isDirectory(path) ? 'shared with the Python library' : 'not there yet';
  return checkPlace({ name: 'hub cache', path, holds, variables: 'HF_HOME or HF_HUB_CACHE' }, {});
}

function checkPlace({ name, path, holds, variables }: Place, more: object): Check {
  const folder = existingFolderOf(path);
  const free = freeBytes(folder);
  const facts = { path, freeBytes: free ?? null, ...more };
  const room = free === undefined ? '' : `, ${size(free)} free`;
  const check = { name, found: `${path}: ${holds}${room}`, facts };
  if (!isDirectory(folder) || !isWritable(folder)) {
    return {
      ...check,
      state: 'wrong',
      meaning: `Nothing can be kept there: make ${folder} writable, or name another place with ${variables}.`,
    };
  }
  if (free !== undefined && free < LEAST_FREE) {
    return {
      ...check,
      state: 'note',
      meaning: `Little room for models: free some, or name another place with ${variables}.`,
    };
  }
  return { ...check, state: 'ok', meaning: `Another place is named with ${variables}.` };
}

/** The folder itself, or else the one that it would be made in. */
function existingFolderOf(path: string): string {
  let folder = path;
  while (statOrUndefined(folder) === undefined && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/** Tried: what the permissions say is not all, least of all to root. */
function isWritable(folder: string): boolean {
  try {
    rmdirSync(mkdtempSync(join(folder, '.reward-score-')));
    return true;
  } catch {
    return false;
  }
}

export function checkHub({ endpoint, offlineBy, problem }: HubReach): Check {
  const facts = { endpoint, reached: offlineBy === null ? problem === null : null, offlineBy, problem };
  if (offlineBy !== null) {
    const meaning = `Models on disk work, others are not downloaded; without ${offlineBy} it would be asked.`;
    return { name: 'hub', state: 'ok', found: `${endpoint}: not asked (${offlineBy})`, meaning, facts };
  }
  if (problem === null) {
    return {
      name: 'hub',
      state: 'ok',
      found: `${endpoint}: answers`,
      meaning: 'Models can be downloaded by their ids (-m org/name).',
      facts,
    };
  }
  return {
    name: 'hub',
    state: 'wrong',
    found: `${endpoint}: ${problem}`,
    meaning:
      'Models on disk work, others cannot be downloaded. Look at the network; HF_ENDPOINT names a mirror; --offline (or HF_HUB_OFFLINE=1) says that there is no network.',
    facts,
  };
}

export const checkToken = ({ tokenSource }: HubReach): Check => ({
  name: 'token',
  state: 'ok',
  found: tokenSource === null ? 'none' : `one is set (${tokenSource}); it is not shown`,
  meaning:
    tokenSource === null
      ? 'Public models need none. For gated and private ones set HF_TOKEN, or run hf auth login.'
      : 'It is sent to the hub alone. Whether the hub takes it, model pull of a gated model says.',
  facts: { source: tokenSource },
});
