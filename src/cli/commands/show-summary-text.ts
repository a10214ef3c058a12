/** The state of runs as a person reads it, and as --json prints it. */
import { counted, many } from '../../report/numbers.js';
import { rewardsInLine } from '../../report/rewards-text.js';
import { clipped, table, wrapped } from '../../report/text-layout.js';
import type { RunCounts, RunStatus } from '../../run/run-status.js';
import type { ShardSet } from '../../run/shard-set.js';
import { clock, perSecond } from '../progress.js';
import type { textSettings } from './terminal.js';

type TextSettings = ReturnType<typeof textSettings>;

const MARGIN = 10;

export function statusesAsJson(statuses: readonly RunStatus[], set: ShardSet, version: string): string {
  const runs = statuses.map(({ state: _, counts, ...status }) => ({ ...status, ...shownCounts(counts) }));
  const { counts, ...shards } = set;
  const value = { version, runs, shards, ...(counts && { all: shownCounts(counts) }) };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** A summary's other members stay in its own file. */
function shownCounts(counts: RunCounts | null): object {
  if (counts === null) return { rows: null };
  const { rows, rewardsWritten, failed, failures, notices, hints, truncated, tokens, rewards, seconds } = counts;
  const rowsPerSecond = seconds > 0 ? rows / seconds : null;
  return { rows, rewardsWritten, failed, failures, notices, hints, truncated, tokens, rewards, seconds, rowsPerSecond };
}

export function statusesInWords(statuses: readonly RunStatus[], set: ShardSet, settings: TextSettings): string {
  const [first] = statuses;
  const parts =
    statuses.length === 1 && first !== undefined
      ? [oneRun(first, settings)]
      : [
          runsTable(statuses),
          problemsOf(statuses, set, settings),
          ...(set.counts === undefined ? [] : [[settings.paint.heading('all'), ...countLines(set.counts, settings)]]),
        ];
  const missing = statuses.length === 1 ? problemsOf(statuses, set, settings) : [];
  return `${[...parts, missing]
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function oneRun(status: RunStatus, settings: TextSettings): string[] {
  const { path, phase, shard, model, counts, secondsLeft } = status;
  const { paint, width } = settings;
  const left = secondsLeft === null ? '' : `, about ${clock(secondsLeft)} left`;
  const state = `${phase}${processInWords(status)}${left}`;
  const [head = ''] = wrapped(path, '', width);
  return [
    paint.heading(head),
    ...named('state', phase === 'finished' || phase === 'running' ? state : paint.bad(state), width),
    ...(shard === null ? [] : named('shard', `${shard.index} of ${shard.of}`, width)),
    ...(model === null ? [] : named('model', model, width)),
    ...(counts === null ? [] : countLines(counts, settings)),
  ];
}

function countLines(counts: RunCounts, { width }: TextSettings): string[] {
  const { rows, failed, failures, truncated, tokens, rewards, rewardsWritten, notices, hints, seconds } = counts;
  const cut =
    truncated.rows === 0 ? '' : `, ${many(truncated.rows)} cut by ${counted(truncated.tokens, 'token')} in all`;
  const bad = failed === 0 ? '' : `, ${many(failed)} bad (${codes(failures)})`;
  const line = rewards && rewardsInLine(rewards, undefined, width - MARGIN - 12);
  return [
    ...named('rows', `${many(rows)}${bad}${cut}`, width),
    ...(tokens === 0 ? [] : named('tokens', many(tokens), width)),
    ...(line === undefined ? [] : named('rewards', `${many(rewardsWritten)}: ${line}`, width)),
    ...(Object.keys(notices).length === 0 ? [] : named('notices', codes(notices), width)),
    ...(Object.keys(hints).length === 0 ? [] : named('hints', codes(hints), width)),
    ...named('time', `${clock(seconds)}, ${perSecond(rows, seconds)} rows/s`, width),
  ];
}

const codes = (counts: Readonly<Partial<Record<string, number>>>): string =>
  Object.entries(counts)
    .map(([code, count]) => `${code} ${many(count ?? 0)}`)
    .join(', ');

function named(name: string, text: string, width: number): string[] {
  const [first = '', ...others] = wrapped(text, ' '.repeat(MARGIN), width);
  return [`${name.padEnd(MARGIN)}${first.slice(MARGIN)}`, ...others];
}

function runsTable(statuses: readonly RunStatus[]): string[] {
  const rows = statuses.map((status) => {
    const { path, phase, shard, counts, secondsLeft } = status;
    return [
      clipped(path),
      shard === null ? '' : `${shard.index}/${shard.of}`,
      counts === null ? '' : many(counts.rows),
      counts === null || counts.seconds === 0 ? '' : perSecond(counts.rows, counts.seconds),
      secondsLeft === null ? '' : clock(secondsLeft),
      phase,
    ];
  });
  return table([['', 'shard', 'rows', 'rows/s', 'left', ''], ...rows]).split('\n');
}

function problemsOf(statuses: readonly RunStatus[], set: ShardSet, { paint, width }: TextSettings): string[] {
  const { of, missing, problems } = set;
  const told = [
    ...statuses.flatMap(({ path, problem }) => (problem === null ? [] : [`${path}: ${problem}`])),
    ...(missing.length === 0
      ? []
      : [`no file was given for ${missing.length === 1 ? 'shard' : 'shards'} ${missing.join(', ')} of ${of}`]),
    ...problems,
  ];
  return told.flatMap((problem) => wrapped(problem, '', width).map(paint.bad));
}

function processInWords({ phase, process: holder, savedSecondsAgo }: RunStatus): string {
  if (phase !== 'running' || holder === null) return '';
  const saved = savedSecondsAgo === null ? 'nothing saved yet' : `last saved ${Math.round(savedSecondsAgo)} s ago`;
  return ` (process ${holder.pid ?? 'unknown'} of ${holder.host ?? 'an unknown machine'}, ${saved})`;
}
