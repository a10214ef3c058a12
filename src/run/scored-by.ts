/** Which model scored a file: what the run left beside it says so. */
import { dirname, join } from 'node:path';
import { FatalError } from '../errors.js';
import { optionName } from '../option-name.js';
import { sizeOf } from '../platform/files.js';
import { contentName } from './containers.js';
import { type ModelFacts, readRunFile, runFileOf } from './run-file.js';
import type { ScoredFile } from './scored-file.js';
import { readSummaryFile, type WrittenSummary } from './summary-file.js';

export interface ScoredBy {
  readonly model: ModelFacts;
  /** The file that says so. */
  readonly source: string;
}

/** What a scored file holds, by which a summary that does not name it is recognised. */
export interface ScoredContent {
  readonly rewardField: string;
  readonly rows: number;
  readonly rewards: number;
  readonly least: number;
  readonly largest: number;
}

export function contentOf({ rewardField, rows, rewards }: ScoredFile): ScoredContent {
  const [least, largest] = [Math.min, Math.max].map((choose) => rewards.reduce((end, each) => choose(end, each)));
  return { rewardField, rows, rewards: rewards.length, least: least as number, largest: largest as number };
}

/** @returns undefined where nothing beside the file speaks of these rewards */
export function scoredBy(path: string, file: ScoredContent): ScoredBy | undefined {
  const named = byRunFile(path, file.rewardField);
  if (named !== undefined) return named;
  const stem = contentName(path).replace(/\.[^./]+$/, '');
  const places = [
    `${path}.summary.json`,
    `${stem}.summary.json`,
    `${stem}-summary.json`,
    join(dirname(path), 'summary.json'),
  ];
  for (const source of places) {
    const summary = sizeOf(source) === undefined ? undefined : readSummaryFile(source);
    if (summary?.model && speaksOf(summary, file)) {
      const { name, revision, sha256 } = summary.model;
      return { model: { name, revision, sha256 }, source };
    }
  }
  return undefined;
}

function byRunFile(path: string, rewardField: string): ScoredBy | undefined {
  try {
    const state = readRunFile(path);
    // Another file may have taken the output's name since, and a row may have the rewards of several runs.
    if (state?.finished?.file !== sizeOf(path)) return undefined;
    if (state?.model === undefined || state.fingerprint[optionName('rewardField')] !== rewardField) return undefined;
    return { model: state.model, source: runFileOf(path) };
  } catch (error) {
    if (error instanceof FatalError) return undefined; // It was damaged, or is of another version.
    throw error;
  }
}

/** A summary does not name the output: it speaks of this file where the rows and the ends of the rewards are the same. */
function speaksOf({ rows, rewardsWritten, rewards }: WrittenSummary, file: ScoredContent): boolean {
  const isSame = (end: number | null, found: number): boolean =>
    end !== null && Math.fround(end) === Math.fround(found);
  return (
    rows === file.rows &&
    rewardsWritten === file.rewards &&
    isSame(rewards?.min ?? null, file.least) &&
    isSame(rewards?.max ?? null, file.largest)
  );
}
