/**
 * Downloads the files that a snapshot lacks: the small ones first, so that a snapshot with the large files has them
 * all.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runError, usageError } from '../errors.js';
import type { ModelCache } from './cache.js';
import { downloadBlob } from './download.js';
import type { Hub, RemoteFile, Revision } from './hub.js';
import type { HubId } from './id.js';
import type { HubLimits } from './limits.js';
import { type RetryOptions, withRetries } from './retries.js';
import type { WantedFiles } from './wanted-files.js';

export interface DownloadProgress {
  readonly file: string;
  /** Bytes of all the large files that are there, with those that were there before. */
  readonly doneBytes: number;
  /** Bytes of all the large files; undefined where the hub does not say. */
  readonly totalBytes: number | undefined;
}

export interface SnapshotOptions extends RetryOptions {
  readonly limits: HubLimits;
  readonly onProgress: (progress: DownloadProgress) => void;
  /** Called once, before the first file is downloaded. */
  readonly onStart: () => void;
}

export class Snapshot {
  readonly directory: string;
  readonly #id: HubId;
  readonly #hub: Hub;
  readonly #cache: ModelCache;
  readonly #revision: Revision;
  readonly #options: SnapshotOptions;
  #started = false;

  constructor(id: HubId, hub: Hub, cache: ModelCache, revision: Revision, options: SnapshotOptions) {
    this.directory = cache.snapshot(revision.commit);
    this.#id = id;
    this.#hub = hub;
    this.#cache = cache;
    this.#revision = revision;
    this.#options = options;
  }

  /** @throws FatalError where the revision does not have the wanted files, or they cannot be downloaded */
  async complete(wanted: WantedFiles): Promise<void> {
    const { files, commit } = this.#revision;
    const missing = wanted.missingFromRepository(files);
    if (missing !== undefined) {
      throw usageError(`${this.#id.text}: expected a repository with ${missing}, found none in ${commit.slice(0, 7)}`);
    }
    const maxBytes = this.#options.limits.smallFileBytes;
    for (const name of this.#missing(wanted.smallFiles(files))) {
      await this.#bring(await this.#ask(name), maxBytes, () => undefined);
    }
    await this.#bringLarge(this.#missing(wanted.largeFiles(files, this.directory)));
  }

  #missing(names: readonly string[]): readonly string[] {
    return names.filter((name) => !existsSync(join(this.directory, name)));
  }

  async #bringLarge(names: readonly string[]): Promise<void> {
    const files: RemoteFile[] = [];
    for (const name of names) {
      if (!this.#revision.files.includes(name)) {
        throw runError(`${this.#id.text}: its index names ${name}, which the repository does not have`);
      }
      files.push(await this.#ask(name));
    }
    const sizes = files.map(({ size }) => size ?? Number.NaN);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    let before = 0;
    for (const file of files) {
      await this.#bring(file, Number.POSITIVE_INFINITY, (bytes) =>
        this.#options.onProgress({
          file: file.name,
          doneBytes: before + bytes,
          totalBytes: Number.isNaN(total) ? undefined : total,
        }),
      );
      before += file.size ?? 0;
    }
  }

  #ask(name: string): Promise<RemoteFile> {
    if (!this.#started) this.#options.onStart();
    this.#started = true;
    return withRetries(() => this.#hub.file(this.#revision.commit, name), this.#options);
  }

  async #bring(file: RemoteFile, maxBytes: number, onBytes: (bytes: number) => void): Promise<void> {
    const isNew = await downloadBlob(this.#hub, file, this.#cache.blob(file.etag), {
      ...this.#options,
      maxBytes,
      onBytes,
    });
    this.#cache.link(file.etag, file.commit, file.name, isNew);
  }
}
