/**
 * Data sets on the double of a hub: branches with their commits, listings in pages, and files that the hub has itself or
 * sends to the storage for. test/examples/check_hub_double.py holds it against the Python libraries.
 */
import type { ServerResponse } from 'node:http';
import { gitHash, type Refusal, type Request, refuse, serve, sha256 } from './hub-answers.js';

export type Files = Readonly<Record<string, string | Uint8Array>>;

export interface DatasetOptions {
  /** Files of each branch, by its name. */
  readonly branches: Readonly<Record<string, Files>>;
  /** Who may list its files may not read them without this token. */
  readonly gatedBy?: string;
  /** Without this token the hub does not show it. */
  readonly token?: string;
  /** Entries on a page of a listing. */
  readonly pageSize?: number;
}

/** Kept as large files, in the storage. */
const isLarge = (path: string): boolean => /\.(parquet|gz|zst)$/.test(path);

export class DatasetDouble {
  /** Of each commit, also of earlier ones. */
  readonly commits = new Map<string, Files>();
  readonly branches = new Map<string, string>();
  readonly #options: DatasetOptions;

  constructor(options: DatasetOptions) {
    this.#options = options;
    for (const [branch, files] of Object.entries(options.branches)) this.push(branch, files);
  }

  /** @returns the branch's new commit */
  push(branch: string, files: Files): string {
    const commit = gitHash(`${branch} ${this.commits.size}`);
    this.commits.set(commit, files);
    this.branches.set(branch, commit);
    return commit;
  }

  commitOf(branch: string): string {
    return this.branches.get(branch) ?? '';
  }

  get contents(): (string | Uint8Array)[] {
    return [...this.commits.values()].flatMap((files) => Object.values(files));
  }

  /** @param parts of the path after the name, and the query */
  answer(request: Request, parts: DatasetParts, hub: { endpoint: string; storage: string }, response: ServerResponse) {
    const commit = this.branches.get(parts.revision) ?? parts.revision;
    const files = this.commits.get(commit);
    const refusal = this.#refusalOf(request, parts, files);
    if (refusal !== undefined || files === undefined) refuse(response, ...(refusal ?? [404, 'RevisionNotFound', '']));
    else if (parts.route === 'revision') this.#describe(commit, parts, response);
    else if (parts.route === 'tree') this.#list(files, parts, hub.endpoint, response);
    else {
      const stored = files[parts.path] ?? '';
      const content = Buffer.from(stored);
      response.setHeader('x-repo-commit', commit);
      if (isLarge(parts.path)) {
        response.setHeader('x-linked-etag', `"${sha256(stored)}"`);
        response.setHeader('x-linked-size', content.length);
        response.writeHead(302, { location: `${hub.storage}/${sha256(stored)}?signature=secret` }).end();
      } else {
        response.setHeader('etag', `"${gitHash(content)}"`);
        serve(request.method, content, request.range, response);
      }
    }
  }

  #refusalOf({ authorization }: Request, { route, path }: DatasetParts, files: Files | undefined): Refusal | undefined {
    const { gatedBy, token } = this.#options;
    if (token !== undefined && authorization !== `Bearer ${token}`)
      return [401, 'RepoNotFound', 'Repository not found'];
    if (files === undefined) return [404, 'RevisionNotFound', 'Invalid rev id'];
    if (route !== 'resolve') return undefined;
    if (gatedBy !== undefined && authorization !== `Bearer ${gatedBy}`) {
      return [authorization ? 403 : 401, 'GatedRepo', 'Access to dataset org/data is restricted.'];
    }
    return path in files ? undefined : [404, 'EntryNotFound', 'Entry not found'];
  }

  #describe(commit: string, { repository, query }: DatasetParts, response: ServerResponse): void {
    const siblings = Object.keys(this.commits.get(commit) ?? {}).map((rfilename) => ({ rfilename }));
    const isBrief = query.get('expand') === 'sha';
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ _id: '6', id: repository, sha: commit, ...(!isBrief && { siblings }) }));
  }

  #list(files: Files, { path, query, address }: DatasetParts, endpoint: string, response: ServerResponse): void {
    const entries = entriesOf(files, path, query.get('recursive')?.toLowerCase() === 'true');
    if (entries.length === 0) {
      refuse(response, 404, 'EntryNotFound', `${path} does not exist`);
      return;
    }
    const start = Number(query.get('cursor') ?? 0);
    const end = start + (this.#options.pageSize ?? 1000);
    if (end < entries.length) {
      const next = new URLSearchParams([...query].filter(([name]) => name !== 'cursor'));
      next.set('cursor', `${end}`);
      response.setHeader('link', `<${endpoint}${address}?${next}>; rel="next"`);
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(entries.slice(start, end)));
  }
}

/** What the address of a request for a data set says. */
export interface DatasetParts {
  readonly repository: string;
  readonly route: 'revision' | 'tree' | 'resolve';
  readonly revision: string;
  /** In the repository. */
  readonly path: string;
  /** As it was sent, without the query. */
  readonly address: string;
  readonly query: URLSearchParams;
}

/** Undefined for what is no address of a data set. */
export function datasetParts({ pathname, searchParams: query }: URL): DatasetParts | undefined {
  // Without a route, what is asked for is a description of the main branch.
  const [, repository, route = 'revision', revision = 'main', path = ''] =
    /^(?:\/api)?\/datasets\/([^/]+\/[^/]+)(?:\/(revision|tree|resolve)\/([^/]+)(?:\/(.*))?)?$/.exec(pathname) ?? [];
  if (repository === undefined) return undefined;
  return {
    repository,
    route: route as DatasetParts['route'],
    revision: decodeURIComponent(revision),
    path: decodeURIComponent(path),
    address: pathname,
    query,
  };
}

/** The files of a folder, and the folders in it; of all folders in it where it is deep. */
function entriesOf(files: Files, folder: string, isDeep: boolean): object[] {
  const start = folder === '' ? '' : `${folder}/`;
  const folders = new Set<string>();
  const listed = Object.entries(files).flatMap(([path, content]): { readonly path: string }[] => {
    if (!path.startsWith(start)) return [];
    const [...above] = path.slice(start.length).split('/').slice(0, -1);
    for (const i of above.keys()) if (isDeep || i === 0) folders.add(start + above.slice(0, i + 1).join('/'));
    if (above.length > 0 && !isDeep) return [];
    const size = Buffer.byteLength(content);
    const lfs = { oid: sha256(content), size, pointerSize: 134 };
    return [{ ...{ type: 'file', oid: gitHash(content), size, path }, ...(isLarge(path) && { lfs }) }];
  });
  const entries = [
    ...[...folders].map((path) => ({ type: 'directory', oid: gitHash(path), size: 0, path })),
    ...listed,
  ];
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}
