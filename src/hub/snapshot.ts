/** Brings what a snapshot lacks of a revision's files: the small ones first, so that one with weights has them all. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runError, usageError } from '../errors.js';
import type { ModelCache } from './cache.js';
import { downloadBlob } from './download.js';
import type { Hub, RemoteFile, Revision } from './hub.js';
import type { HubId } from './id.js';
import { type PatienceOptions, patiently } from './patience.js';
import { type Purpose, selectFiles, weightShards } from './selection.js';

export interface DownloadProgress {
  readonly file: string;
  /** Of all the weights, with what was there before. */
  readonly doneBytes: number;
  /** Undefined where the hub does not say. */
  readonly totalBytes: number | undefined;
}

export interface SnapshotOptions extends PatienceOptions {
  readonly onProgress: (progress: DownloadProgress) => void;
  /** Called once, before the first of any files. */
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

  async complete(purpose: Purpose): Promise<void> {
    const { small, weights } = this.#select(purpose);
    for (const name of this.#missing(small)) await this.#bring(await this.#ask(name), () => undefined);
    if (weights === undefined) return;
    for (const name of this.#missing([weights]).filter((file) => file.endsWith('.json'))) {
      await this.#bring(await this.#ask(name), () => undefined);
    }
    await this.#bringWeights(this.#missing(weightShards(this.directory, weights)));
  }

  /** @throws FatalError where the revision has not what is needed */
  #select(purpose: Purpose): ReturnType<typeof selectFiles> {
    const { files, commit } = this.#revision;
    const selection = selectFiles(files, purpose);
    const lacks = (what: string) =>
      usageError(`${this.#id.text}: expected a repository with ${what}, found none in ${commit.slice(0, 7)}`);
    if (purpose === 'tokenizer') {
      const hasTokenizer = ['tokenizer.json', 'vocab.json'].some((name) => selection.small.includes(name));
      if (!hasTokenizer) throw lacks('a tokenizer (tokenizer.json, or vocab.json and merges.txt)');
    } else {
      if (!files.includes('config.json')) throw lacks('a model (config.json)');
      if (selection.weights === undefined) throw lacks('weights (model.safetensors or pytorch_model.bin)');
    }
    return selection;
  }

  #missing(names: readonly string[]): readonly string[] {
    return names.filter((name) => !existsSync(join(this.directory, name)));
  }

  async #bringWeights(names: readonly string[]): Promise<void> {
    const shards: RemoteFile[] = [];
    for (const name of names) {
      if (!this.#revision.files.includes(name)) {
        throw runError(`${this.#id.text}: its index names ${name}, which the repository does not have`);
      }
      shards.push(await this.#ask(name));
    }
    const sizes = shards.map(({ size }) => size ?? Number.NaN);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    let before = 0;
    for (const shard of shards) {
      await this.#bring(shard, (bytes) =>
        this.#options.onProgress({
          file: shard.name,
          doneBytes: before + bytes,
          totalBytes: Number.isNaN(total) ? undefined : total,
        }),
      );
      before += shard.size ?? 0;
    }
  }

  #ask(name: string): Promise<RemoteFile> {
    if (!this.#started) this.#options.onStart();
    this.#started = true;
    return patiently(() => this.#hub.file(this.#revision.commit, name), this.#options);
  }

  async #bring(file: RemoteFile, onBytes: (bytes: number) => void): Promise<void> {
    const isNew = await downloadBlob(this.#hub, file, this.#cache.blob(file.etag), { ...this.#options, onBytes });
    this.#cache.link(file.etag, file.commit, file.name, isNew);
  }
}
