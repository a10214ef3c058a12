import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** `REWARD_SCORE_CACHE`, else `$XDG_CACHE_HOME/reward-score`, else `~/.cache/reward-score`. */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.REWARD_SCORE_CACHE) return environment.REWARD_SCORE_CACHE;
  const xdg = environment.XDG_CACHE_HOME;
  // The XDG specification says that relative paths are ignored.
  return join(xdg && isAbsolute(xdg) ? xdg : join(homedir(), '.cache'), 'reward-score');
}
