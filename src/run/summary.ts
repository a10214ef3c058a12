/** The JSON summary of a run. */
import type { Notice } from '../rows/notices.js';
import type { ModelScorer } from '../scorer/open.js';
import { summarizeChoices } from '../selection/gains.js';
import type { Input } from './input.js';
import type { RunState } from './run-file.js';
import type { RunStatistics } from './statistics.js';

export interface RunFacts {
  readonly version: string;
  readonly node: string;
  /** The processor's name. */
  readonly cpu: string;
  /** The model's scorer; undefined where no model was needed. */
  readonly scorer: Pick<ModelScorer, 'identity' | 'workers' | 'restarts' | 'notices'> | undefined;
  /** What was told before the model was opened. */
  readonly notices: readonly Notice[];
  /** Of an output's run file; undefined where there is none. */
  readonly state: Pick<RunState, 'shard' | 'runtimes'> | undefined;
  /** Digests of the inputs that an earlier run read to their ends, by their numbers. */
  readonly hashes: readonly (string | null | undefined)[];
  readonly resumed: boolean;
  readonly inputs: readonly Input[];
  readonly statistics: RunStatistics;
  readonly seconds: number;
  /** For a dry run, how long the run itself would take. */
  readonly estimate: number | undefined;
  /** Whether rows were left out for their rewards. */
  readonly filters: boolean;
  /** Whether the run chose the best of groups. */
  readonly selects: boolean;
  /** Whether it made pairs of them. */
  readonly makesPairs: boolean;
  readonly complete: boolean;
  readonly exitCode: number;
}

export function summaryOf(facts: RunFacts): object {
  const { scorer, statistics, seconds, state } = facts;
  const { counts } = statistics;
  return {
    version: facts.version,
    complete: facts.complete,
    exitCode: facts.exitCode,
    ...modelAndScoring(scorer),
    runtime: {
      node: facts.node,
      onnxruntime: scorer?.identity.onnxruntime ?? null,
      cpu: facts.cpu,
      workers: scorer?.workers ?? 0,
      restarts: scorer?.restarts ?? 0,
      others: state?.runtimes.slice(0, -1) ?? [],
    },
    shard: state?.shard ?? null,
    resumed: facts.resumed,
    inputs: facts.inputs.map((input, file) => {
      const known = facts.hashes[file];
      return {
        path: input.path,
        // Of a remote file no more is read than is needed.
        bytes: input.remote?.size ?? (known === undefined ? input.bytesRead : (input.size ?? input.bytesRead)),
        sha256: known === undefined ? (input.sha256 ?? null) : known,
        ...(input.remote && { commit: input.remote.commit, etag: input.remote.etag }),
        rows: counts.rowsByFile[file] ?? 0,
      };
    }),
    rows: counts.rows,
    forms: counts.forms,
    rewardsWritten: counts.rewardsWritten,
    ...(facts.filters && { kept: counts.kept, dropped: counts.rows - counts.kept }),
    failed: counts.failed,
    failures: counts.failures,
    firstFailures: counts.firstFailures,
    notices: { ...countEach([...facts.notices, ...(scorer?.notices ?? [])]), ...counts.notices },
    hints: { ...counts.hints, ...(statistics.seesNoSpace && { NO_SPACE: 1 }) },
    truncated: { rows: counts.truncatedRows, tokens: counts.truncatedTokens },
    tokens: counts.tokens,
    computedTokens: counts.computedTokens,
    ...(statistics.rewards && { rewards: statistics.rewards }),
    seconds,
    ...(facts.selects && { best: summarizeChoices(counts.choices, facts.makesPairs) }),
    ...(facts.estimate !== undefined && { estimatedSeconds: facts.estimate }),
    rowsPerSecond: seconds > 0 ? counts.rows / seconds : null,
  };
}

/** Each of them is known of the whole run. */
const countEach = (notices: readonly Notice[]): object => Object.fromEntries(notices.map(({ code }) => [code, 1]));

function modelAndScoring(scorer: RunFacts['scorer']): object {
  if (scorer === undefined) return { model: null, scoring: null };
  const { model, scoring } = scorer.identity;
  return { model, scoring };
}
