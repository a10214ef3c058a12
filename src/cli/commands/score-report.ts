/** The page of `score --report`: the output is read once more, so that it is of all its rows, those of earlier runs too. */
import { rewardsByCut } from '../../evaluation/cut-rows.js';
import { GrowingColumn } from '../../evaluation/growing-column.js';
import { histogramByLabel } from '../../evaluation/histogram.js';
import type { Provenance } from '../../evaluation/provenance.js';
import type { ShownText } from '../../evaluation/shown-rows.js';
import { createFormat, delimiters, type FormatSettings } from '../../rows/formats/index.js';
import { Input } from '../../run/input.js';
import { inspectInputs } from '../../run/inspect.js';
import { type FoundText, keyOfText, readTextsAgain, type WantedText } from '../../run/read-again.js';
import { readWindows } from '../../run/read-windows.js';
import type { ScoredSource } from '../../run/scored-file.js';
import type { RunStatistics } from '../../run/statistics.js';
import { existingRewardsScorer } from '../../scorer/existing-rewards-scorer.js';
import type { ModelScorer } from '../../scorer/open.js';
import { existingRewardsWindow } from '../../scorer/window-size.js';
import type { CommandContext } from '../context.js';
import { decidingFlags } from '../flags/deciding.js';
import type { ScoreFlags } from '../flags/flags.js';
import { explainCommand } from './explain-command.js';
import { settingsOf } from './explain-settings.js';
import { writePage } from './write-page.js';

/** The rows that are listed at either end. */
const SHOWN = 10;

export interface ScoredRun {
  readonly inputs: readonly Input[];
  /** As the rows were read; they are written under the same names. */
  readonly format: FormatSettings;
  readonly statistics: RunStatistics;
  readonly scorer: Pick<ModelScorer, 'identity' | 'settings'> | undefined;
}

export async function writeScoreReport(
  path: string,
  run: ScoredRun,
  flags: ScoreFlags,
  context: CommandContext,
): Promise<void> {
  const { statistics } = run;
  const { output, maxRowBytes } = flags;
  const open = () => openOutput(output, run.format, maxRowBytes, context);
  const columns = await readOutput(await open());
  const rewards = columns.reward.floats;
  const order = Int32Array.from(rewards.keys()).sort(
    (a, b) => (rewards[a] as number) - (rewards[b] as number) || a - b,
  );
  const [lowest, highest] = [order.slice(0, SHOWN), order.toReversed().slice(0, SHOWN)];
  const placeOf = (index: number): WantedText & { readonly line: number | null } => {
    const line = columns.line.floats[index] as number;
    return {
      row: columns.row.floats[index] as number,
      candidate: columns.candidate.floats[index] as number,
      line: Number.isNaN(line) ? null : line,
    };
  };
  const found = await readTextsAgain(await open(), [...lowest, ...highest].map(placeOf));
  const shown = (index: number): ShownText =>
    shownText(output, placeOf(index), found.get(keyOfText(placeOf(index))), {
      explain: explainCommand(output, placeOf(index).row + 1, flags, context, undefined),
      reward: rewards[index] as number,
      several: (columns.several.floats[index] as number) > 1,
    });
  const { renderRun } = await import('../../report/html/run-page.js');
  const { lengthCurve } = await import('../../report/html/length-curve.js');
  const lengths = columns.length.floats;
  const isKnown = rewards.length > 0 && lengths.every((length) => !Number.isNaN(length));
  const { counts, rewards: spread } = statistics;
  if (spread === undefined) throw new Error('the page is of one number for each text');
  const page = await renderRun({
    provenance: provenanceOf(run, flags, context),
    rows: counts.rows,
    failed: counts.failed,
    rewards: { count: counts.rewardsWritten, ...spread },
    plots: {
      histogram: rewards.length === 0 ? undefined : histogramByLabel(rewards, new Float64Array(rewards.length)),
      lengths: isKnown ? lengthCurve(lengths, rewards) : undefined,
    },
    byCut: rewardsByCut(rewards, columns.cut.floats),
    lowest: Array.from(lowest, shown),
    highest: Array.from(highest, shown),
  });
  writePage(path, page);
}

