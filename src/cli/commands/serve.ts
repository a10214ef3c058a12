/** `serve`: from flags to a server, and from a signal to its end. */

import { type FatalError, messageOf, usageError } from '../../errors.js';
import { countParameters } from '../../model/architectures/network.js';
import { type FormatSettings, resultLines } from '../../rows/formats/index.js';
import { LARGEST_ROW_BYTES } from '../../rows/records.js';
import { windowSizeFor } from '../../run/windows.js';
import { loadPool, preparePool, resolveEngine } from '../../scorer/engine.js';
import type { WorkerPool } from '../../scorer/pool.js';
import { isLoopback } from '../../serve/access.js';
import { createApp } from '../../serve/app.js';
import { Batches } from '../../serve/batches.js';
import { listen } from '../../serve/listen.js';
import { Metrics } from '../../serve/metrics.js';
import { Reception } from '../../serve/reception.js';
import type { ServeFlags } from '../flags/serve-command.js';
import { createLog } from '../log.js';
import { oneLine } from '../one-line.js';
import { dieBy, watchSignals } from '../signals.js';
import { withDownloads } from './downloads.js';
import { namedFields } from './plan.js';

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
      onScored: (stats) => metrics.scored(stats),
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
