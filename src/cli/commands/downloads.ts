/** A download as the command line does it: with progress, and with an end that a signal makes and the next run goes on from. */
import type { ResolveOptions } from '../../hub/resolve.js';
import type { CommonFlags } from '../flags/options.js';
import type { Log } from '../log.js';
import { startDownloadProgress } from '../progress.js';
import { dieBy, watchSignals } from '../signals.js';

export async function withDownloads<T>(
  { offline, quiet, progress: shown }: CommonFlags,
  log: Log,
  work: (download: ResolveOptions) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const signals = watchSignals(() => stop.abort());
  const progress = startDownloadProgress({ enabled: shown && !quiet, log });
  try {
    return await work({
      offline,
      signal: stop.signal,
      onProgress: (done) => progress.update(done),
      notify(message) {
        progress.stop(); // a message written beside the bar would be drawn over
        log.note(message);
      },
    });
  } finally {
    progress.stop();
    signals.stop();
    if (signals.received !== undefined) dieBy(signals.received);
  }
}
