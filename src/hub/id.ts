/** The id of a model on a Hugging Face hub: `org/name` or `name`, either with `@revision`; and what ids of all kinds share. */
import { usageError } from '../errors.js';

export const DEFAULT_REVISION = 'main';

export interface HubId {
  readonly kind: 'model' | 'dataset';
  /** `org/name`; a few old models are `name` alone. */
  readonly repository: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  /** As the user wrote it. */
  readonly text: string;
}

/** The path of a repository's page, which its files' addresses begin with. */
export const pageOf = ({ kind, repository }: HubId): string =>
  kind === 'model' ? repository : `datasets/${repository}`;

/** Whether a revision is a full commit hash, whose content never changes. */
export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);

/** @throws FatalError where the text cannot be an id by the hub's rules (the caller has found that it is not a path) */
export function parseHubId(text: string): HubId {
  const at = text.indexOf('@');
  const repository = at < 0 ? text : text.slice(0, at);
  const revision = at < 0 ? DEFAULT_REVISION : text.slice(at + 1);
  if (!isRepository(repository)) {
    throw usageError(
      `${text}: found no directory of that name, and it is no Hugging Face id: expected org/name or org/name@revision ` +
        'of letters, digits, -, _ and ., with letters or digits at the ends',
    );
  }
  if (!isRevision(revision)) throw usageError(`${text}: expected a branch, tag or commit after @, got "${revision}"`);
  return { kind: 'model', repository, revision, text };
}

const repositoryPattern = /^(?:\w(?:[\w.-]{0,94}\w)?\/)?\w(?:[\w.-]{0,94}\w)?$/;

/** `--` is refused: the cache's directory names have it between org and name. */
export const isRepository = (text: string): boolean =>
  repositoryPattern.test(text) && !text.includes('--') && !text.includes('..') && !text.endsWith('.git');

/**
 * Follows git's rules for names (git-check-ref-format). A revision becomes a path under refs/, which it must not leave.
 */
export const isRevision = (text: string): boolean =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: git refuses control characters
  /^[^\x00-\x20\x7f~^:?*[\\]{1,250}$/.test(text) &&
  !/\.\.|@\{/.test(text) &&
  text.split('/').every((part) => part !== '' && !part.startsWith('.') && !/\.(lock)?$/.test(part));
