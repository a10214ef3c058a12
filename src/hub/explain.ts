/** Explains to the user what ended a download, and what to do about it. */

import { runError } from '../errors.js';
import { optionName } from '../option-name.js';
import type { HubEnvironment, Variables } from './environment.js';
import type { HubId } from './id.js';
import { proxyHint, TransferError } from './transfer-error.js';

/** Errors that come neither from the network nor from the disk stay as they are. */
export function explain(error: unknown, { text }: HubId, { cacheDirectory }: HubEnvironment, variables: Variables) {
  if (error instanceof TransferError) {
    const advice = error.unreachable
      ? `; without a network, ${optionName('offline')} uses models that were downloaded before${proxyHint(variables)}`
      : '; what has arrived is kept: run it again to go on';
    return runError(`${text}: ${error.message}${advice}`, { cause: error });
  }
  if (!(error instanceof Error) || typeof (error as NodeJS.ErrnoException).syscall !== 'string') return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const advice = 'or name another place with HF_HUB_CACHE';
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return runError(`${text}: the disk of ${cacheDirectory} is full (${code}); make room, ${advice}`, { cause: error });
  }
  return runError(`${text}: the cache ${cacheDirectory} cannot be used (${message}); see to it, ${advice}`, {
    cause: error,
  });
}
