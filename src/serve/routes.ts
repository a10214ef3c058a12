/** The one table of routes: the router, the pages about it and the tests read it. */
import type { Dialect } from './dialects/dialect.js';
import { openAiEmbeddings } from './dialects/openai-embeddings.js';
import { openRlhf } from './dialects/openrlhf.js';
import { rerank } from './dialects/rerank.js';
import { sglangClassify } from './dialects/sglang-classify.js';
import { teiPredict } from './dialects/tei-predict.js';
import { teiRerank } from './dialects/tei-rerank.js';
import { vllmClassify } from './dialects/vllm-classify.js';
import { vllmPooling } from './dialects/vllm-pooling.js';
import { vllmScore } from './dialects/vllm-score.js';

/** A route of other servers' clients, in the dialects that it tells apart. */
interface DialectRoute {
  readonly method: 'POST';
  readonly dialects: readonly [Dialect, ...Dialect[]];
}

/** A route of the server's own. */
interface OwnRoute {
  readonly method: 'GET' | 'POST';
  readonly summary: string;
  /** Whether it is answered without the token. */
  readonly isOpen?: boolean;
}

const get = (summary: string): OwnRoute => ({ method: 'GET', summary });
const openGet = (summary: string): OwnRoute => ({ method: 'GET', summary, isOpen: true });
const post = (...dialects: DialectRoute['dialects']): DialectRoute => ({ method: 'POST', dialects });

/** In the order in which they are listed. */
const table = {
  '/v1/rewards': { method: 'POST', summary: 'rows of any kind: the same rows, each with its reward' },
  '/get_reward': post(openRlhf),
  '/classify': post(vllmClassify, sglangClassify),
  '/v1/classify': post(vllmClassify, sglangClassify),
  '/pooling': post(vllmPooling),
  '/score': post(vllmScore),
  '/v1/score': post(vllmScore),
  '/rerank': post(rerank, teiRerank),
  '/v1/rerank': post(rerank),
  '/v2/rerank': post(rerank),
  '/predict': post(teiPredict),
  '/v1/embeddings': post(openAiEmbeddings),
  '/v1/models': get("the model, and each of its settings with what it comes from, in the form of OpenAI's list"),
  '/info': get("the model, in TEI's form, with its settings"),
  '/health': openGet('200 while rows can be scored, else 503'),
  '/health/live': openGet('200 as soon as the server listens'),
  '/health/ready': openGet('200 while rows can be scored, else 503'),
  '/metrics': get('counts, for Prometheus'),
  '/openapi.json': get('these routes as OpenAPI'),
  '/docs': get('these routes as a page'),
} as const satisfies Readonly<Record<string, DialectRoute | OwnRoute>>;

export type Path = keyof typeof table;
export const routes: Readonly<Record<Path, DialectRoute | OwnRoute>> = table;

/** The paths of the server's own routes. */
export type OwnPath = { [P in Path]: (typeof table)[P] extends OwnRoute ? P : never }[Path];

export const paths = Object.keys(table) as readonly Path[];

export const isPath = (path: string): path is Path => Object.hasOwn(table, path);

/** Whether a path is answered without the token. */
export function isOpen(path: string): boolean {
  const route = isPath(path) ? routes[path] : undefined;
  return route !== undefined && !('dialects' in route) && route.isOpen === true;
}

/** What is asked for and answered, a line for each dialect of the path. */
export function summariesOf(path: Path): { readonly server?: string; readonly summary: string }[] {
  const route = routes[path];
  return 'dialects' in route ? route.dialects.map(({ server, summary }) => ({ server, summary })) : [route];
}
