/** The hub's routes: the commit and the files of a revision, a file's metadata, and its bytes. */

import { notAHub, textOf } from './answers.js';
import type { HubEnvironment } from './environment.js';
import type { Answer, Http } from './http.js';
import { type HubId, isCommit, pageOf } from './id.js';
import type { HubLimits } from './limits.js';
import { etagIn, sizeIn } from './metadata.js';
import { refusal } from './refusals.js';
import type { Token } from './token.js';

export interface Revision {
  readonly commit: string;
  readonly files: readonly string[];
}

export interface RemoteFile {
  readonly name: string;
  readonly commit: string;
  /** Names the content: its sha256 (large files), or git's hash of it. */
  readonly etag: string;
  readonly size: number | undefined;
}

export class Hub {
  readonly id: HubId;
  readonly #http: Http;
  readonly #environment: HubEnvironment;
  readonly #token: Token | undefined;
  readonly #limits: HubLimits;

  constructor(id: HubId, http: Http, environment: HubEnvironment, token: Token | undefined, limits: HubLimits) {
    this.id = id;
    this.#http = http;
    this.#environment = environment;
    this.#token = token;
    this.#limits = limits;
  }

  async revision(): Promise<Revision> {
    const { endpoint, etagTimeout: timeout } = this.#environment;
    const { repository, revision } = this.id;
    const address = `${endpoint}/api/models/${repository}/revision/${encodeURIComponent(revision)}`;
    const answer = await this.#http.request('GET', address, { timeout });
    if (answer.status !== 200) throw this.#refusal(answer);
    const parsed = parseRevision(await textOf(answer, this.id, this.#limits));
    if (parsed === undefined) throw notAHub(this.id, answer);
    return parsed;
  }

  async file(commit: string, name: string): Promise<RemoteFile> {
    const answer = await this.#http.request('HEAD', this.#address(commit, name), {
      timeout: this.#environment.etagTimeout,
      // For a large file, the hub's redirect to the storage says more than the storage would.
      isEnough: (headers) => headers.has('x-linked-etag') && headers.has('x-linked-size'),
    });
    const { status, headers } = answer;
    answer.discard();
    if (status >= 400) throw this.#refusal(answer, name);
    const etag = etagIn(headers);
    if (etag === undefined) throw notAHub(this.id, answer);
    return { name, commit, etag, size: sizeIn(headers) };
  }

  /** Requests a file's bytes from an offset on: 206 answers with these, 200 with the whole file, 416 with none. */
  async read({ commit, name }: RemoteFile, offset: number): Promise<Answer> {
    const answer = await this.#http.request('GET', this.#address(commit, name), {
      timeout: this.#environment.downloadTimeout,
      headers: offset > 0 ? { range: `bytes=${offset}-` } : {},
    });
    if ([200, 206, 416].includes(answer.status)) return answer;
    throw this.#refusal(answer, name);
  }

  #address(commit: string, name: string): string {
    return `${this.#environment.endpoint}/${pageOf(this.id)}/resolve/${commit}/${encodeURIComponent(name)}`;
  }

  #refusal(answer: Answer, file?: string): Error {
    answer.discard();
    const { endpoint } = this.#environment;
    return refusal(answer, { id: this.id, endpoint, token: this.#token, ...(file !== undefined && { file }) });
  }
}

function parseRevision(text: string): Revision | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { sha, siblings } = (json ?? {}) as { sha?: unknown; siblings?: unknown };
  if (typeof sha !== 'string' || !isCommit(sha) || !Array.isArray(siblings)) return undefined;
  return { commit: sha, files: siblings.map((sibling: { rfilename?: unknown } | null) => String(sibling?.rfilename)) };
}