function shownText(
  file: string,
  { row, line, candidate }: WantedText & { readonly line: number | null },
  found: FoundText | undefined,
  {
    reward,
    several,
    explain,
  }: { readonly reward: number; readonly several: boolean; readonly explain: readonly string[] },
): ShownText {
  return {
    file,
    row: row + 1,
    line,
    candidate: several ? candidate : null,
    id: found?.id ?? null,
    reward,
    tokens: found?.tokens ?? null,
    cut: found?.cut ?? null,
    text: '',
    conversation: found?.conversation ?? null,
    explain,
  };
}

/** Opens the output to be read in the format that it was written in, with the same fields. */
async function openOutput(
  output: string,
  { header: _, filter: __, shape: ___, to, ...settings }: FormatSettings,
  maxRowBytes: number,
  context: CommandContext,
): Promise<ScoredSource> {
  const from = to === 'scores' ? 'jsonl' : to;
  const delimiter = from === settings.from ? settings.delimiter : delimiters[from === 'tsv' ? 'tsv' : 'csv'];
  const read = { ...settings, from, to: 'jsonl' as const, delimiter, details: false, existing: 'take' as const };
  const input = new Input(output, context);
  // It says where the rows begin, too.
  const format = await inspectInputs([input], read, maxRowBytes);
  return { input, format, id: undefined, group: undefined, maxRowBytes, signal: new AbortController().signal };
}

const names = ['reward', 'length', 'cut', 'row', 'candidate', 'several', 'line'] as const;
type OutputColumns = Readonly<Record<(typeof names)[number], GrowingColumn>>;

/** A value for each reward; NaN for what is not known. */
async function readOutput({ input, format, maxRowBytes, signal }: ScoredSource): Promise<OutputColumns> {
  const columns = Object.fromEntries(names.map((name) => [name, new GrowingColumn()])) as OutputColumns;
  const answer = { kind: 'evaluation', fields: { texts: true } } as const;
  const score = existingRewardsScorer({ format, answer, maxRowBytes, dryRun: false, strict: false });
  const windowSize = existingRewardsWindow;
  let row = 0;
  for await (const window of readWindows({
    inputs: [input],
    format: createFormat(format),
    windowSize,
    maxRowBytes,
    signal,
  })) {
    const scored = await score(window);
    for (const evaluated of scored?.evaluated ?? []) {
      for (const [i, reward] of (evaluated?.rewards ?? []).entries()) {
        columns.reward.push(reward);
        columns.length.push(evaluated?.lengths?.[i] ?? Number.NaN);
        columns.cut.push(evaluated?.cut?.[i] ?? Number.NaN);
        columns.row.push(row);
        columns.candidate.push(i);
        columns.several.push(evaluated?.rewards.length ?? 1);
        columns.line.push(evaluated?.line ?? Number.NaN);
      }
      row++;
    }
  }
  return columns;
}

function provenanceOf(
  { inputs, statistics, scorer }: ScoredRun,
  flags: ScoreFlags,
  { version, words }: CommandContext,
): Provenance {
  const { counts } = statistics;
  const model = scorer?.identity.model;
  return {
    version,
    date: new Date().toISOString(),
    command: ['reward-score', ...words],
    runtime: { node: process.versions.node, onnxruntime: scorer?.identity.onnxruntime ?? null },
    model: model ?? null,
    settings: scorer === undefined ? [] : settingsOf(scorer, flags),
    flags: decidingFlags('score', flags, 'output'),
    inputs: inputs.map((input, i) => ({
      path: input.path,
      bytes: input.size ?? input.bytesRead,
      sha256: input.sha256 ?? null,
      rows: counts.rowsByFile[i] ?? 0,
      scoredBy: null,
    })),
    baseline: null,
    cut: { rows: counts.truncatedRows, tokens: counts.truncatedTokens, tokensLeft: counts.tokens },
  };
}
