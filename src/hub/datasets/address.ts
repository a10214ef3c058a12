/** The address of a data set's files: `hf://datasets/ORG/NAME[@REVISION][/PATH]`, as in huggingface_hub 2.4.0 and DuckDB. */
import { usageError } from '../../errors.js';
import { DEFAULT_REVISION, type HubId, isRepository, isRevision } from '../id.js';

/** The branch into which the hub converts data sets of any format. */
export const CONVERTED_REVISION = 'refs/convert/parquet';

export interface DatasetAddress {
  readonly id: HubId;
  /** A file's path in the repository, or a pattern of paths; undefined where the whole data set is named. */
  readonly path: string | undefined;
  /** Whether the address names a revision. */
  readonly isPinned: boolean;
}

/** Whether this is no path of this machine, but an address on the hub. */
export const isHubAddress = (text: string): boolean => /^hf:\/\//i.test(text);

const form = 'hf://datasets/ORG/NAME, or hf://datasets/ORG/NAME@REVISION/PATH';

/** @throws FatalError `usage` where the text is no such address */
export function parseDatasetAddress(text: string): DatasetAddress {
  const parts = /^hf:\/\/datasets\/([^/@]+\/[^/@]+)(?:@((?:refs\/(?:convert|pr)\/\w+)|[^/]+))?(?:\/(.*))?$/i.exec(text);
  const [, repository = '', named, path = ''] = parts ?? [];
  if (!isRepository(repository)) throw usageError(`${text}: expected ${form}, got something else`);
  const revision = named === undefined ? DEFAULT_REVISION : revisionOf(named);
  if (!isRevision(revision)) throw usageError(`${text}: expected a branch, tag or commit after @, got "${named}"`);
  if (path.split('/').some((part) => part === '.' || part === '..')) {
    throw usageError(`${text}: expected a path without . and .. in it`);
  }
  return {
    id: { kind: 'dataset', repository, revision, text },
    path: path === '' ? undefined : path,
    isPinned: named !== undefined,
  };
}

/** A slash in a branch's name is written %2F; DuckDB calls the converted data `~parquet`. */
function revisionOf(named: string): string {
  if (named === '~parquet') return CONVERTED_REVISION;
  try {
    return decodeURIComponent(named);
  } catch {
    return named;
  }
}

/** The address of one file in one commit, which stays the same file. */
export const addressOf = ({ repository }: HubId, commit: string, path: string): string =>
  `hf://datasets/${repository}@${commit}/${path}`;

/** The commit in an address of one file; undefined where it is of another data set, or no such address. */
export function commitIn(address: string, { repository }: HubId): string | undefined {
  const start = `hf://datasets/${repository}@`;
  return address.startsWith(start) ? /^([0-9a-f]{40})\//.exec(address.slice(start.length))?.[1] : undefined;
}
