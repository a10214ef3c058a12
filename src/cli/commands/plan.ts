/** From flags to a plan: every error in a request is found here. */
import { usageError } from '../../errors.js';
import type { Claim } from '../../platform/claim.js';
import { columnKey } from '../../rows/formats/csv-header.js';
import type { OutputFormat } from '../../rows/formats/format.js';
import { createFormat, type FormatSettings } from '../../rows/formats/index.js';
import { LEFT_OUT, resultColumns } from '../../rows/formats/parquet.js';
import { type NamedFields, roles } from '../../rows/kinds/roles.js';
import { type FieldSettings, resultFields } from '../../rows/results.js';
import { REWARD_ERROR } from '../../rows/reward-error.js';
import { pairForFilter, type RewardFilter } from '../../rows/reward-filter.js';
import { bestRowsOf, planBestRows } from '../../run/best-rows.js';
import { containerOfName } from '../../run/containers.js';
import { Input, type InputPlace, pathOf } from '../../run/input.js';
import { inspectInputs, readFirstRow } from '../../run/inspect.js';
import { emptyColumns, planNewParquet, typesOfInputs } from '../../run/new-parquet.js';
import type { Assemble } from '../../run/output.js';
import { checkDestination, checkDistinct, checkOutput, isPlain } from '../../run/output-path.js';
import { type ClaimedOutput, claimWork } from '../../run/output-sink.js';
import { planParquetOutput } from '../../run/parquet-output.js';
import type { RunStatistics } from '../../run/statistics.js';
import type { WindowTask } from '../../scorer/protocol.js';
import { otherPairField } from '../../selection/pair-fields.js';
import type { CommandContext } from '../context.js';
import type { BestFlags, ScoreFlags } from '../flags/flags.js';
import { existingByFlags, existingByRows, modelToComplete } from './existing-rewards.js';
import { fieldKey, firstRecord } from './field-key.js';
import { chooseFormats, type Formats } from './formats.js';
import { columnsToDecode, refuseKeep, refuseKeptSources } from './keep.js';
import { selectionOf, withSelectionColumns } from './selection.js';

/** The flags of score, and those of `best` where that is the command. */
export interface ScoreOrBestFlags extends ScoreFlags {
  readonly best?: BestFlags;
  /** The model's labels, where each has a reward (--logit all). */
  readonly labels?: readonly string[];
}

/** What is made of the inputs of one output. */
export interface Plan {
  readonly inputs: readonly Input[];
  readonly task: WindowTask;
  /** The path that the flags give, or a run in a folder. */
  readonly output: string;
  /** Where bad rows are listed; undefined where they are not. */
  readonly errorsPath: string | undefined;
  /** Undefined where nothing is written. */
  readonly claimed: ClaimedOutput | undefined;
  /** Makes the output of what is written; undefined where that is the output. */
  readonly assemble: Assemble | undefined;
  /** Called when the output is whole: gives it the place that is not the one where it was written. */
  readonly moveToPlace?: () => Promise<void>;
}

/**
 * @param flags those of the command; links in the output's path have been followed
 * @param claim one that holds the output, among others
 * @throws FatalError before anything is started or written
 */
