/** The JSON account of a run that --summary writes. */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { messageOf, runError } from '../../errors.js';
import { countParameters } from '../../model/architectures/network.js';
import { hashTokenizerFiles } from '../../model/tokenizer/directory.js';
import type { Input } from '../../run/input.js';
import type { RunStatistics } from '../../run/statistics.js';
import type { Engine } from '../../scorer/engine.js';
import type { ReadyModel } from '../../scorer/protocol.js';
import { selectionSummary } from './best.js';
import type { Work } from './work.js';

export interface RunFacts {
  readonly version: string;
  /** undefined: no model was needed. */
  readonly engine: Engine | undefined;
  readonly model: ReadyModel | undefined;
  readonly work: {
    readonly state: Pick<Work['state'], 'shard' | 'runtimes' | 'finished'>;
    readonly resumed: boolean;
  };
  readonly inputs: readonly Input[];
  readonly stats: RunStatistics;
  /** Workers that died and were replaced. */
  readonly restarts: number;
  readonly seconds: number;
  /** Of a dry run: how long the run itself would take. */
  readonly estimate: number | undefined;
  /** The run was one of `best`. */
  readonly chooses: boolean;
  readonly complete: boolean;
  readonly exitCode: number;
}

function summaryOf(facts: RunFacts): object {
  const { engine, model, stats, seconds, work } = facts;
  const { counts } = stats;
  const { finished } = work.state;
  return {
    version: facts.version,
    complete: facts.complete,
    exitCode: facts.exitCode,
    ...modelAndScoring(engine, model),
    runtime: {
      node: process.versions.node,
      onnxruntime: model?.onnxruntimeVersion ?? null,
      cpu: cpus()[0]?.model ?? 'unknown',
      workers: engine?.workers ?? 0,
      restarts: facts.restarts,
      others: work.state.runtimes.slice(0, -1),
    },
    shard: work.state.shard,
    resumed: work.resumed,
    inputs: facts.inputs.map((input, file) => ({
      path: input.path,
      bytes: finished === null ? input.bytesRead : (input.size ?? input.bytesRead),
      sha256: finished === null ? (input.sha256 ?? null) : (finished.hashes[file] ?? null),
      rows: counts.rowsByFile[file] ?? 0,
    })),
    rows: counts.rows,
    forms: counts.forms,
    rewardsWritten: counts.rewardsWritten,
    failed: counts.failed,
    failures: counts.failures,
    firstFailures: counts.firstFailures,
    truncated: { rows: counts.truncatedRows, tokens: counts.truncatedTokens },
    tokens: counts.tokens,
    computedTokens: counts.computedTokens,
    rewards: stats.rewards,
    seconds,
    ...(facts.chooses && { best: selectionSummary(stats) }),
    ...(facts.estimate !== undefined && { estimatedSeconds: facts.estimate }),
    rowsPerSecond: seconds > 0 ? counts.rows / seconds : null,
  };
}

function modelAndScoring(engine: Engine | undefined, model: ReadyModel | undefined): object {
  if (engine === undefined || model === undefined) return { model: null, scoring: null };
  const exported = model.kind === 'exported';
  const { network } = engine.checkpoint;
  const { scoring } = engine;
  return {
    model: {
      name: engine.modelName,
      sha256: model.sha256,
      revision: engine.revision ?? null,
      architecture: network.architecture,
      parameters: exported ? model.parameters : countParameters(network),
      precision: exported ? 'as exported' : engine.precision,
      tokenizerSha256: hashTokenizerFiles(engine.tokenizerDirectory),
    },
    scoring: {
      maxLength: scoring.maxLength,
      truncationSide: scoring.truncationSide,
      reserve: scoring.reserve,
      pooling: exported ? 'as exported' : 'right-most token that is not the pad token',
      activation: scoring.activation,
      logit: network.labels[scoring.logit],
      template: scoring.template.name,
    },
  };
}

export function writeSummary(path: string, facts: RunFacts): void {
  try {
    writeFileSync(path, `${JSON.stringify(summaryOf(facts), null, 2)}\n`);
  } catch (error) {
    throw runError(`${path}: the summary cannot be written: ${messageOf(error)}`, { cause: error });
  }
}
