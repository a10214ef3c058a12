/** Whether the hub answers, and with which token it would be asked. Nothing is downloaded. */
import { FatalError, messageOf } from '../errors.js';
import { optionName } from '../option-name.js';
import { environment as processEnvironment } from '../platform/environment.js';
import { readHubEnvironment, type Variables } from './environment.js';
import { Http } from './http.js';
import { realTiming, type Timing } from './timing.js';
import { readToken } from './token.js';

/** A hub that has not answered by then counts as out of reach. */
const PATIENCE_MS = 5000;

export interface HubReach {
  readonly endpoint: string;
  /** Where downloads are kept. */
  readonly cacheDirectory: string;
  /** Where a token is read; the token itself is never told. null: there is none. */
  readonly tokenSource: string | null;
  /** Why it was not asked; null where it was. */
  readonly offlineBy: string | null;
  /** Why it cannot be reached; null where it answered, or was not asked. */
  readonly problem: string | null;
}

export interface ReachOptions {
  readonly offline: boolean;
  readonly signal: AbortSignal;
  readonly variables?: Variables;
  readonly timing?: Timing;
}

/** @throws FatalError `usage` where a variable of the hub has an invalid value, or the token cannot be read */
export async function reachHub({
  offline,
  signal,
  variables = processEnvironment(),
  timing = realTiming,
}: ReachOptions): Promise<HubReach> {
  const environment = readHubEnvironment(variables);
  const { endpoint, cacheDirectory } = environment;
  const tokenSource = readToken(variables, environment)?.source ?? null;
  const offlineBy = offline ? optionName('offline') : (environment.offlineBy ?? null);
  const known = { endpoint, cacheDirectory, tokenSource, offlineBy };
  if (offlineBy !== null) return { ...known, problem: null };
  // Without the token: that there is an answer is all that is asked.
  const http = new Http({ endpoint, token: undefined, timing, signal });
  try {
    const timeout = { ms: PATIENCE_MS, variable: 'the most that is waited here' };
    const answer = await http.request('HEAD', `${endpoint}/api/models`, { timeout, isEnough: () => true });
    answer.discard();
    return { ...known, problem: answer.status >= 500 ? `it answers with status ${answer.status}` : null };
  } catch (error) {
    if (signal.aborted || error instanceof FatalError) throw error;
    return { ...known, problem: messageOf(error) };
  }
}