export async function planScoring(
  places: readonly InputPlace[],
  flags: ScoreOrBestFlags,
  context: CommandContext,
  claim?: Claim,
): Promise<Plan> {
  const files = places.map(pathOf);
  refuseContradictions(files, flags);
  const existing = existingByFlags(flags, flags.best === undefined ? 'refuse' : 'take');
  if (existing === 'complete' && flags.best === undefined && flags.model === undefined) {
    throw usageError(modelToComplete);
  }
  const asked = formatsOf(files, flags);
  if (asked.to === 'parquet') refuseForParquet(flags);
  // Rows that are not those of Parquet are written as JSON lines first, of which Parquet is made at the end.
  const isNew = asked.to === 'parquet' && (asked.from !== 'parquet' || flags.best !== undefined);
  if (isNew) refuseForNewParquet(flags);
  const formats = isNew ? { ...asked, to: 'jsonl' as const } : asked;
  const choice = flags.best && selectionOf(flags.best, formats);
  const written = writtenFields(flags, asked.to);
  refuseKeep(flags, written, formats, choice);
  const fields = namedFields(flags);
  if (flags.details && formats.to === 'scores') {
    throw usageError('expected --details with --to jsonl, csv or tsv: scores are one number a line');
  }
  const inputs = places.map((place) => new Input(place, context));
  const columns = columnsToDecode(flags, written, formats, fields);
  for (const input of inputs) input.columns = columns;
  checkDestinations(flags, inputs);
  const filter = filterOf(flags, files);
  const policy = flags.resume ? 'resume' : flags.overwrite ? 'overwrite' : 'refuse';
  const claimed = flags.dryRun ? undefined : await claimWork(flags.output, policy, claim);
  try {
    const inspected = await inspectInputs(
      inputs,
      {
        ...formats,
        fields,
        ...written,
        reasons: flags.errors === undefined,
        skipFailures: flags.onError !== 'null',
        existing,
        ...(filter && { filter }),
        ...(flags.keep && { keep: flags.keep }),
      },
      flags.maxRowBytes,
      flags.stream,
    );
    const group = choice?.group && fieldKey(choice.group, 'group', inspected, firstRecord(inputs));
    const selection = choice && { ...choice, group };
    const format =
      selection === undefined
        ? inspected
        : withSelectionColumns(await settleByFirstRow(inputs, inspected, flags, context), selection);
    if (filter !== undefined) refusePairs(inputs, format);
    createFormat(format); // Refuses an output that cannot be made from the input.
    const assemble =
      format.to === 'parquet' && !flags.dryRun
        ? await planParquetOutput({
            inputs,
            columns: resultColumns(format, format.shape ?? 'single'),
            keep: flags.keep,
            shard: flags.shard,
            losesRows: filter !== undefined || flags.onError === 'skip' || flags.limit !== undefined,
            isLimited: flags.limit !== undefined,
            resultsOf:
              filter?.kind === 'best'
                ? (work, statistics) => bestRowsOf(work, filter.percent, statistics, LEFT_OUT)
                : undefined,
            onNotice: (message) => context.log.note(message),
          })
        : isNew && !flags.dryRun
          ? await planRowsAsParquet(inputs, format, flags, filter)
          : filter?.kind === 'best' && !flags.dryRun
            ? planBestRows(flags.output, filter.percent)
            : undefined;
    const { maxRowBytes, dryRun, strict } = flags;
    const task: WindowTask = {
      format,
      answer: selection === undefined ? { kind: 'records' } : { kind: 'selection', selection },
      maxRowBytes,
      dryRun,
      strict,
    };
    return { inputs, task, output: flags.output, errorsPath: flags.errors, claimed, assemble };
  } catch (error) {
    claimed?.release();
    throw error;
  }
}

/** @throws FatalError `usage` where two columns would have one name */
function writtenFields(
  { rewardField, details, labels: names, errors }: ScoreOrBestFlags,
  to: OutputFormat,
): FieldSettings {
  if (names === undefined) return { rewardField, details };
  const asFields = to === 'csv' || to === 'tsv' || to === 'parquet';
  const settings = { rewardField, details, labels: { names, asFields } };
  for (const shape of ['single', 'pair'] as const) {
    const columns = [...resultFields(settings, shape), ...(errors === undefined ? [REWARD_ERROR] : [])];
    const keys = columns.map(columnKey);
    const shared = columns.find((_, i) => keys.indexOf(keys[i] as string) !== i);
    if (shared === undefined) continue;
    throw usageError(
      `expected labels that give each column a name of its own (--logit all), got two columns ${JSON.stringify(shared)}; write JSON lines with --to jsonl`,
    );
  }
  return settings;
}

/** The formats of the inputs of one output. */
export function formatsOf(files: readonly string[], flags: ScoreOrBestFlags): Formats {
  // What `best` writes of Parquet are other rows than those of the input: JSON lines, unless Parquet is asked for.
  const isAsked = flags.to !== undefined || /\.parquet$/i.test(flags.output);
  const formats = chooseFormats(files, flags.best?.pairs && !isAsked ? { ...flags, to: 'jsonl' } : flags);
  return flags.best === undefined || formats.to !== 'parquet' || isAsked ? formats : { ...formats, to: 'jsonl' };
}

/** Decides by the first row what is done about rewards, and refuses one that cannot be written as asked. */
async function settleByFirstRow(
  inputs: readonly Input[],
  format: FormatSettings,
  flags: ScoreOrBestFlags,
  context: CommandContext,
): Promise<FormatSettings> {
  const first = await readFirstRow(inputs, format, flags.maxRowBytes);
  const { rewardField, fields } = format;
  const taken = flags.best?.pairs && first && otherPairField(first.row, { fields, rewardField });
  if (taken) throw usageError(`${first.place}: ${taken.message}`);
  if (flags.best?.pairs && first) refuseKeptSources(first, format);
  return { ...format, existing: existingByRows(format.existing, first, flags, context) };
}

function refuseContradictions(files: readonly string[], flags: ScoreFlags): void {
  const { output, resume, shard, stream } = flags;
  refuseTwoStreams(files);
  if (flags.report !== undefined) {
    const { to, dryRun } = flags;
    if (output === '-' || !isPlain(output) || dryRun || to === 'scores') {
      throw usageError(
        'expected --report with -o FILE, a regular file that has the rows (not --to scores or --dry-run): it reads them once more',
      );
    }
    if (shard !== undefined) throw usageError('expected --report without --shard: a shard has a part of the rows');
  }
  if (resume && output === '-') throw usageError('expected --resume with -o FILE: standard output cannot be resumed');
  if (shard !== undefined) {
    if (output === '-' && !flags.dryRun) throw usageError('expected --shard with -o FILE, which merge reads');
    if (files.includes('-')) throw usageError('expected --shard with files: standard input has no shares');
  }
  if (stream && flags.onError === 'skip') throw usageError('expected --stream without --on-error skip');
}

