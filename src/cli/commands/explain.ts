/** `explain`: how one row was scored. The row is scored beside its neighbours, in the window that `score` would cut. */
import { usageError } from '../../errors.js';
import type { Explanation } from '../../explanation/explanation.js';
import { explanationAsJson } from '../../explanation/json.js';
import { explanationInWords } from '../../explanation/text.js';
import { columnKey } from '../../rows/formats/csv-header.js';
import { createFormat, type FormatSettings } from '../../rows/formats/index.js';
import { Input } from '../../run/input.js';
import { inspectInputs } from '../../run/inspect.js';
import { checkDestination } from '../../run/output-path.js';
import { readWindows } from '../../run/read-windows.js';
import { refuseFirstRows } from '../../run/refuse-first-rows.js';
import { type ModelScorer, openScorer } from '../../scorer/open.js';
import type { Window, WindowTask } from '../../scorer/protocol.js';
import { recordsOf } from '../../scorer/window-scorer.js';
import type { CommandContext, Context } from '../context.js';
import { ExitCode } from '../exit-codes.js';
import type { FlagsOf } from '../flags/flags.js';
import { settingsOf } from './explain-settings.js';
import { chooseFormats } from './formats.js';
import { inputFile } from './input-files.js';
import { namedFields } from './plan.js';
import { rowsInWords } from './print.js';
import { requestOf } from './request.js';
import { Session } from './session.js';
import { textSettings } from './terminal.js';
import { writePage } from './write-page.js';

type ExplainFlags = FlagsOf<'explain'>;

export async function explain(file: string, flags: ExplainFlags, context: CommandContext): Promise<number> {
  const input = new Input(await inputFile(file, flags, context), context);
  if (flags.report !== undefined) checkDestination('--report', flags.report, [input]);
  const format = await formatOf(input, flags);
  const session = new Session(context, flags, { inputs: [input], onSignal: 'ending' });
  let explanation: Explanation | undefined;
  try {
    const scorer = await openScorer(requestOf(flags), {
      ...session.scorerUi,
      labelNeededBy: flags.trace ? '--trace' : undefined,
      onResolved: (refusalOf) => refuseFirstRows([input], format, refusalOf),
    });
    try {
      explanation = await explainRow(scorer, input, format, flags, session);
    } finally {
      await scorer.close();
    }
  } catch (error) {
    if (session.received === undefined) throw error;
  } finally {
    session.end();
  }
  if (session.received !== undefined) return session.dieBySignal(session.received);
  if (explanation === undefined) throw new Error('the row was scored, and nothing is said of it');
  await show(explanation, flags, context);
  return explanation.failure === null ? ExitCode.ok : ExitCode.badRows;
}

/** Nothing is written into the row, so that it may carry rewards. */
async function formatOf(input: Input, flags: ExplainFlags): Promise<FormatSettings> {
  const formats = chooseFormats([input.path], flags);
  const asColumns = formats.from === 'csv' || formats.from === 'tsv';
  const { rewardField, maxRowBytes } = flags;
  const format = await inspectInputs(
    [input],
    {
      ...formats,
      fields: namedFields(flags),
      rewardField: asColumns ? columnKey(rewardField) : rewardField,
      details: false,
      reasons: true,
      skipFailures: false,
      existing: 'replace', // A row that carries a reward is explained too.
    },
    maxRowBytes,
  );
  createFormat(format); // Refuses a header without anything to score.
  return format;
}

async function explainRow(
  scorer: ModelScorer,
  input: Input,
  format: FormatSettings,
  flags: ExplainFlags,
  { signal }: Session,
): Promise<Explanation | undefined> {
  const { row, trace, maxRowBytes, strict } = flags;
  const found = await findRow(scorer, input, format, { row, maxRowBytes, signal });
  if (found === undefined) return undefined;
  const { window, byte } = found;
  const answer = { kind: 'explanation', byte, trace } as const;
  const task: WindowTask = { format, answer, maxRowBytes, dryRun: false, strict };
  await scorer.load(task, 1);
  const { explanation } = await scorer.score(window);
  const model = scorer.identity.model.name;
  const { labels } = scorer.classifier;
  return explanation && { ...explanation, model, file: input.path, row, settings: settingsOf(scorer, flags), labels };
}

interface Search {
  /** From 1. */
  readonly row: number;
  readonly maxRowBytes: number;
  readonly signal: AbortSignal;
}

/**
 * Finds the window with the row, and where the row begins; undefined where a signal came first. Nothing after that window
 * is read.
 *
 * @throws FatalError `usage` where there are fewer rows
 */
async function findRow(
  { windowSize }: Pick<ModelScorer, 'windowSize'>,
  input: Input,
  settings: FormatSettings,
  { row, maxRowBytes, signal }: Search,
): Promise<{ readonly window: Window; readonly byte: number } | undefined> {
  const format = createFormat(settings);
  // Whoever writes a row to a pipe and keeps it open is answered all the same.
  const eager = input.path === '-';
  let rows = 0;
  for await (const window of readWindows({ inputs: [input], format, windowSize, maxRowBytes, eager, signal })) {
    for (const record of recordsOf(window, format)) {
      if (format.isBlank(record)) continue;
      rows++;
      if (rows === row) return { window, byte: record.byte };
    }
  }
  if (signal.aborted) return undefined;
  if (rows === 0) throw usageError(`${input.name}: expected a row to explain, got none`);
  throw usageError(`${input.name}: expected --row of at most ${rows}, got ${row}: it has ${rowsInWords(rows)}`);
}

async function show(explanation: Explanation, flags: ExplainFlags, context: Context): Promise<void> {
  const { stdout, version } = context;
  if (flags.report !== undefined) {
    const { renderExplanation } = await import('../../report/html/explanation.js');
    writePage(flags.report, renderExplanation(explanation, { version, date: new Date() }));
  }
  if (flags.json) {
    stdout.write(explanationAsJson(explanation));
    return;
  }
  stdout.write(explanationInWords(explanation, textSettings(context)));
}
