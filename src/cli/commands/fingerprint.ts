/** Everything that decides an output's bytes besides its rows: compared when a run goes on, and when shards are merged. */
import { resolve } from 'node:path';
import { optionName } from '../../option-name.js';
import type { Fingerprint, ScorerIdentity } from '../../scorer/identity.js';
import type { WindowTask } from '../../scorer/protocol.js';
import { requestOptions } from '../../scorer/request.js';
import type { WindowSize } from '../../scorer/window-size.js';
import { decidingFlags } from '../flags/deciding.js';
import type { ScoreOrBestFlags } from './plan.js';

export interface FingerprintFacts {
  readonly version: string;
  readonly identity: ScorerIdentity;
  readonly task: WindowTask;
  readonly windowSize: WindowSize;
}

/** @param flags as they apply: with what the inputs' names put in the place of flags that were not given */
export function fingerprintOf(flags: ScoreOrBestFlags, facts: FingerprintFacts): Fingerprint {
  const { version, identity, task, windowSize } = facts;
  const { from, to, delimiter, header } = task.format;
  const applied = { ...flags, from, to, delimiter };
  return {
    'reward-score': version,
    ...Object.fromEntries(
      Object.entries(identity.fingerprint).map(([name, value]) => [
        requestOptions.some((option) => option === name) ? optionName(name) : name,
        value,
      ]),
    ),
    ...(flags.best === undefined
      ? { command: 'score', ...decidingFlags('score', applied, 'output') }
      : { command: 'best', ...decidingFlags('best', { ...applied, ...flags.best, to: to as 'jsonl' }, 'output') }),
    // Two lists of one name in two places are two lists.
    '--errors': flags.errors === undefined ? null : resolve(flags.errors),
    'the header': header?.text ?? null,
    'the window': `${windowSize.bytes} bytes, ${windowSize.rows} rows`,
  };
}
