/** From an address of a data set to its files, in one commit. This is the entry of this folder. */
import { setMaxListeners } from 'node:events';
import { runError, usageError } from '../../errors.js';
import { optionName } from '../../option-name.js';
import { environment as processEnvironment } from '../../platform/environment.js';
import { inOrder, isPattern, pathMatcher } from '../../platform/glob.js';
import type { RemoteFile } from '../../platform/remote-file.js';
import { type HubEnvironment, readHubEnvironment } from '../environment.js';
import { Http } from '../http.js';
import { type HubId, isCommit } from '../id.js';
import { defaultLimits } from '../limits.js';
import { NoSuchRevision } from '../refusals.js';
import type { HubContext } from '../resolve.js';
import { withRetries } from '../retries.js';
import { realTiming } from '../timing.js';
import { readToken, type Token } from '../token.js';
import { proxyHint, TransferError } from '../transfer-error.js';
import { addressOf, CONVERTED_REVISION, commitIn, type DatasetAddress, parseDatasetAddress } from './address.js';
import { DEFAULT_SPLIT, DEFAULT_SUBSET, noSuchSplit, splitOf } from './converted.js';
import { RemoteSource } from './remote-source.js';
import { DatasetHub, type ListedFile } from './routes.js';
import { TailCache } from './tail-cache.js';

/** A file of a run that is gone on with. */
interface BegunFile {
  /** Its address with the commit. */
  readonly path: string;
  /** The address that it was found by; undefined where it is not on a hub. */
  readonly asked?: string;
}

export interface LocateOptions {
  readonly offline: boolean;
  /** Of converted data; not for a path. */
  readonly subset: string | undefined;
  readonly split: string | undefined;
  /** Files that a run was begun with: what was found by the same address is found in the same commit. */
  readonly begun: readonly BegunFile[];
  /** Called with sentences for the user. */
  readonly notify: (message: string) => void;
}

export interface DatasetFiles {
  /** In the order of their paths. */
  readonly files: readonly RemoteFile[];
  /** Whether the hub has converted only the beginning of the data set. */
  readonly isPartial: boolean;
}

/**
 * Finds the files of an address: one file, those of a pattern, or the converted Parquet of a whole data set.
 *
 * @throws FatalError where there are none (`usage`), or the hub cannot be asked (`run`)
 */
export async function locateDataset(
  text: string,
  options: LocateOptions,
  context: HubContext = { variables: processEnvironment(), timing: realTiming, limits: defaultLimits },
): Promise<DatasetFiles> {
  const address = addressOfFiles(parseDatasetAddress(text), options);
  const { variables, timing } = context;
  const environment = readHubEnvironment(variables);
  const offlineBy = options.offline ? optionName('offline') : environment.offlineBy;
  if (offlineBy !== undefined) {
    throw usageError(`${text}: expected files of this machine, as ${offlineBy} forbids the network; download it first`);
  }
  const access = new DatasetAccess(address.id, environment, readToken(variables, environment), context);
  const retries = { timing, notify: options.notify, signal: undefined };
  try {
    const { commit, files, isPartial } = await withRetries(
      () => find(access.hub(), address, options),
      retries,
      // Without a network, nobody is made to wait to learn so.
      ({ unreachable }) => !unreachable,
    );
    return { isPartial, files: files.map((file) => access.remoteFile(commit, file, options.notify)) };
  } catch (error) {
    if (!(error instanceof TransferError)) throw error;
    throw runError(`${text}: ${error.message}${error.unreachable ? proxyHint(variables) : ''}`, { cause: error });
  }
}

/** @throws FatalError `usage` for options that say nothing of these files */
function addressOfFiles(address: DatasetAddress, { subset, split }: LocateOptions): DatasetAddress {
  const { id, path, isPinned } = address;
  const given = subset === undefined ? split && 'split' : 'subset';
  if (path !== undefined) {
    if (given === undefined) return address;
    throw usageError(`${id.text}: expected ${optionName(given)} with a data set without a path, got ${path}`);
  }
  if (isPinned && id.revision !== CONVERTED_REVISION && !isCommit(id.revision)) {
    throw usageError(
      `${id.text}: expected a path after the revision: of whole data sets the hub converts the main branch alone`,
    );
  }
  return isPinned ? address : { ...address, id: { ...id, revision: CONVERTED_REVISION } };
}

interface Found {
  readonly commit: string;
  readonly files: readonly ListedFile[];
  readonly isPartial: boolean;
}

