/** From flags to what is to be done: everything that can be wrong with what was asked is found here. */
import { resolve } from 'node:path';
import { usageError } from '../../errors.js';
import { countParameters } from '../../model/architectures/network.js';
import { type CsvHeader, columnKey, listColumns } from '../../rows/formats/csv-header.js';
import type { RowFormat } from '../../rows/formats/format.js';
import { createFormat, type FormatSettings } from '../../rows/formats/index.js';
import { type NamedFields, roles } from '../../rows/kinds/roles.js';
import type { ErrorPolicy } from '../../run/error-policy.js';
import { Input } from '../../run/input.js';
import { inspectInputs } from '../../run/inspect.js';
import { checkDestination, checkOutput, isPlain, partialOf } from '../../run/output.js';
import { findWork } from '../../run/resume.js';
import { type RunState, runFileOf } from '../../run/run-file.js';
import { type BlockRange, blocksOf } from '../../run/shards.js';
import { type WindowSize, windowSizeFor, windowsOf } from '../../run/windows.js';
import { type Engine, resolveEngine } from '../../scorer/engine.js';
import { addedColumns, type SelectionSettings } from '../../selection/settings.js';
import type { ScoreFlags } from '../flags/score-command.js';
import type { Log } from '../log.js';
import { bestSettings } from './best.js';
import { withDownloads } from './downloads.js';
import { chooseFormats } from './formats.js';

export interface Plan {
  readonly engine: Engine;
  readonly inputs: readonly Input[];
  readonly formatSettings: FormatSettings;
  readonly format: RowFormat;
  /** What `best` chooses by; undefined: every row is written. */
  readonly choice: SelectionSettings | undefined;
  readonly windowSize: WindowSize;
  readonly policy: ErrorPolicy;
  /** The blocks of each input that a shard takes; undefined: all. */
  readonly blocks: readonly BlockRange[] | undefined;
  /** The output is a file that has its name only when it is whole. */
  readonly named: boolean;
  /** The work that an earlier run to the same output left, to be gone on with. */
  readonly left: RunState | undefined;
}

/** @throws FatalError before anything is started or written */
export async function planRun(files: readonly string[], flags: ScoreFlags, log: Log): Promise<Plan> {
  refuseContradictions(files, flags);
  const formats = chooseFormats(files, flags.best?.pairs ? { to: 'jsonl', ...flags } : flags);
  const asked = flags.best && bestSettings(flags.best, formats, flags.stream);
  const fields = namedFields(flags, formats.from === 'csv' || formats.from === 'tsv');
  if (flags.details && formats.to === 'scores') {
    throw usageError('expected --details with --to jsonl, csv or tsv: scores are one number a line');
  }
  const inputs = files.map((file) => new Input(file));
  checkDestinations(flags, inputs);
  const named = flags.output !== '-' && !flags.dryRun && isPlain(flags.output);
  const wish = flags.resume ? 'resume' : flags.overwrite ? 'overwrite' : 'refuse';
  const left = named ? await findWork(flags.output, wish) : undefined;
  const engine = await withDownloads(flags, log, (download) => resolveEngine(flags, download));
  const [warning] = engine.warnings;
  if (flags.strict && warning !== undefined) throw usageError(`${warning} (--strict)`);
  const inspected = await inspectInputs(
    inputs,
    {
      ...formats,
      fields,
      rewardField: flags.rewardField,
      details: flags.details,
      reasons: flags.errors === undefined,
      skipFailures: flags.onError !== 'null',
      usesExisting: asked !== undefined,
    },
    flags.maxRowBytes,
  );
  const choice = asked === undefined ? undefined : choiceOf(asked, inspected.header);
  const formatSettings = choice === undefined ? inspected : withChoice(inspected, choice);
  const windowSize = windowSizeFor(countParameters(engine.checkpoint.network));
  const lengths = inputs.map(({ length }) => length);
  // A worker costs a quarter of a second of processor time to start, and a window is one worker's.
  const needed = flags.workers === 0 ? Math.max(1, windowsOf(lengths, windowSize)) : flags.workers;
  return {
    engine: { ...engine, workers: Math.min(engine.workers, needed) },
    inputs,
    formatSettings,
    format: createFormat(formatSettings),
    choice,
    windowSize,
    policy: { action: flags.onError, limit: flags.maxErrors },
    blocks: flags.shard && blocksOf(flags.shard, await lengthsOf(inputs, log), windowSize),
    named,
    left,
  };
}

