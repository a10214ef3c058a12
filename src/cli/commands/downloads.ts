/** A download as the command line does it: with progress, and with an end that a signal makes and the next run goes on from. */
import type { ResolveOptions } from '../../hub/resolve.js';
import type { Context } from '../context.js';
import type { FlagsOf } from '../flags/flags.js';
import { startDownloadProgress } from '../progress.js';
import { watchSignals } from '../signals.js';

export async function withDownloads<T>(
  { offline, quiet, progress: shown }: Pick<FlagsOf<'model pull'>, 'offline' | 'quiet' | 'progress'>,
  context: Context,
  work: (download: ResolveOptions) => Promise<T>,
): Promise<T> {
  const { log } = context;
  const stop = new AbortController();
  const signals = watchSignals(context, () => stop.abort());
  const progress = startDownloadProgress({ enabled: shown && !quiet, context });
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
    if (signals.received !== undefined) context.dieBy(signals.received);
  }
}
