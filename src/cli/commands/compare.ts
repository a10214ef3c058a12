/** `compare`: two models' rewards of the same rows, from two scored files or from two fields of one. */
import { usageError } from '../../errors.js';
import { compareRewards, type DisagreeingReward } from '../../evaluation/comparison/compare.js';
import type { ComparedSide, ShownComparison, ShownDisagreement } from '../../evaluation/comparison/shown.js';
import { comparisonAsJson } from '../../report/comparison-json.js';
import { comparisonInWords } from '../../report/comparison-text.js';
import { columnKey } from '../../rows/formats/csv-header.js';
import { refuseAbsent } from '../../rows/kinds/refuse-fields.js';
import { type ShownConversation, shownConversation } from '../../rows/kinds/shown-conversation.js';
import { Input } from '../../run/input.js';
import { inspectInputs } from '../../run/inspect.js';
import { checkDestination } from '../../run/output-path.js';
import { type PairedFiles, pairScoredFiles } from '../../run/pair-scored-files.js';
import { contentOf, scoredBy } from '../../run/scored-by.js';
import { readScoredFile, rowsOf, type ScoredFile, type ScoredSource } from '../../run/scored-file.js';
import type { CommandContext, Context } from '../context.js';
import { ExitCode } from '../exit-codes.js';
import type { FlagsOf } from '../flags/flags.js';
import { explainCommand } from './explain-command.js';
import { fieldKey, firstRecord } from './field-key.js';
import { chooseFormats } from './formats.js';
import { namedFields } from './plan.js';
import { Session } from './session.js';
import { textSettings } from './terminal.js';
import { writePage } from './write-page.js';

type CompareFlags = FlagsOf<'compare'>;

/** The field of rewards where no flag names one. */
const REWARD = 'reward';

export async function compare(paths: readonly string[], flags: CompareFlags, context: CommandContext): Promise<number> {
  const sides = sidesOf(paths, flags);
  if (flags.report !== undefined) {
    checkDestination(
      '--report',
      flags.report,
      sides.map(({ path }) => new Input(path, context)),
    );
  }
  const session = new Session(context, { quiet: flags.quiet, progress: false }, { inputs: [], onSignal: 'ending' });
  let shown: ShownComparison;
  try {
    const sources = [];
    for (const side of sides) sources.push(await sourceOf(side, flags, session.signal, context));
    const [a, b] = sources as [ScoredSource, ScoredSource];
    const [scoredA, scoredB] = [await readScoredFile(a), await readScoredFile(b)];
    if (session.received !== undefined) return session.dieBySignal(session.received);
    const paired = pairScoredFiles(scoredA, scoredB, flags.id !== undefined);
    // The intervals of many rows take seconds: a signal ends them at once.
    session.end();
    shown = await shownOf([scoredA, scoredB], paired, sides, flags, context);
  } finally {
    session.end();
  }
  if (flags.report !== undefined) {
    const { renderComparison } = await import('../../report/html/comparison-page.js');
    const { version, words } = context;
    const facts = {
      version,
      date: new Date(),
      command: ['reward-score', ...words],
      explain: (row: number) =>
        shown.a.scoredBy === null
          ? null
          : explainCommand(shown.a.file, row, flags, context, shown.a.scoredBy.model.name),
    };
    writePage(flags.report, renderComparison(shown, facts));
  }
  context.stdout.write(
    flags.json ? comparisonAsJson(shown, context.version) : comparisonInWords(shown, textSettings(context)),
  );
  const { unscored, onlyA, onlyB } = shown.rows;
  return unscored + onlyA + onlyB > 0 ? ExitCode.badRows : ExitCode.ok;
}

interface Side {
  readonly path: string;
  readonly field: string;
}

function sidesOf([pathA, pathB, ...others]: readonly string[], { fields }: CompareFlags): readonly [Side, Side] {
  if (pathA === undefined || others.length > 0) {
    throw usageError(`expected two scored files, or one and --fields a,b; got ${others.length + 2} files`);
  }
  const [a, b] = fields ?? [REWARD, REWARD];
  const path = pathB ?? pathA;
  if (pathB === undefined && a === b) {
    throw usageError(`expected a second file, or --fields a,b for two fields of ${pathA}, got the one field ${a}`);
  }
  return [
    { path: pathA, field: a },
    { path, field: b },
  ];
}