/** @throws FatalError `usage` for flags beside which no filter can be */
function filterOf(flags: ScoreFlags, files: readonly string[]): RewardFilter | undefined {
  const { minReward, topPercent, output, dryRun } = flags;
  if (minReward === undefined && topPercent === undefined) return undefined;
  if (topPercent === undefined) return { kind: 'least', reward: minReward as number };
  for (const [name, given] of [
    ['standard input', files.includes('-')],
    ['--stream', flags.stream],
    ['--shard', flags.shard !== undefined],
  ] as const) {
    if (given) throw usageError(`expected --top-percent without ${name}: which rows are the best, the whole run says`);
  }
  if (!dryRun && (output === '-' || !isPlain(output))) {
    throw usageError(
      'expected --top-percent with -o FILE, a regular file: the output is made when all rows have rewards',
    );
  }
  return { kind: 'best', percent: topPercent };
}

/** @throws FatalError `usage` where the first row of an input has two rewards */
function refusePairs(inputs: readonly Input[], { fields }: FormatSettings): void {
  for (const { name, first } of inputs) {
    const refused = first && pairForFilter(first.row, fields);
    if (refused !== undefined) throw usageError(`${name}:${first?.line}: ${refused.message}`);
  }
}

/** The columns that are written of inputs of strings, by the names that they have there. */
function columnsOf({ header, keep }: FormatSettings): readonly string[] {
  const names = header?.columns ?? ['text'];
  return keep?.map((name) => names.find((own) => columnKey(own) === columnKey(name)) ?? name) ?? names;
}

/** The columns of inputs that are JSON may be of several types: those of the others are strings, or known. */
async function planRowsAsParquet(
  inputs: readonly Input[],
  format: FormatSettings,
  { best, maxRowBytes, limit, keep }: ScoreOrBestFlags,
  filter: RewardFilter | undefined,
): Promise<Assemble> {
  const { from, fields, reasons, addedColumns } = format;
  const types =
    from === 'jsonl' || from === 'json'
      ? await typesOfInputs(inputs, { format: createFormat(format), fields, maxRowBytes, limit, keep })
      : emptyColumns(columnsOf(format));
  // What `best` writes need not have the columns of its input.
  const known = best === undefined ? types : undefined;
  const results = addedColumns ?? [...resultFields(format, 'single'), ...resultFields(format, 'pair')];
  const linesOf =
    filter?.kind === 'best'
      ? (work: string, statistics: RunStatistics) => bestRowsOf(work, filter.percent, statistics)
      : undefined;
  return planNewParquet({ rewards: best?.pairs ? undefined : format, results, reasons, known, linesOf });
}

/** @throws FatalError `usage` for what is not written as Parquet whose types are found */
function refuseForNewParquet({ shard }: ScoreOrBestFlags): void {
  if (shard === undefined) return;
  throw usageError(
    'expected --shard with --to jsonl or with Parquet as input: what types columns have, all rows say; merge the shards first',
  );
}

/** @throws FatalError `usage` for what is not written as Parquet */
function refuseForParquet(flags: ScoreOrBestFlags): void {
  const { output, stream, dryRun } = flags;
  const instead = 'write JSON lines with --to jsonl';
  if (!dryRun && (output === '-' || !isPlain(output))) {
    throw usageError(`expected --to parquet with -o FILE, a regular file: its footer is written last; or ${instead}`);
  }
  const packed = containerOfName(output);
  if (packed !== undefined) {
    throw usageError(
      `${output}: expected a name without ${packed.extension} for Parquet, whose columns are compressed by themselves`,
    );
  }
  if (stream) throw usageError(`expected --to parquet without --stream: its footer is written last; ${instead}`);
}

export function refuseTwoStreams(files: readonly string[]): void {
  if (files.filter((file) => file === '-').length > 1) throw usageError('expected standard input (-) once at most');
}

/**
 * Checks that the files which a run writes have an existing directory, and are neither read by it nor written twice.
 */
function checkDestinations({ output, errors, summary, resume, report }: ScoreFlags, inputs: readonly Input[]): void {
  checkOutput(output, inputs);
  const others = { '--errors': errors, '--summary': summary, '--report': report };
  for (const [flag, path] of Object.entries(others)) if (path !== undefined) checkDestination(flag, path, inputs);
  checkDistinct(output, others);
  if (resume && !isPlain(output)) {
    throw usageError(`${output}: expected --resume with a regular file, got something else`);
  }
}

export const namedFields = (flags: NamedFields): NamedFields =>
  Object.fromEntries(roles.flatMap((role) => (flags[role] === undefined ? [] : [[role, flags[role]]])));
