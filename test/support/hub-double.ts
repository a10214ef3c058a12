/**
 * A Hugging Face hub on this machine: the routes of the real one that are used, and the storage host that it sends to for
 * large files. A test sees every request, and may answer some of them itself.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';
import { gitHash, type Refusal, type Request, refuse, serve, sha256 } from './hub-answers.js';
import { DatasetDouble, type DatasetOptions, datasetParts } from './hub-datasets.js';

export { gitHash, type Request, refuse, serve, sha256 };

/** Answers the request instead of the hub; false where it leaves that to the hub. */
export type Interception = (request: Request, response: ServerResponse) => boolean;

export interface HubOptions {
  /** Default: org/model. */
  readonly model?: string;
  /** Files of the model, by name. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** Without this token the hub does not show the model. */
  readonly token?: string;
  readonly gated?: boolean;
  /** Its data sets, by their names. */
  readonly datasets?: Readonly<Record<string, DatasetOptions>>;
}

/** Names of revisions that the hub knows besides the commit. */
const branches = new Set(['main', 'v1.0', 'refs/pr/3']);

/** The same answer to whatever is asked. */
export const always =
  (answer: (response: ServerResponse) => unknown): Interception =>
  (_, response) => {
    answer(response);
    return true;
  };

export class HubDouble {
  readonly requests: Request[] = [];
  /** For the tests to set. */
  intercept: Interception = () => false;
  commit = 'c0ffee'.padEnd(40, '0');
  files: Readonly<Record<string, string | Uint8Array>>;
  readonly #options: HubOptions;
  readonly #hub: Server;
  readonly #storage: Server;
  readonly datasets: ReadonlyMap<string, DatasetDouble>;
  endpoint = '';
  /** Another host than the hub's, by name and by port. */
  storage = '';

  private constructor(options: HubOptions) {
    this.#options = options;
    this.files = options.files;
    this.datasets = new Map(
      Object.entries(options.datasets ?? {}).map(([name, dataset]) => [name, new DatasetDouble(dataset)]),
    );
    this.#hub = createServer((request, response) => this.#receive('hub', request, response));
    this.#storage = createServer((request, response) => this.#receive('storage', request, response));
  }

  /** @param atEnd is given what ends it; default: when the tests of the file have ended */
  static async start(options: HubOptions, atEnd: (stop: () => void) => void = after): Promise<HubDouble> {
    const double = new HubDouble(options);
    for (const server of [double.#hub, double.#storage]) await once(server.listen(0, '127.0.0.1'), 'listening');
    double.endpoint = `http://127.0.0.1:${portOf(double.#hub)}`;
    double.storage = `http://localhost:${portOf(double.#storage)}`;
    atEnd(() => double.stop());
    return double;
  }

  stop(): void {
    for (const server of [this.#hub, this.#storage]) {
      server.close();
      server.closeAllConnections();
    }
  }

  /** `GET /org/model/resolve/COMMIT/config.json` and so on, storage hosts with a word before. */
  get asked(): string[] {
    return this.requests.map(({ by, method, path, range }) =>
      [by === 'storage' && 'storage', method, path.replace(this.commit, 'COMMIT'), range].filter(Boolean).join(' '),
    );
  }

  contentOf(name: string): Buffer {
    const content = this.files[name];
    assert.ok(content !== undefined, `the hub has no ${name}`);
    return Buffer.from(content);
  }

  #receive(by: Request['by'], { method = '', url = '', headers }: IncomingMessage, response: ServerResponse): void {
    const { range, authorization } = headers;
    const path = decodeURIComponent(new URL(url, this.endpoint).pathname);
    const request: Request = { by, method, path, range, authorization };
    this.requests.push(request);
    if (this.intercept(request, response)) return;
    const parts = by === 'hub' ? datasetParts(new URL(url, this.endpoint)) : undefined;
    if (parts !== undefined) {
      const dataset = this.datasets.get(parts.repository);
      if (dataset === undefined) refuse(response, 404, 'RepoNotFound', 'Repository not found');
      else dataset.answer(request, parts, this, response);
      return;
    }
    const refusal = by === 'hub' ? this.#refusalOf(request) : this.#storageRefusalOf(request);
    if (refusal !== undefined) refuse(response, ...refusal);
    else if (by === 'hub') this.#answer(request, response);
    else this.#store(request, response);
  }

  #refusalOf({ path, authorization }: Request): Refusal | undefined {
    const { token, gated } = this.#options;
    const { model, revision, name } = partsOf(path);
    if (token !== undefined && authorization !== undefined && authorization !== `Bearer ${token}`) {
      return [401, undefined, 'Invalid credentials in Authorization header'];
    }
    if (gated) return [authorization ? 403 : 401, 'GatedRepo', 'Access to model org/model is restricted.'];
    if (token !== undefined && authorization === undefined) return [401, 'RepoNotFound', 'Repository not found'];
    if (model === 'old-name') return undefined;
    if (model !== (this.#options.model ?? 'org/model')) return [404, 'RepoNotFound', 'Repository not found'];
    if (!branches.has(revision) && revision !== this.commit) return [404, 'RevisionNotFound', 'Invalid rev id'];
    if (name !== undefined && !(name in this.files)) return [404, 'EntryNotFound', 'Entry not found'];
    return undefined;
  }

  #answer({ method, path, range }: Request, response: ServerResponse): void {
    const { model, name } = partsOf(path);
    if (model === 'old-name') {
      response.writeHead(307, { location: path.replace('old-name', 'org/model') }).end();
    } else if (name === undefined) {
      const siblings = Object.keys(this.files).map((rfilename) => ({ rfilename }));
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ id: model, sha: this.commit, siblings }));
    } else {
      const content = this.contentOf(name);
      response.setHeader('x-repo-commit', this.commit);
      if (isLarge(name)) {
        response.setHeader('x-linked-etag', `"${sha256(content)}"`);
        response.setHeader('x-linked-size', content.length);
        response.writeHead(302, { location: `${this.storage}/${sha256(content)}?signature=secret` }).end();
      } else {
        response.setHeader('etag', `"${gitHash(content)}"`);
        serve(method, content, range, response);
      }
    }
  }

  #storageRefusalOf({ path, authorization }: Request): Refusal | undefined {
    if (authorization !== undefined) return [400, undefined, 'Only one auth mechanism allowed'];
    return this.#stored(path) === undefined ? [403, undefined, 'Request has expired'] : undefined;
  }

  #store({ method, path, range }: Request, response: ServerResponse): void {
    response.setHeader('etag', '"of-the-storage-alone"');
    serve(method, this.#stored(path) as Buffer, range, response);
  }

  #stored(path: string): Buffer | undefined {
    const all = [...Object.values(this.files), ...[...this.datasets.values()].flatMap(({ contents }) => contents)];
    const content = all.find((each) => path === `/${sha256(each)}`);
    return content === undefined ? undefined : Buffer.from(content);
  }
}

/** The model, the revision and, of a file's address, its name. */
function partsOf(path: string): { readonly model: string; readonly revision: string; readonly name?: string } {
  const file = /^\/(?<model>.+)\/resolve\/(?<revision>.+)\/(?<name>[^/]+)$/.exec(path);
  const parts = file ?? /^\/api\/models\/(?<model>.+)\/revision\/(?<revision>.+)$/.exec(path);
  return { model: '', revision: '', ...parts?.groups };
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const isLarge = (name: string): boolean => /\.(safetensors|bin)$/.test(name);
