/** The routes: from requests to batches, and back. The only importer of hono. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Context, Hono } from 'hono';
import { FatalError, messageOf } from '../errors.js';
import { checkAccess } from './access.js';
import type { Batches } from './batches.js';
import { type BodyType, bodyTypes, readRows } from './bodies.js';
import type { BodyReader, ReceivedBody } from './body-reader.js';
import { type Gauges, type Metrics, metricsType } from './metrics.js';
import { readQueries, rewardsOf } from './openrlhf.js';
import { busy, ClientGone, Refusal } from './refusal.js';

export interface AppOptions {
  /** Required of every client, except for health checks; undefined where none is. */
  readonly token: string | undefined;
  readonly rewardField: string;
  readonly bodyReader: BodyReader;
  readonly metrics: Metrics;
  /** Undefined as long as no model is loaded. */
  readonly batches: () => Batches | undefined;
  /** What is told of the model, as JSON; undefined as long as none is loaded. */
  readonly model: () => ServedModel | undefined;
  readonly isStopping: () => boolean;
  readonly gauges: () => Omit<Gauges, 'ready'>;
  /** How long a client may take to read its answer. */
  readonly clientMs: number;
  /** Called when nothing can be scored any more. */
  readonly onFatal: (error: FatalError) => void;
  /** Called with an error that is a defect of this program. */
  readonly onError: (error: Error) => void;
}

/** The model, and how it reads texts. */
interface ServedModel {
  readonly id: string;
  readonly settings: object;
}

interface Environment {
  readonly Bindings: { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse };
}
type RequestContext = Context<Environment>;

const routes = {
  '/v1/rewards': 'POST',
  '/get_reward': 'POST',
  '/v1/models': 'GET',
  '/health/live': 'GET',
  '/health/ready': 'GET',
  '/metrics': 'GET',
} as const;

const isHealth = (path: string): boolean => path.startsWith('/health/');

/** @returns the function that answers a request */
export function createApp(options: AppOptions): Hono<Environment>['fetch'] {
  const { bodyReader, metrics, rewardField, token, isStopping } = options;
  const app = new Hono<Environment>();

  app.use(async (c, next) => {
    const { outgoing } = c.env;
    const begun = performance.now();
    const route = Object.hasOwn(routes, c.req.path) ? c.req.path : 'other';
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
    if (!isHealth(c.req.path)) checkAccess(c.env.incoming.headers, token);
    await next();
  });

  app.get('/health/live', (c) => c.json({ status: 'live' }));
  app.get('/health/ready', (c) => {
    openBatches(options);
    return c.json({ status: 'ready' });
  });
  app.get('/metrics', (c) => {
    const gauges = { ready: options.batches() !== undefined && !isStopping(), ...options.gauges() };
    return c.body(metrics.print(gauges), 200, { 'Content-Type': metricsType });
  });
  app.get('/v1/models', (c) => {
    openBatches(options);
    const model = options.model();
    // The list of OpenAI's API, which clients ask for to see whether a server lives.
    const data = model === undefined ? [] : [{ object: 'model', owned_by: 'reward-score', ...model }];
    return c.json({ object: 'list', data });
  });
  app.post('/v1/rewards', async (c) => {
    const batches = openBatches(options);
    const type = typeOf(c, bodyTypes);
    const rows = readRows(type, await receive(c, bodyReader));
    const records = await batches.score(rows.lines, whenGone(c));
    return c.body(bytes(rows.answer(records)), 200, { 'Content-Type': rows.contentType });
  });
  app.post('/get_reward', async (c) => {
    const batches = openBatches(options);
    typeOf(c, ['application/json']);
    const queries = readQueries(await receive(c, bodyReader));
    const rewards = rewardsOf(await batches.score(queries, whenGone(c)), rewardField);
    return c.json({ rewards, scores: rewards, extra_logs: {} });
  });

  for (const [path, method] of Object.entries(routes)) {
    app.all(path, (c) => {
      const expected = `expected ${method} ${path}, got ${c.req.method}`;
      throw new Refusal(405, expected, { headers: { Allow: method } });
    });
  }
  app.notFound((c) => {
    throw new Refusal(404, `expected one of ${Object.keys(routes).join(', ')}, got ${c.req.path}`);
  });
  app.onError((error, c) => {
    if (error instanceof Refusal) {
      const { status, message, details, headers } = error;
      return c.json({ error: { message, ...details } }, status, headers);
    }
    if (error instanceof FatalError) options.onFatal(error);
    else if (!(error instanceof ClientGone)) options.onError(error);
    return c.json({ error: { message: messageOf(error) } }, 500);
  });
  return app.fetch;
}

/** @throws Refusal 503 where nothing can be scored yet, or any more */
function openBatches({ batches, isStopping }: AppOptions): Batches {
  if (isStopping()) throw busy(503, 'the server is ending');
  const open = batches();
  if (open === undefined) throw busy(503, 'the model is being loaded');
  return open;
}

/**
 * @throws Refusal 415. A web page of another site cannot send these types without asking first, and it gets no answer.
 */
function typeOf<T extends BodyType>(c: RequestContext, expected: readonly T[]): T {
  const { 'content-type': given = 'none', 'content-encoding': encoding } = c.env.incoming.headers;
  const type = expected.find((one) => one === given.split(';')[0]?.trim().toLowerCase());
  if (type === undefined) throw new Refusal(415, `expected Content-Type ${expected.join(' or ')}, got ${given}`);
  if (encoding === undefined || encoding === 'identity') return type;
  throw new Refusal(415, `expected a body without Content-Encoding, got ${encoding}`);
}

const receive = ({ env }: RequestContext, bodyReader: BodyReader): Promise<ReceivedBody> =>
  bodyReader.read(env.incoming, env.outgoing);

/** Aborted when the client has gone away. */
function whenGone({ env: { outgoing } }: RequestContext): AbortSignal {
  const gone = new AbortController();
  outgoing.once('close', () => gone.abort(new ClientGone()));
  return gone.signal;
}

/** The bytes, in the type that hono wants. */
const bytes = (buffer: Buffer): Uint8Array<ArrayBuffer> =>
  new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength);
