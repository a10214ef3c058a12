/** A summary as a run wrote it, read again. */
import { readFileSync } from 'node:fs';
import { messageOf, usageError } from '../errors.js';
import type { RewardStatistics } from './statistics.js';

/** The members that are read; the schema has them all. */
export interface WrittenSummary {
  readonly version: string;
  readonly complete: boolean;
  readonly exitCode: number;
  readonly model: { readonly name: string; readonly revision: string | null; readonly sha256: string } | null;
  readonly shard: { readonly index: number; readonly of: number } | null;
  readonly rows: number;
  readonly rewardsWritten: number;
  readonly kept?: number;
  readonly dropped?: number;
  readonly failed: number;
  /** By code. */
  readonly failures: Readonly<Partial<Record<string, number>>>;
  readonly notices: Readonly<Partial<Record<string, number>>>;
  readonly hints: Readonly<Partial<Record<string, number>>>;
  readonly truncated: { readonly rows: number; readonly tokens: number };
  readonly tokens: number;
  /** Absent where each label has a reward. */
  readonly rewards?: RewardStatistics;
  readonly seconds: number;
  readonly rowsPerSecond: number | null;
}

/** Types of the members without which a file is no summary. */
const members = {
  version: 'string',
  complete: 'boolean',
  exitCode: 'number',
  rows: 'number',
  rewardsWritten: 'number',
  failed: 'number',
  failures: 'object',
  notices: 'object',
  hints: 'object',
  truncated: 'object',
  tokens: 'number',
  seconds: 'number',
} as const;

/**
 * @returns undefined where the file holds something else
 * @throws FatalError `usage` where the file cannot be read
 */
export function readSummaryFile(path: string): WrittenSummary | undefined {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw usageError(`${path}: cannot be read: ${messageOf(error)}`, { cause: error });
  }
  return isSummary(content) ? content : undefined;
}

function isSummary(content: unknown): content is WrittenSummary {
  if (typeof content !== 'object' || content === null) return false;
  const found = content as Readonly<Record<string, unknown>>;
  const has = Object.entries(members).every(([name, type]) => typeof found[name] === type && found[name] !== null);
  const { rewards } = found;
  return has && Object.hasOwn(found, 'model') && (rewards === undefined || Object.hasOwn(rewards ?? {}, 'quantiles'));
}
