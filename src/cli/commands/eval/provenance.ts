/** Says where the numbers of an evaluation come from. */
import type { CollectedRows } from '../../../evaluation/columns.js';
import type { Provenance, ProvenanceOfFile } from '../../../evaluation/provenance.js';
import { type ScoredContent, scoredBy } from '../../../run/scored-by.js';
import type { RunStatistics } from '../../../run/statistics.js';
import type { ModelScorer } from '../../../scorer/open.js';
import type { CommandContext } from '../../context.js';
import { decidingFlags } from '../../flags/deciding.js';
import type { EvalFlags } from '../../flags/flags.js';
import { settingsOf } from '../explain-settings.js';
import type { EvalPlan } from './plan.js';

export interface EvaluatedFacts {
  readonly plan: EvalPlan;
  readonly statistics: RunStatistics;
  readonly collected: CollectedRows;
  /** Undefined where rows had their rewards already. */
  readonly scorer: Pick<ModelScorer, 'identity' | 'settings'> | undefined;
}

export function provenanceOf(
  { plan, statistics, collected, scorer }: EvaluatedFacts,
  flags: EvalFlags,
  { version, words }: CommandContext,
): Provenance {
  const { inputs, baseline, needsModel, format } = plan;
  const { counts } = statistics;
  const taken = !needsModel;
  const files = inputs.map((input, i): ProvenanceOfFile => {
    const content = collected.files[i];
    return {
      path: input.path,
      bytes: input.size ?? input.bytesRead,
      sha256: input.sha256 ?? null,
      rows: counts.rowsByFile[i] ?? 0,
      scoredBy: (taken && content && beside(input.path, { rewardField: format.rewardField, ...content })) || null,
    };
  });
  return {
    version,
    date: new Date().toISOString(),
    command: ['reward-score', ...words],
    runtime: { node: process.versions.node, onnxruntime: scorer?.identity.onnxruntime ?? null },
    model: scorer === undefined ? null : modelOf(scorer.identity),
    settings: scorer === undefined ? [] : settingsOf(scorer, flags),
    flags: decidingFlags('eval', flags, 'output'),
    inputs: files,
    baseline:
      baseline === undefined
        ? null
        : {
            path: baseline.path,
            rows: baseline.content.rows,
            scoredBy: beside(baseline.path, baseline.content) ?? null,
          },
    cut: { rows: counts.truncatedRows, tokens: counts.truncatedTokens, tokensLeft: counts.tokens },
  };
}

/** Standard input has nothing beside it. */
const beside = (path: string, content: ScoredContent) => (path === '-' ? undefined : scoredBy(path, content));

function modelOf({ model }: ModelScorer['identity']): Provenance['model'] {
  const { name, revision, sha256, architecture, parameters, precision } = model;
  return { name, revision, sha256, architecture, parameters, precision };
}
