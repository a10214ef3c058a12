import type { ResolveOptions } from '../../hub/resolve.js';
import type { Context } from '../context.js';
import { Session, type SessionFlags } from './session.js';

/** Does what may need a download, with its progress; a signal ends it, and the next one goes on from there. */
export async function withDownloads<T>(
  flags: SessionFlags & { readonly offline: boolean },
  context: Context,
  work: (download: ResolveOptions) => Promise<T>,
): Promise<T> {
  const session = new Session(context, flags, { inputs: [] });
  const { onNotice, onDownload = () => undefined, signal } = session.scorerUi;
  try {
    return await work({ offline: flags.offline, signal, onProgress: onDownload, notify: onNotice });
  } finally {
    if (session.received === undefined) session.end();
    else session.dieBySignal(session.received);
  }
}
