/** Everything that decides an output's bytes besides its rows: compared when a run goes on, and when shards are merged. */
import { optionName } from '../../option-name.js';
import type { Fingerprint, ScorerIdentity } from '../../scorer/identity.js';
import type { WindowTask } from '../../scorer/protocol.js';
import type { WindowSize } from '../../scorer/window-size.js';
import { decidingFlags } from '../flags/deciding.js';
import { flagsOf } from '../flags/flags.js';
import type { ScoreOrBestFlags } from './plan.js';

export interface FingerprintFacts {
  readonly version: string;
  /** Undefined where the rewards are those that rows carry. */
  readonly identity: ScorerIdentity | undefined;
  readonly task: WindowTask;
  readonly windowSize: WindowSize;
}

/** What decides a reward besides its row, whichever command scores. */
export const rewardFingerprint = (version: string, identity: ScorerIdentity | undefined): Fingerprint => ({
  'reward-score': version,
  ...identity?.fingerprint,
});

/** The day that a run's template printed; undefined where it printed none. */
export function templateDateOf(fingerprint: Fingerprint | undefined): string | undefined {
  const date = fingerprint?.[optionName('templateDate')];
  return typeof date === 'string' ? date : undefined;
}

/** Of a run's fingerprint, what its rewards depended on. */
export const rewardPartOf = (fingerprint: Fingerprint): Fingerprint =>
  Object.fromEntries(Object.entries(fingerprint).filter(([name]) => !namesOfOutput.has(name)));

/** @param flags as they apply: with what the inputs' names put in the place of flags that were not given */
export function fingerprintOf(flags: ScoreOrBestFlags, facts: FingerprintFacts): Fingerprint {
  const { version, identity, task, windowSize } = facts;
  const { from, to, delimiter, header } = task.format;
  const applied = { ...flags, from, to, delimiter };
  return {
    ...rewardFingerprint(version, identity),
    ...(flags.best === undefined
      ? { command: 'score', ...decidingFlags('score', applied, 'output') }
      : {
          command: 'best',
          'the rewards that rows have': task.format.existing,
          ...decidingFlags('best', { ...applied, ...flags.best, to: to as 'jsonl' }, 'output'),
        }),
    'the header': header?.text ?? null,
    'the window': `${windowSize.bytes} bytes, ${windowSize.rows} rows`,
  };
}

const namesOfOutput = new Set([
  'command',
  'the rewards that rows have',
  'the header',
  'the window',
  ...(['score', 'best'] as const).flatMap((command) =>
    flagsOf(command).flatMap(({ name, decides }) => (decides === 'output' ? [`--${name}`] : [])),
  ),
]);