async function sourceOf(
  { path, field }: Side,
  flags: CompareFlags,
  signal: AbortSignal,
  context: Context,
): Promise<ScoredSource> {
  const formats = chooseFormats([path], flags);
  const asColumns = formats.from === 'csv' || formats.from === 'tsv';
  const input = new Input(path, context);
  if (input.size === undefined) {
    throw usageError(`${input.name}: expected a file, got a stream: the rows that are listed are read once more`);
  }
  const fields = namedFields(flags);
  const format = await inspectInputs(
    [input],
    {
      ...formats,
      fields,
      rewardField: asColumns ? columnKey(field) : field,
      details: false,
      reasons: true,
      skipFailures: false,
      existing: 'take',
    },
    flags.maxRowBytes,
  );
  const first = firstRecord([input]);
  const absent = first && !asColumns ? refuseAbsent(first.row, fields, undefined) : undefined;
  if (absent !== undefined) throw usageError(`${first?.place}: ${absent.message}`);
  return {
    input,
    format,
    id: flags.id && fieldKey(flags.id, 'id', format, first),
    group: flags.group && fieldKey(flags.group, 'group', format, first),
    maxRowBytes: flags.maxRowBytes,
    signal,
  };
}

async function shownOf(
  [a, b]: readonly [ScoredFile, ScoredFile],
  paired: PairedFiles,
  sides: readonly [Side, Side],
  flags: CompareFlags,
  context: Context,
): Promise<ShownComparison> {
  const { bootstrap: resamples, seed, disagreements: shown } = flags;
  const { higher, lower, ...comparison } = compareRewards(paired.columns, { resamples, seed, shown });
  const conversations = await conversationsOf([...higher, ...lower], paired, sides[0], flags, context);
  const described = (reward: DisagreeingReward): ShownDisagreement => describe(reward, a, paired, conversations);
  return {
    a: sideOf(sides[0], a),
    b: sideOf(sides[1], b),
    rows: paired.counts,
    comparison,
    higher: higher.map(described),
    lower: lower.map(described),
    resamples,
    seed,
  };
}

function sideOf({ path, field }: Side, file: ScoredFile): ComparedSide {
  return {
    file: path,
    field,
    rows: file.rows,
    unscored: file.unscored,
    scoredBy: scoredBy(path, contentOf(file)) ?? null,
  };
}

/** The conversations of the rewards that are listed, by their places in the columns. The file is read once more. */
async function conversationsOf(
  listed: readonly DisagreeingReward[],
  { rowOf, indexOf }: PairedFiles,
  side: Side,
  flags: CompareFlags,
  context: Context,
): Promise<ReadonlyMap<number, ShownConversation>> {
  const wanted = new Map<number, number[]>();
  for (const { index } of listed) {
    const row = rowOf[index] as number;
    wanted.set(row, [...(wanted.get(row) ?? []), index]);
  }
  const found = new Map<number, ShownConversation>();
  const source = await sourceOf(side, flags, new AbortController().signal, context);
  let number = 0;
  for await (const { row } of rowsOf(source)) {
    const here = wanted.get(number++) ?? [];
    for (const place of here) {
      const conversation = row && shownConversation(row, indexOf[place] as number, source.format.fields);
      if (conversation !== undefined) found.set(place, conversation);
    }
    wanted.delete(number - 1);
    if (wanted.size === 0) break;
  }
  return found;
}

function describe(
  { index: place, ...reward }: DisagreeingReward,
  { lines, ids, groups, shapes }: ScoredFile,
  { rowOf, indexOf }: PairedFiles,
  conversations: ReadonlyMap<number, ShownConversation>,
): ShownDisagreement {
  const row = rowOf[place] as number;
  const line = lines[row] as number;
  const index = indexOf[place] as number;
  return {
    row: row + 1,
    line: Number.isNaN(line) ? null : line,
    id: ids[row] ?? null,
    group: groups[row] ?? null,
    text: shapes[row] === 'single' ? null : shapes[row] === 'pair' ? (index === 0 ? 'chosen' : 'rejected') : index,
    ...reward,
    conversation: conversations.get(place) ?? null,
  };
}
