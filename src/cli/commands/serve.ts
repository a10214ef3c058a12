/** `serve`: from flags to a server, and from a signal to its end. */
import { type FatalError, messageOf, usageError } from '../../errors.js';
import { jsonlSettings } from '../../rows/formats/index.js';
import { LARGEST_ROW_BYTES } from '../../rows/records.js';
import { type ModelScorer, openScorer } from '../../scorer/open.js';
import type { WindowTask } from '../../scorer/protocol.js';
import { isLoopback } from '../../serve/access.js';
import { createApp } from '../../serve/app.js';
import { Batches } from '../../serve/batches.js';
import { BodyReader } from '../../serve/body-reader.js';
import { type Listener, listen } from '../../serve/listen.js';
import { Metrics } from '../../serve/metrics.js';
import type { ServedModel } from '../../serve/served-model.js';
import type { Context } from '../context.js';
import type { ServeFlags } from '../flags/flags.js';
import { oneLine } from '../one-line.js';
import { namedFields } from './plan.js';
import { requestOf } from './request.js';
import { Session } from './session.js';

export async function serve(flags: ServeFlags, context: Context): Promise<number> {
  const { host, port, token } = flags;
  const { log } = context;
  if (token === undefined && !isLoopback(host)) {
    throw usageError(
      `expected a token with --host ${host}, which other machines reach: set REWARD_SCORE_TOKEN (or --token)`,
    );
  }
  let end: (error?: FatalError) => void = () => undefined;
  const ended = new Promise<FatalError | undefined>((resolve) => {
    end = resolve;
  });
  const clientMs = flags.clientTimeout * 1000;
  const bodyReader = new BodyReader({ bodyBytes: flags.maxBodyBytes, queueBytes: flags.maxQueueBytes, clientMs });
  const metrics = new Metrics();
  let stopping = false;
  let scorer: ModelScorer | undefined;
  let batches: Batches | undefined;
  const app = createApp({
    version: context.version,
    token,
    bodyReader,
    metrics,
    clientMs,
    open: () => scorer && batches && { batches, served: servedModel(scorer, namedFields(flags)) },
    isStopping: () => stopping,
    gauges: () => ({
      workers: scorer?.workers ?? 0,
      restarts: scorer?.restarts ?? 0,
      waitingRows: batches?.waitingRows ?? 0,
      windowsInWork: batches?.windowsInWork ?? 0,
      heldBytes: bodyReader.heldBytes,
    }),
    onFatal: end,
    onError: (error) => log.error(`unexpected error: ${oneLine(messageOf(error))}`),
  });
  const session = new Session(context, flags, { inputs: [], onSignal: 'answering the requests in hand' });
  let listener: Listener | undefined;
  const stop = async (): Promise<void> => {
    stopping = true;
    await listener?.stop();
  };
  session.signal.addEventListener('abort', () => {
    void stop();
    end();
  });

  let failure: unknown;
  try {
    scorer = await openScorer(requestOf(flags), {
      ...session.scorerUi,
      dateNeededBy: 'serve',
      labelNeededBy: 'serve',
      // While the model is prepared, whoever looks after the server sees that it lives.
      async onResolved() {
        listener = await listen(app, { host, port, clientMs });
        // Which port was found is nowhere else to be seen.
        log[port === 0 ? 'error' : 'note'](`listening on ${listener.url}`);
      },
    });
    await scorer.load(taskOf(flags), Number.POSITIVE_INFINITY);
    const { workers } = scorer;
    const loaded = scorer;
    batches = new Batches({
      windowSize: scorer.windowSize,
      workers,
      scoreWindow: (window) => loaded.score(window),
      onScored: (stats) => metrics.scored(stats),
    });
    log.note(`ready: ${workers === 1 ? '1 worker' : `${workers} workers`}`);
    failure = await ended;
  } catch (error) {
    failure = error;
  }
  await stop();
  await scorer?.close();
  if (session.received !== undefined) return session.dieBySignal(session.received);
  session.end();
  throw failure;
}

/** What is told of the model to clients. */
function servedModel(
  { identity: { model, scoring }, settings, classifier }: ModelScorer,
  fields: ServedModel['fields'],
): ServedModel {
  const { name, revision, architecture, precision } = model;
  const { activation } = scoring;
  return { id: name, revision, architecture, precision, settings, fields, activation, ...classifier };
}

/** Rows with their rewards, as score writes them. */
const taskOf = (flags: ServeFlags): WindowTask => ({
  format: { ...jsonlSettings(flags.rewardField), details: flags.details, fields: namedFields(flags) },
  answer: { kind: 'records', results: true },
  maxRowBytes: LARGEST_ROW_BYTES,
  dryRun: false,
  strict: flags.strict,
});
