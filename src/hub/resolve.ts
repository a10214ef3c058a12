/** From a hub id to a directory with the model's files. This is the entry of this folder. */

import { FatalError, usageError } from '../errors.js';
import { optionName } from '../option-name.js';
import { environment as processEnvironment } from '../platform/environment.js';
import { ModelCache } from './cache.js';
import { readHubEnvironment, type Variables } from './environment.js';
import { explain } from './explain.js';
import { Http } from './http.js';
import { Hub, type Revision } from './hub.js';
import { type HubId, isCommit, parseHubId } from './id.js';
import { defaultLimits, type HubLimits } from './limits.js';
import { NoSuchRevision } from './refusals.js';
import { type RetryOptions, withRetries } from './retries.js';
import { type DownloadProgress, Snapshot } from './snapshot.js';
import { realTiming, type Timing } from './timing.js';
import { readToken } from './token.js';
import { TransferError } from './transfer-error.js';
import type { WantedFiles } from './wanted-files.js';

export type { DownloadProgress };

export interface ResolveOptions {
  /** Uses what is in the cache, and never the network. */
  readonly offline: boolean;
  /** Called often while the large files arrive. */
  readonly onProgress: (progress: DownloadProgress) => void;
  /** Called with sentences for the user. */
  readonly notify: (message: string) => void;
  /** Aborts a download; the next one resumes it. */
  readonly signal?: AbortSignal | undefined;
}

/** What a download depends on beside its options; tests pass their own. */
export interface HubContext {
  readonly variables: Variables;
  readonly timing: Timing;
  readonly limits: HubLimits;
}

export interface HubModel {
  readonly directory: string;
  /** The commit that its files come from. */
  readonly revision: string;
}

/**
 * Finds the wanted files of a model on the hub in the Hugging Face cache, or downloads them into it. The hub is asked
 * which commit a branch or tag points to; a complete commit in the cache needs no network.
 *
 * @throws FatalError where there is no such model (`usage`) or it cannot be downloaded (`run`); the signal's reason
 */
export async function resolveHubModel(
  text: string,
  wanted: WantedFiles,
  options: ResolveOptions,
  context: HubContext = { variables: processEnvironment(), timing: realTiming, limits: defaultLimits },
): Promise<HubModel> {
  const { variables, timing, limits } = context;
  const { notify, onProgress, signal } = options;
  const id = parseHubId(text);
  const environment = readHubEnvironment(variables);
  const { endpoint, cacheDirectory } = environment;
  try {
    const cache = new ModelCache(id, environment);
    const cached = findCached(cache, wanted);
    const offlineBy = options.offline ? optionName('offline') : environment.offlineBy;
    if (offlineBy !== undefined) return cached ?? cannotBeOffline(id, cache, wanted, offlineBy);
    if (cached && isCommit(id.revision) && wanted.isComplete(cached.directory)) return cached;

    const token = readToken(variables, environment);
    const hub = new Hub(id, new Http({ endpoint, token, timing, signal }), environment, token, limits);
    const retries = { timing, notify, signal };
    const found = await askRevision(hub, id, cached, retries);
    if ('directory' in found) return found;
    const onStart = (): void => notify(`downloading ${id.text} from ${new URL(endpoint).host} into ${cacheDirectory}`);
    const snapshot = new Snapshot(id, hub, cache, found, { ...retries, limits, onProgress, onStart });
    await snapshot.complete(wanted);
    await cache.remember(found.commit);
    return { directory: snapshot.directory, revision: found.commit };
  } catch (error) {
    throw explain(error, id, environment, variables);
  }
}

function findCached(cache: ModelCache, wanted: WantedFiles): HubModel | undefined {
  const commit = cache.knownCommit();
  if (commit === undefined) return undefined;
  const directory = cache.snapshot(commit);
  return wanted.missingFromSnapshot(directory).length === 0 ? { directory, revision: commit } : undefined;
}

function cannotBeOffline({ text, revision }: HubId, cache: ModelCache, wanted: WantedFiles, by: string): never {
  const commit = cache.knownCommit();
  const what =
    commit === undefined
      ? `no ${revision} of it in ${cache.directory}`
      : `no ${wanted.missingFromSnapshot(cache.snapshot(commit)).join(', ')} in ${cache.snapshot(commit)}`;
  throw usageError(
    `${text}: found neither a directory of that name nor a downloaded copy (${what}); ${by} forbids more`,
  );
}

/**
 * Asks the hub which commit the revision points to. Where the hub gives no answer (there is no network, the hub is
 * down, the token is no longer valid), the copy in the cache is used, as by the Python library.
 */
async function askRevision(
  hub: Hub,
  { text }: HubId,
  cached: HubModel | undefined,
  retries: RetryOptions,
): Promise<Revision | HubModel> {
  try {
    // A user who has a copy, or has no network, is not made to wait for retries.
    return await withRetries(
      () => hub.revision(),
      retries,
      ({ unreachable }) => cached === undefined && !unreachable,
    );
  } catch (error) {
    const isOfHub =
      error instanceof TransferError || (error instanceof FatalError && !(error instanceof NoSuchRevision));
    if (!isOfHub || cached === undefined) throw error;
    retries.notify(`${text}: using the downloaded copy of commit ${cached.revision.slice(0, 7)} (${error.message})`);
    return cached;
  }
}
