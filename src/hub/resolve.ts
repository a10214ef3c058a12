/** From a hub id to a directory with the model's files: the door of this folder. */
import { FatalError, usageError } from '../errors.js';
import { ModelCache } from './cache.js';
import { readHubEnvironment, type Variables } from './environment.js';
import { explain } from './explain.js';
import { Http } from './http.js';
import { Hub, type Revision } from './hub.js';
import { type HubId, isCommit, parseHubId } from './id.js';
import { type PatienceOptions, patiently } from './patience.js';
import { NoSuchRevision } from './refusals.js';
import { missingFiles, type Purpose } from './selection.js';
import { type DownloadProgress, Snapshot } from './snapshot.js';
import { realTiming, type Timing } from './timing.js';
import { readToken } from './token.js';
import { TransferError } from './transfer-error.js';

export type { DownloadProgress };

export interface ResolveOptions {
  /** Use what is in the cache, and never reach the network. */
  readonly offline: boolean;
  /** Told as the weights arrive, often. */
  readonly onProgress: (progress: DownloadProgress) => void;
  /** Told, in a sentence, what the user should know. */
  readonly notify: (message: string) => void;
  /** Ends a download; what has arrived is kept for the next one. */
  readonly signal?: AbortSignal | undefined;
}

/** What a run stands in; tests hand in their own. */
export interface Surroundings {
  readonly variables: Variables;
  readonly timing: Timing;
}

export interface HubModel {
  readonly directory: string;
  /** The commit that its files are of. */
  readonly revision: string;
}

/**
 * The files of a model (with its own tokenizer, if it has one), or of a tokenizer alone: in the Hugging Face cache, or
 * downloaded into it. The hub is asked where a branch or tag is; a whole commit in the cache needs no network.
 *
 * @throws FatalError where there is no such model (`usage`) or it cannot be had (`run`); the signal's reason
 */
export async function resolveHubModel(
  text: string,
  purpose: Purpose,
  options: ResolveOptions,
  surroundings: Surroundings = { variables: process.env, timing: realTiming },
): Promise<HubModel> {
  const { variables, timing } = surroundings;
  const { notify, onProgress, signal } = options;
  const id = parseHubId(text);
  const environment = readHubEnvironment(variables);
  const { endpoint, cacheDirectory } = environment;
  try {
    const cache = new ModelCache(id, environment);
    const cached = findCached(cache, purpose);
    const offlineBy = options.offline ? '--offline' : environment.offlineBy;
    if (offlineBy !== undefined) return cached ?? cannotBeOffline(id, cache, purpose, offlineBy);
    // Whether a model that lacks a tokenizer has one is for the hub to say.
    if (cached && isCommit(id.revision) && missingFiles(cached.directory, 'tokenizer').length === 0) return cached;

    const token = readToken(variables, environment);
    const hub = new Hub(id, new Http({ endpoint, token, timing, signal }), environment, token);
    const patience = { timing, notify, signal };
    const found = await askRevision(hub, id, cached, patience);
    if ('directory' in found) return found;
    const onStart = (): void => notify(`downloading ${id.text} from ${new URL(endpoint).host} into ${cacheDirectory}`);
    const snapshot = new Snapshot(id, hub, cache, found, { ...patience, onProgress, onStart });
    await snapshot.complete(purpose);
    cache.remember(found.commit);
    return { directory: snapshot.directory, revision: found.commit };
  } catch (error) {
    throw explain(error, id, environment, variables);
  }
}

function findCached(cache: ModelCache, purpose: Purpose): HubModel | undefined {
  const commit = cache.knownCommit();
  if (commit === undefined) return undefined;
  const directory = cache.snapshot(commit);
  return missingFiles(directory, purpose).length === 0 ? { directory, revision: commit } : undefined;
}

function cannotBeOffline({ text, revision }: HubId, cache: ModelCache, purpose: Purpose, by: string): never {
  const commit = cache.knownCommit();
  const what =
    commit === undefined
      ? `no ${revision} of it in ${cache.directory}`
      : `no ${missingFiles(cache.snapshot(commit), purpose).join(', ')} in ${cache.snapshot(commit)}`;
  throw usageError(
    `${text}: found neither a directory of that name nor a downloaded copy (${what}); ${by} forbids more`,
  );
}

/**
 * What the hub has; where it does not say, the copy in the cache, as with the Python library: there is no network, the
 * hub is down, the token is no longer good.
 */
async function askRevision(
  hub: Hub,
  { text }: HubId,
  cached: HubModel | undefined,
  patience: PatienceOptions,
): Promise<Revision | HubModel> {
  try {
    // Who has a copy is not kept waiting, nor who has no network.
    return await patiently(
      () => hub.revision(),
      patience,
      ({ unreachable }) => cached === undefined && !unreachable,
    );
  } catch (error) {
    const isOfHub =
      error instanceof TransferError || (error instanceof FatalError && !(error instanceof NoSuchRevision));
    if (!isOfHub || cached === undefined) throw error;
    patience.notify(`${text}: using the downloaded copy of commit ${cached.revision.slice(0, 7)} (${error.message})`);
    return cached;
  }
}
