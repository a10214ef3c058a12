/** The router: from requests to batches, and back. The only importer of hono. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Context, Hono } from 'hono';
import { FatalError, messageOf } from '../errors.js';
import { checkAccess } from './access.js';
import type { Batches } from './batches.js';
import { type BodyType, bodyTypes, readRows } from './bodies.js';
import { type BodyReader, encodingOf } from './body-reader.js';
import { Scores } from './dialects/scores.js';
import { askedOf, errorForm } from './dialects/tell-apart.js';
import { type Gauges, type Metrics, metricsType } from './metrics.js';
import { modelInfo, modelList } from './model-pages.js';
import { docsPage, openApi } from './openapi.js';
import { busy, ClientGone, Refusal } from './refusal.js';
import { isOpen, isPath, type OwnPath, type Path, paths, routes } from './routes.js';
import type { ServedModel } from './served-model.js';

export interface AppOptions {
  /** Of this program. */
  readonly version: string;
  /** Required of every client, except for health checks; undefined where none is. */
  readonly token: string | undefined;
  readonly bodyReader: BodyReader;
  readonly metrics: Metrics;
  /** Undefined as long as no model is loaded. */
  readonly open: () => OpenModel | undefined;
  readonly isStopping: () => boolean;
  readonly gauges: () => Omit<Gauges, 'ready'>;
  /** How long a client may take to read its answer. */
  readonly clientMs: number;
  /** Called when nothing can be scored any more. */
  readonly onFatal: (error: FatalError) => void;
  /** Called with an error that is a defect of this program. */
  readonly onError: (error: Error) => void;
}

/** A loaded model, and where rows are handed to it. */
interface OpenModel {
  readonly batches: Batches;
  readonly served: ServedModel;
}

interface Environment {
  readonly Bindings: { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse };
}
type RequestContext = Context<Environment>;
type Handler = (c: RequestContext) => Response | Promise<Response>;

/** @returns the function that answers a request */
export function createApp(options: AppOptions): Hono<Environment>['fetch'] {
  const { bodyReader, metrics, token, isStopping } = options;
  const app = new Hono<Environment>();

  app.use(async (c, next) => {
    const { outgoing } = c.env;
    const begun = performance.now();
    const route = isPath(c.req.path) ? c.req.path : 'other';
    let code: number | 'gone' = 'gone';
    let isOver = false;
    let late: NodeJS.Timeout | undefined;
    outgoing.once('finish', () => {
      code = outgoing.statusCode;
    });
    outgoing.once('close', () => {
      isOver = true;
      clearTimeout(late);
      metrics.answered(route, code, (performance.now() - begun) / 1000);
    });
    await next();
    if (isStopping()) c.header('Connection', 'close');
    // A client that does not read holds the answer in memory.
    if (!isOver) late = setTimeout(() => outgoing.destroy(), options.clientMs);
  });
  app.use(async (c, next) => {
    if (!isOpen(c.req.path)) checkAccess(c.env.incoming.headers, token);
    await next();
  });

  const ready: Handler = (c) => {
    openModel(options);
    return c.json({ status: 'ready' });
  };
  const own: Readonly<Record<OwnPath, Handler>> = {
    async '/v1/rewards'(c) {
      const { batches, served } = openModel(options);
      const type = typeOf(c, bodyTypes);
      const rows = readRows(type, await bodyReader.read(c.env.incoming, c.env.outgoing, 429));
      const records = await batches.score(rows.lines, whenGone(c));
      nameModel(c, served);
      return c.body(bytes(rows.answer(records)), 200, { 'Content-Type': rows.contentType });
    },
    '/v1/models': (c) => c.json(modelList(openModel(options).served)),
    '/info': (c) => c.json(modelInfo(openModel(options).served, options.version)),
    '/health': ready,
    '/health/live': (c) => c.json({ status: 'live' }),
    '/health/ready': ready,
    '/metrics'(c) {
      const gauges = { ready: options.open() !== undefined && !isStopping(), ...options.gauges() };
      return c.body(metrics.print(gauges), 200, { 'Content-Type': metricsType });
    },
    '/openapi.json': (c) => c.json(openApi(options.version)),
    '/docs': (c) => c.html(docsPage(options.version)),
  };
  const translate: Handler = async (c) => {
    const { batches, served } = openModel(options);
    typeOf(c, ['application/json']);
    // Clients of other servers try again after 503, and take 429, as any 4xx, for the end.
    const body = await bodyReader.read(c.env.incoming, c.env.outgoing, 503);
    const { dialect, request } = askedOf(c.req.path as Path, body);
    try {
      request.check(dialect.fields);
      const { lines, name, answer } = dialect.read(request, served);
      const results = await batches.results(lines, whenGone(c));
      const said = answer(new Scores(results, name));
      nameModel(c, served);
      return c.json(said);
    } catch (error) {
      if (error instanceof Refusal) return refused(c, error, dialect.error);
      throw error;
    }
  };

  for (const path of paths) {
    const { method } = routes[path];
    app.on(method, path, 'dialects' in routes[path] ? translate : own[path as OwnPath]);
    app.all(path, (c) => {
      const expected = `expected ${method} ${path}, got ${c.req.method}`;
      throw new Refusal(405, expected, { headers: { Allow: method } });
    });
  }
  app.notFound((c) => {
    throw new Refusal(404, `expected one of ${paths.join(', ')}, got ${c.req.path}`);
  });
  app.onError((error, c) => {
    if (error instanceof Refusal) return refused(c, error, errorForm(c.req.path));
    if (error instanceof FatalError) options.onFatal(error);
    else if (!(error instanceof ClientGone)) options.onError(error);
    return c.json({ error: { message: messageOf(error) } }, 500);
  });
  return app.fetch;
}

const refused = (c: RequestContext, refusal: Refusal, form: (refusal: Refusal) => object): Response =>
  c.json(form(refusal), refusal.status, refusal.headers);

/** Not every form has a place for the model's name; where its settings come from stands behind the link. */
function nameModel(c: RequestContext, { id }: ServedModel): void {
  // A header holds no other characters.
  c.header('X-Reward-Score-Model', /^[\x20-\x7e]*$/.test(id) ? id : encodeURIComponent(id));
  c.header('Link', '</v1/models>; rel="describedby"');
}

/** @throws Refusal 503 where nothing can be scored yet, or any more */
function openModel({ open, isStopping }: AppOptions): OpenModel {
  if (isStopping()) throw busy(503, 'the server is ending');
  const model = open();
  if (model === undefined) throw busy(503, 'the model is being loaded');
  return model;
}

/**
 * @throws Refusal 415. A web page of another site cannot send these types without asking first, and it gets no answer.
 */
function typeOf<T extends BodyType>(c: RequestContext, expected: readonly T[]): T {
  const { headers } = c.env.incoming;
  const { 'content-type': given = 'none' } = headers;
  const type = expected.find((one) => one === given.split(';')[0]?.trim().toLowerCase());
  if (type === undefined) throw new Refusal(415, `expected Content-Type ${expected.join(' or ')}, got ${given}`);
  encodingOf(headers);
  return type;
}

/** Aborted when the client has gone away. */
function whenGone({ env: { outgoing } }: RequestContext): AbortSignal {
  const gone = new AbortController();
  outgoing.once('close', () => gone.abort(new ClientGone()));
  return gone.signal;
}

/** The bytes, in the type that hono wants. */
const bytes = (buffer: Buffer): Uint8Array<ArrayBuffer> =>
  new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength);
