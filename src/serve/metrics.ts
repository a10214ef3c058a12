/**
 * Counts in Prometheus' text format. It is written by hand: prom-client is four packages for what is written here,
 * among them OpenTelemetry's interface, and had no release for two years.
 */
import { cpuSeconds, residentBytes } from '../platform/usage.js';
import type { WindowStats } from '../scorer/protocol.js';

/** Upper bounds of the histogram's buckets, in seconds. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export const metricsType = 'text/plain; version=0.0.4; charset=utf-8';

/** Values of the moment, beside the counters. */
export interface Gauges {
  readonly ready: boolean;
  readonly workers: number;
  readonly restarts: number;
  readonly waitingRows: number;
  readonly windowsInWork: number;
  readonly heldBytes: number;
}

export class Metrics {
  readonly #requests = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  readonly #times = new Map<string, Times>();
  readonly #sums = { rows: 0, rewards: 0, windows: 0, tokens: 0, computedTokens: 0, truncatedRows: 0 };

  /** @param code the answer's status; `gone` where the client did not wait for it */
  answered(route: string, code: number | 'gone', seconds: number): void {
    count(this.#requests, `route="${route}",code="${code}"`);
    if (code !== 200) return;
    const times = this.#times.get(route) ?? { within: bounds.map(() => 0), sum: 0, count: 0 };
    this.#times.set(route, times);
    times.sum += seconds;
    times.count++;
    times.within = times.within.map((n, i) => n + Number(seconds <= (bounds[i] as number)));
  }

  scored({ rows, rewardsWritten, failed, tokens, computedTokens, truncatedRows }: WindowStats): void {
    const sums = this.#sums;
    sums.windows++;
    sums.rows += rows;
    sums.rewards += rewardsWritten;
    sums.tokens += tokens;
    sums.computedTokens += computedTokens;
    sums.truncatedRows += truncatedRows;
    for (const { failure } of failed) count(this.#failures, `code="${failure.code}"`);
  }

  print({ ready, workers, restarts, waitingRows, windowsInWork, heldBytes }: Gauges): string {
    const sums = this.#sums;
    return [
      ...family('requests_total', 'counter', 'Requests that were answered, or whose client went away.', [
        ...[...this.#requests].map(([labels, value]): Sample => [`{${labels}}`, value]),
      ]),
      ...family('request_seconds', 'histogram', 'From a request to its answer with 200, taken by the client.', [
        ...[...this.#times].flatMap(([route, times]) => histogram(`route="${route}"`, times)),
      ]),
      ...single('rows_total', 'counter', 'Rows scored, bad ones included.', sums.rows),
      ...family('rows_failed_total', 'counter', 'Bad rows.', [
        ...[...this.#failures].map(([labels, value]): Sample => [`{${labels}}`, value]),
      ]),
      ...single('rows_truncated_total', 'counter', 'Rows with a text that was cut.', sums.truncatedRows),
      ...single('rewards_total', 'counter', 'Rewards given.', sums.rewards),
      ...single('windows_total', 'counter', 'Batches scored.', sums.windows),
      ...single('tokens_total', 'counter', 'Tokens of the texts, after truncation.', sums.tokens),
      ...single('computed_tokens_total', 'counter', 'Tokens that went through the network.', sums.computedTokens),
      ...single('worker_restarts_total', 'counter', "Workers started in a dead one's place.", restarts),
      ...single('ready', 'gauge', 'Whether the model is loaded.', Number(ready)),
      ...single('workers', 'gauge', 'Worker threads.', workers),
      ...single('waiting_rows', 'gauge', 'Rows that no worker has yet.', waitingRows),
      ...single('windows_in_work', 'gauge', 'Batches that a worker has.', windowsInWork),
      ...single('held_bytes', 'gauge', 'Bytes that the requests in hand take, with room for their answers.', heldBytes),
      ...single('process_resident_memory_bytes', 'gauge', 'Memory of the process.', residentBytes(), ''),
      ...single('process_cpu_seconds_total', 'counter', 'Time on processors.', cpuSeconds(), ''),
      '',
    ].join('\n');
  }
}

/** Times of a route's answers. */
interface Times {
  /** How many took no longer than each of the bounds. */
  within: readonly number[];
  sum: number;
  count: number;
}

const histogram = (labels: string, { within, sum, count }: Times): Sample[] => [
  ...bounds.map((bound, i): Sample => [`_bucket{${labels},le="${bound}"}`, within[i] ?? 0]),
  [`_bucket{${labels},le="+Inf"}`, count],
  [`_sum{${labels}}`, sum],
  [`_count{${labels}}`, count],
];

/** The suffix of a family's name, and the value. */
type Sample = readonly [suffix: string, value: number];

const PREFIX = 'reward_score_';

const family = (name: string, type: string, help: string, samples: readonly Sample[], prefix = PREFIX): string[] => [
  `# HELP ${prefix}${name} ${help}`,
  `# TYPE ${prefix}${name} ${type}`,
  ...samples.map(([suffix, value]) => `${prefix}${name}${suffix} ${value}`),
];

const single = (name: string, type: string, help: string, value: number, prefix = PREFIX): string[] =>
  family(name, type, help, [['', value]], prefix);

const count = (counts: Map<string, number>, labels: string): void =>
  void counts.set(labels, (counts.get(labels) ?? 0) + 1);
