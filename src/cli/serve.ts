/** `serve`: from flags to a server, and from a signal to its end. */
import { loadPool, preparePool, resolveEngine } from '../engine.js';
import { type FatalError, messageOf, usageError } from '../errors.js';
import { countParameters } from '../model/network.js';
import { windowSizeFor } from '../pipeline/windows.js';
import { type FormatSettings, resultLines } from '../rows/formats.js';
import { LARGEST_ROW_BYTES } from '../rows/records.js';
import { isLoopback } from '../server/access.js';
import { createApp } from '../server/app.js';
import { Batches } from '../server/batches.js';
import { listen } from '../server/listen.js';
import { Metrics } from '../server/metrics.js';
import { Reception } from '../server/reception.js';
import { createLog } from '../ui/log.js';
import type { WorkerPool } from '../worker/pool.js';
import { withDownloads } from './downloads.js';
import { oneLine } from './one-line.js';
import { namedFields } from './plan.js';
import type { ServeFlags } from './serve-command.js';
import { dieBy, watchSignals } from './signals.js';

export async function serve(flags: ServeFlags): Promise<void> {
  const { host, port, token, rewardField, strict } = flags;
  if (token === undefined && !isLoopback(host)) {
    throw usageError(
      `expected a token with --host ${host}, which other machines reach: set REWARD_SCORE_TOKEN (or --token)`,
    );
  }
  const log = createLog(flags.quiet);
  const engine = await withDownloads(flags, log, (download) => resolveEngine(flags, download));
  const [warning] = engine.warnings;
  if (strict && warning !== undefined) throw usageError(`${warning} (--strict)`);
  for (const each of engine.warnings) log.note(each);

  let end: (error?: FatalError) => void = () => undefined;
  const ended = new Promise<FatalError | undefined>((resolve) => {
    end = resolve;
  });
  let stopping = false;
  const clientMs = flags.clientTimeout * 1000;
  const reception = new Reception({ bodyBytes: flags.maxBodyBytes, queueBytes: flags.maxQueueBytes, clientMs });
  const metrics = new Metrics();
  let pool: WorkerPool | undefined;
  let batches: Batches | undefined;
  const app = createApp({
    token,
    rewardField,
    reception,
    metrics,
    clientMs,
    batches: () => batches,
    isStopping: () => stopping,
    gauges: () => ({
      workers: engine.workers,
      restarts: pool?.restarts ?? 0,
      waitingRows: batches?.waitingRows ?? 0,
      windowsInWork: batches?.windowsInWork ?? 0,
      heldBytes: reception.heldBytes,
    }),
    onFatal: end,
    onError: (error) => log.error(`unexpected error: ${oneLine(messageOf(error))}`),
  });
  const listener = await listen(app, { host, port, clientMs });
  const listening = `listening on ${listener.url}`;
  // Which port was found is nowhere else to be seen.
  if (port === 0) log.error(listening);
  else log.note(listening);
  const stop = (): Promise<void> => {
    stopping = true;
    return listener.stop();
  };
  const signals = watchSignals((signal) => {
    void stop();
    log.error(`${signal}: answering the requests in hand; once more to end at once`);
    end();
  });

  let failure: unknown;
  try {
    pool = await preparePool(engine, { useCache: flags.cache, strict, onNotice: (notice) => log.note(notice) });
    const loaded = pool;
    await loadPool(loaded, engine, { format: formatOf(flags), maxRowBytes: LARGEST_ROW_BYTES });
    batches = new Batches({
      windowSize: windowSizeFor(countParameters(engine.checkpoint.network)),
      workers: engine.workers,
      scoreWindow: (window) => loaded.score(window),
      onScored: (account) => metrics.scored(account),
    });
    log.note(`ready: ${engine.workers === 1 ? '1 worker' : `${engine.workers} workers`}`);
    failure = await ended;
  } catch (error) {
    failure = error;
  }
  await stop();
  await pool?.release();
  signals.stop();
  if (signals.received !== undefined) return dieBy(signals.received);
  throw failure;
}

/** Rows with their rewards, as score writes them. */
const formatOf = (flags: ServeFlags): FormatSettings => ({
  ...resultLines(flags.rewardField),
  to: 'jsonl',
  details: flags.details,
  fields: namedFields(flags, false),
});