/** Columns are matched without case and outer spaces. */
function choiceOf(asked: SelectionSettings, header: CsvHeader | undefined): SelectionSettings {
  const { group } = asked;
  if (header === undefined || group === undefined) return asked;
  const key = columnKey(group);
  if (header.columns.some((name) => columnKey(name) === key)) return { ...asked, group: key };
  throw usageError(`${header.place}: expected a column ${group} (--group), got ${listColumns(header.columns)}`);
}

/** The output's columns are those of `best`. */
function withChoice(settings: FormatSettings, choice: SelectionSettings): FormatSettings {
  const { header, rewardField } = settings;
  const key = columnKey(rewardField);
  const isThere = header?.columns.some((name) => columnKey(name) === key) ?? false;
  const columns = addedColumns(choice, rewardField, isThere);
  return { ...settings, rewardField: isThere ? key : rewardField, addedColumns: columns };
}

function refuseContradictions(files: readonly string[], flags: ScoreFlags): void {
  const { output, resume, shard, stream } = flags;
  if (files.filter((file) => file === '-').length > 1) throw usageError('expected standard input (-) once at most');
  if (resume && flags.overwrite) throw usageError('expected --resume or --overwrite, got both');
  if (resume && output === '-')
    throw usageError('expected --resume with -o FILE: standard output cannot be gone on with');
  if (shard !== undefined) {
    if (output === '-' && !flags.dryRun) throw usageError('expected --shard with -o FILE, which merge reads');
    if (files.includes('-')) throw usageError('expected --shard with files: standard input has no shares');
    if (flags.limit !== undefined) throw usageError('expected --shard or --limit, got both');
  }
  if (!stream) return;
  for (const [name, given] of [
    ['--resume', resume],
    ['--shard', shard !== undefined],
    ['--on-error skip', flags.onError === 'skip'],
  ] as const) {
    if (given) throw usageError(`expected --stream without ${name}`);
  }
}

/** Files that a run writes have a place, and are neither read by it nor written twice. */
function checkDestinations(flags: ScoreFlags, inputs: readonly Input[]): void {
  checkOutput(flags.output, inputs);
  const { output } = flags;
  const written = new Map([output, partialOf(output), runFileOf(output)].map((path) => [resolve(path), '--output']));
  for (const flag of ['errors', 'summary'] as const) {
    const path = flags[flag];
    if (path === undefined) continue;
    checkDestination(`--${flag}`, path, inputs);
    const other = written.get(resolve(path));
    if (other !== undefined) throw usageError(`${path}: expected --${flag} to be another file than ${other}`);
    written.set(resolve(path), `--${flag}`);
  }
  if (flags.resume && !isPlain(flags.output)) {
    throw usageError(`${flags.output}: expected --resume with a regular file, got something else`);
  }
}

export function namedFields(flags: NamedFields, asColumns: boolean): NamedFields {
  const named = roles.flatMap((role) => {
    const name = flags[role];
    return name === undefined ? [] : [[role, asColumns ? columnKey(name) : name]];
  });
  return Object.fromEntries(named) as NamedFields;
}

/** Lengths of what the inputs hold: those of packed ones are known when they have been read. */
async function lengthsOf(inputs: readonly Input[], log: Log): Promise<number[]> {
  const lengths: number[] = [];
  for (const input of inputs) {
    if (input.size === undefined) throw usageError(`${input.name}: expected a regular file for --shard`);
    if (input.compression === undefined) lengths.push(input.size);
    else {
      log.note(`${input.name}: reading it once to learn its length, which a packed file does not tell`);
      lengths.push(await input.measure());
    }
  }
  return lengths;
}