async function find(hub: DatasetHub, { id, path }: DatasetAddress, options: LocateOptions): Promise<Found> {
  const commit = begunWith(id, options.begun) ?? (isCommit(id.revision) ? id.revision : await commitOf(hub, path));
  if (path === undefined) {
    const { subset = DEFAULT_SUBSET, split = DEFAULT_SPLIT } = options;
    const ofSubset = /^(?!\.+$)[^/]+$/.test(subset) ? await hub.list(commit, subset, true) : [];
    const { files, isPartial } =
      splitOf(ofSubset, subset, split) ?? noSuchSplit(await hub.list(commit, '', true), subset, split, id);
    return { commit, isPartial, files: await readable(hub, commit, files) };
  }
  if (!isPattern(path)) return { commit, isPartial: false, files: [await hub.file(commit, path)] };
  const parts = path.split('/');
  const folder = parts.slice(
    0,
    parts.findIndex((part) => isPattern(part)),
  );
  const matches = pathMatcher(path);
  const listed = await hub.list(commit, folder.join('/'), folder.length + 1 < parts.length || path.includes('**'));
  // As on this machine, a file of that very name is meant before those that match.
  const exact = listed.find((file) => file.path === path);
  const files = exact === undefined ? listed.filter((file) => matches(file.path)) : [exact];
  if (files.length === 0) {
    throw usageError(`${id.text}: found no such files among ${listed.length} in commit ${commit.slice(0, 7)}`);
  }
  return { commit, isPartial: false, files: await readable(hub, commit, files) };
}

/**
 * In the order of their paths. Who may list the files of a gated data set may not therefore read them, so that the first one
 * is asked for.
 */
async function readable(hub: DatasetHub, commit: string, files: readonly ListedFile[]): Promise<ListedFile[]> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const sorted = inOrder(byPath.keys()).map((path) => byPath.get(path) as ListedFile);
  const [first] = sorted;
  if (first !== undefined) await hub.file(commit, first.path);
  return sorted;
}

/** The commit in which a run that is gone on with found its files by this address; undefined where it did not. */
function begunWith(id: HubId, begun: readonly BegunFile[]): string | undefined {
  const same = begun.find(({ asked }) => asked === id.text);
  return same && commitIn(same.path, id);
}

async function commitOf(hub: DatasetHub, path: string | undefined): Promise<string> {
  try {
    return await hub.commit();
  } catch (error) {
    if (path !== undefined || !(error instanceof NoSuchRevision)) throw error;
    throw usageError(
      `${hub.id.text}: expected a data set that the hub has converted to Parquet, which it has not; name its files: ${hub.id.text}/PATH`,
      { cause: error },
    );
  }
}

/** What all requests for one data set have in common. */
class DatasetAccess {
  readonly #id: HubId;
  readonly #environment: HubEnvironment;
  readonly #token: Token | undefined;
  readonly #context: HubContext;
  readonly #tails = new TailCache();

  constructor(id: HubId, environment: HubEnvironment, token: Token | undefined, context: HubContext) {
    this.#id = id;
    this.#environment = environment;
    this.#token = token;
    this.#context = context;
  }

  hub(signal?: AbortSignal): DatasetHub {
    const { timing, limits } = this.#context;
    const { endpoint } = this.#environment;
    const http = new Http({ endpoint, token: this.#token, timing, signal });
    return new DatasetHub(this.#id, http, this.#environment, this.#token, limits);
  }

  remoteFile(commit: string, file: ListedFile, notify: (message: string) => void): RemoteFile {
    const { timing, variables } = this.#context;
    const path = addressOf(this.#id, commit, file.path);
    return {
      path,
      asked: this.#id.text,
      size: file.size,
      commit,
      etag: file.etag,
      open: (signal) => {
        const closed = new AbortController();
        const onAbort = (): void => closed.abort(signal?.reason);
        signal?.addEventListener('abort', onAbort);
        if (signal?.aborted) onAbort();
        // Each column of a file may have a request under way.
        setMaxListeners(0, closed.signal);
        return new RemoteSource({
          name: path,
          commit,
          file,
          hub: this.hub(closed.signal),
          retries: { timing, notify, signal: closed.signal },
          tails: this.#tails,
          variables,
          onClose: () => {
            signal?.removeEventListener('abort', onAbort);
            closed.abort(new Error(`${path} was closed while it was read`));
          },
        });
      },
    };
  }
}
