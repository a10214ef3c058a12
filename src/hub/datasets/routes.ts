/**
 * The hub's routes for data sets: the commit of a revision, the files of a folder, one file, and a part of its bytes.
 *
 * Source: hf_api.py and hf_file_system.py of huggingface_hub 2.4.0
 */
import { type FatalError, runError, usageError } from '../../errors.js';
import { notAHub, textOf } from '../answers.js';
import type { HubEnvironment } from '../environment.js';
import type { Answer, Http } from '../http.js';
import { type HubId, isCommit, pageOf } from '../id.js';
import type { HubLimits } from '../limits.js';
import { etagIn, sizeIn } from '../metadata.js';
import { refusal } from '../refusals.js';
import type { Token } from '../token.js';
import { addressOf } from './address.js';

/** A file of a commit. */
export interface ListedFile {
  /** In the repository. */
  readonly path: string;
  readonly size: number;
  /** Its sha256 where the hub keeps it as a large file, else git's hash of it. */
  readonly etag: string;
}

/** A page of a listing has a thousand files. */
const MOST_PAGES = 2000;

export class DatasetHub {
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

  /** The commit that the revision points to now. */
  async commit(): Promise<string> {
    const revision = encodeURIComponent(this.id.revision);
    // Without this query the answer lists every file of the repository.
    const answer = await this.#get(`${this.#api}/revision/${revision}?expand=sha`);
    const { sha } = (await this.#json(answer)) as { readonly sha?: unknown };
    if (typeof sha !== 'string' || !isCommit(sha)) throw notAHub(this.id, answer);
    return sha;
  }

  /**
   * The files of a folder; none where there is no such folder.
   *
   * @param folder '' for all of the repository
   * @param isDeep whether those of its folders are listed too
   */
  async list(commit: string, folder: string, isDeep: boolean): Promise<readonly ListedFile[]> {
    const files: ListedFile[] = [];
    const path = folder === '' ? '' : `/${encodePath(folder)}`;
    const first = `${this.#api}/tree/${commit}${path}?recursive=${isDeep}&expand=false`;
    let address: string | undefined = first;
    for (let pages = 0; address !== undefined; pages++) {
      if (pages === MOST_PAGES) {
        throw runError(`${this.id.text}: expected a listing of at most ${MOST_PAGES} pages, got more; name a folder`);
      }
      const answer: Answer = await this.#request('GET', address);
      if (answer.headers.get('x-error-code') === 'EntryNotFound') {
        answer.discard();
        return [];
      }
      if (answer.status !== 200) throw this.#refusal(answer);
      const page = await this.#json(answer);
      if (!Array.isArray(page)) throw notAHub(this.id, answer);
      for (const entry of page) {
        const file = fileOf(entry);
        if (file === 'invalid') throw notAHub(this.id, answer);
        if (file !== 'folder') files.push(file);
      }
      address = nextPage(answer.headers, address);
    }
    return files;
  }

  /** @throws FatalError `usage` where the commit has no such file */
  async file(commit: string, path: string): Promise<ListedFile> {
    const answer = await this.#http.request('HEAD', this.#address(commit, path), {
      timeout: this.#environment.etagTimeout,
      isEnough: (headers) => headers.has('x-linked-etag') && headers.has('x-linked-size'),
    });
    answer.discard();
    const { status, headers } = answer;
    if (headers.get('x-error-code') === 'EntryNotFound') {
      throw usageError(
        `${this.id.text}: found no file ${path} in commit ${commit.slice(0, 7)}; of a folder, name the files: ${path}/*`,
      );
    }
    if (status >= 400) throw this.#refusal(answer, path);
    const [etag, size] = [etagIn(headers), sizeIn(headers)];
    if (etag === undefined || size === undefined) throw notAHub(this.id, answer);
    return { path, size, etag };
  }

  /**
   * Requests the bytes of a file from `start` up to, and without, `end`.
   *
   * @throws FatalError `run` where the answer is of another file, or is not that part of it
   */
  async range(commit: string, file: ListedFile, start: number, end: number): Promise<Answer> {
    const changed = (expected: string | number, got: string | number, host: string): FatalError =>
      runError(
        `${addressOf(this.id, commit, file.path)}: expected ${expected}, as the hub said at first, got ${got} from ${host}: ` +
          'the file has changed; start anew',
      );
    const compare = (headers: Headers, host: string): void => {
      const [etag, size] = [etagIn(headers), sizeIn(headers)];
      if (etag !== undefined && isHash(etag) && etag !== file.etag) throw changed(file.etag, etag, host);
      if (headers.has('x-linked-size') && size !== file.size) throw changed(`${file.size} bytes`, `${size}`, host);
    };
    const answer = await this.#http.request('GET', this.#address(commit, file.path), {
      timeout: this.#environment.downloadTimeout,
      headers: { range: `bytes=${start}-${end - 1}` },
      isEnough: (headers) => {
        compare(headers, 'the hub');
        return false;
      },
    });
    const { status, headers, host, fromHub } = answer;
    try {
      if (status === 416) throw changed(`${file.size} bytes`, 'fewer', host);
      if (status !== 200 && status !== 206) throw this.#refusal(answer, file.path);
      if (fromHub) compare(headers, host);
      const [, from, to, whole] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers.get('content-range') ?? '') ?? [];
      if (status === 206 && whole !== undefined && whole !== '*' && Number(whole) !== file.size) {
        throw changed(`${file.size} bytes`, whole, host);
      }
      const isWhole = status === 200 && start === 0 && end === file.size;
      if (!isWhole && (status === 200 || Number(from) !== start || Number(to) !== end - 1)) {
        throw runError(
          `${addressOf(this.id, commit, file.path)}: expected bytes ${start} to ${end - 1} from ${host}, got ` +
            `${status === 200 ? 'the whole file' : 'others'}: it does not send parts of files; download it, and name the copy`,
        );
      }
    } catch (error) {
      answer.discard();
      throw error;
    }
    return answer;
  }

  get #api(): string {
    return `${this.#environment.endpoint}/api/datasets/${this.id.repository}`;
  }

  #address(commit: string, path: string): string {
    return `${this.#environment.endpoint}/${pageOf(this.id)}/resolve/${commit}/${encodePath(path)}`;
  }

  #request(method: 'GET' | 'HEAD', address: string): Promise<Answer> {
    return this.#http.request(method, address, { timeout: this.#environment.etagTimeout });
  }

  async #get(address: string): Promise<Answer> {
    const answer = await this.#request('GET', address);
    if (answer.status !== 200) throw this.#refusal(answer);
    return answer;
  }

  async #json(answer: Answer): Promise<unknown> {
    try {
      return JSON.parse(await textOf(answer, this.id, this.#limits)) ?? {};
    } catch (error) {
      if (error instanceof SyntaxError) throw notAHub(this.id, answer);
      throw error;
    }
  }

  #refusal(answer: Answer, file?: string): Error {
    answer.discard();
    const { endpoint } = this.#environment;
    return refusal(answer, { id: this.id, endpoint, token: this.#token, ...(file !== undefined && { file }) });
  }
}

const encodePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

/** The storage's own etags are of other forms. */
const isHash = (etag: string): boolean => /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(etag);

function fileOf(entry: unknown): ListedFile | 'folder' | 'invalid' {
  const { type, path, size, oid, lfs } = (entry ?? {}) as Record<string, unknown>;
  if (type === 'directory') return 'folder';
  const { oid: sha256 } = (lfs ?? {}) as { readonly oid?: unknown };
  const etag = sha256 ?? oid;
  if (type !== 'file' || typeof path !== 'string' || typeof etag !== 'string') return 'invalid';
  return Number.isSafeInteger(size) ? { path, size: size as number, etag } : 'invalid';
}

/** `Link: <https://…?cursor=…>; rel="next"` */
function nextPage(headers: Headers, address: string): string | undefined {
  const next = /<([^>]+)>\s*;\s*rel="next"/.exec(headers.get('link') ?? '')?.[1];
  return next !== undefined && URL.canParse(next, address) ? new URL(next, address).href : undefined;
}
