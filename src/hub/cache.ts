/**
 * A model in the Hugging Face cache, in the layout that the Python library reads and writes:
 *
 *   models--ORG--NAME/blobs/ETAG               a file's content
 *                     snapshots/COMMIT/FILE -> ../../blobs/ETAG
 *                     refs/REVISION            the commit that a branch or tag was at
 */
import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { writeFileAtomically } from '../platform/files.js';
import { type HubId, isCommit } from './id.js';

export interface CacheOptions {
  readonly cacheDirectory: string;
  readonly symlinks: boolean;
}

export class ModelCache {
  readonly directory: string;
  readonly #id: HubId;
  readonly #symlinks: boolean;

  constructor(id: HubId, { cacheDirectory, symlinks }: CacheOptions) {
    this.#id = id;
    this.directory = join(cacheDirectory, `models--${id.repository.replaceAll('/', '--')}`);
    this.#symlinks = symlinks;
  }

  snapshot(commit: string): string {
    return join(this.directory, 'snapshots', commit);
  }

  blob(etag: string): string {
    return join(this.directory, 'blobs', etag);
  }

  /** The commit that the revision pointed to when the hub was last asked. */
  knownCommit(): string | undefined {
    if (isCommit(this.#id.revision)) return this.#id.revision;
    if (!existsSync(this.#reference())) return undefined;
    const commit = readFileSync(this.#reference(), 'utf8').trim();
    return isCommit(commit) ? commit : undefined;
  }

  /** Records the commit that the revision points to, once its files are in the cache. */
  async remember(commit: string): Promise<void> {
    if (this.knownCommit() === commit) return;
    const reference = this.#reference();
    try {
      mkdirSync(dirname(reference), { recursive: true });
      await writeFileAtomically(reference, commit);
    } catch {
      // A cache that has all the files but cannot be written still serves this run.
    }
  }

  /** Puts a blob into a snapshot under its file's name. `isNew`: no other snapshot has it. */
  link(etag: string, commit: string, file: string, isNew: boolean): void {
    const [blob, pointer] = [this.blob(etag), join(this.snapshot(commit), file)];
    mkdirSync(dirname(pointer), { recursive: true });
    if (existsSync(pointer)) return;
    if (this.#symlinks && linkTo(blob, pointer)) return;
    // Without links there is one copy, as in Python: the snapshot gets it, unless another snapshot needs the blob.
    const unfinished = `${blob}.${randomUUID().slice(0, 8)}.incomplete`;
    if (!isNew) copyFileSync(blob, unfinished);
    renameSync(isNew ? blob : unfinished, pointer);
  }

  #reference(): string {
    return join(this.directory, 'refs', ...this.#id.revision.split('/'));
  }
}

/** Whether a link could be made. Windows may forbid them, and some file systems have none. */
function linkTo(blob: string, pointer: string): boolean {
  try {
    rmSync(pointer, { force: true }); // It may be a link to a blob that is gone.
    symlinkSync(relative(dirname(pointer), blob), pointer);
    return true;
  } catch {
    return existsSync(pointer); // Another process may have made it.
  }
}
