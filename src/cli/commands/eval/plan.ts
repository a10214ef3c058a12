/** From flags to what is to be done: everything that can be wrong with what was asked is found here. */
import { resolve } from 'node:path';
import { usageError } from '../../../errors.js';
import type { EvaluationFields } from '../../../evaluation/evaluated-rows.js';
import { columnKey } from '../../../rows/formats/csv-header.js';
import type { FormatSettings } from '../../../rows/formats/index.js';
import type { ErrorPolicy } from '../../../run/error-policy.js';
import { Input } from '../../../run/input.js';
import { inspectInputs } from '../../../run/inspect.js';
import { checkDestination } from '../../../run/output.js';
import type { EvalFlags } from '../../flags/eval-command.js';
import { chooseFormats } from '../formats.js';
import { namedFields } from '../plan.js';
import { Baseline } from './baseline.js';
import { fieldKey, lookAtFirstRows } from './first-row.js';

export interface EvalPlan {
  readonly inputs: readonly Input[];
  readonly format: FormatSettings & { readonly evaluation: EvaluationFields };
  /** The first row has no reward: a model is needed from the start. */
  readonly needsModel: boolean;
  readonly baseline: Baseline | undefined;
  readonly policy: ErrorPolicy;
}

/** @throws FatalError before anything is started or written */
export async function planEvaluation(files: readonly string[], flags: EvalFlags): Promise<EvalPlan> {
  refuseContradictions(files, flags);
  const formats = chooseFormats(files, flags);
  const asColumns = formats.from === 'csv' || formats.from === 'tsv';
  const inputs = files.map((file) => new Input(file));
  checkDestinations(flags, inputs);
  const inspected = await inspectInputs(
    inputs,
    {
      ...formats,
      to: 'evaluation',
      fields: namedFields(flags, asColumns),
      rewardField: asColumns ? columnKey(flags.rewardField) : flags.rewardField,
      details: false,
      reasons: flags.errors === undefined,
      skipFailures: false,
      usesExisting: true,
    },
    flags.maxRowBytes,
  );
  const first = await lookAtFirstRows(inputs, inspected);
  const keyOf = (name: string | undefined, flag: string) => name && fieldKey(name, flag, inspected);
  const label = keyOf(flags.labelField, '--label-field') ?? first.label;
  if (flags.positive !== undefined && label === undefined && first.scored !== undefined) {
    throw usageError('expected a field label or labels for --positive, found neither; name another by --label-field');
  }
  const { baseline: path, id, maxRowBytes, rewardField } = flags;
  const evaluation = {
    label,
    positive: flags.positive,
    group: keyOf(flags.group, '--group'),
    by: keyOf(flags.by, '--by'),
    id: keyOf(id, '--id'),
    texts: flags.report !== undefined,
  };
  return {
    inputs,
    format: { ...inspected, evaluation },
    needsModel: first.scored === false,
    baseline: path === undefined ? undefined : await Baseline.read({ path, id, rewardField, maxRowBytes }),
    policy: { action: flags.onError, limit: flags.maxErrors },
  };
}

function refuseContradictions(files: readonly string[], flags: EvalFlags): void {
  if (files.filter((file) => file === '-').length > 1) throw usageError('expected standard input (-) once at most');
  if (flags.id !== undefined && flags.baseline === undefined) throw usageError('expected --id with --baseline FILE');
  if (flags.failOnInterval && flags.failUnder === undefined && flags.failOver === undefined) {
    throw usageError('expected --fail-on-interval with --fail-under or --fail-over');
  }
}

function checkDestinations(flags: EvalFlags, inputs: readonly Input[]): void {
  const read = flags.baseline === undefined ? inputs : [...inputs, new Input(flags.baseline)];
  const written = new Map<string, string>();
  for (const flag of ['report', 'junit', 'errors', 'summary'] as const) {
    const path = flags[flag];
    if (path === undefined) continue;
    checkDestination(`--${flag}`, path, read);
    const other = written.get(resolve(path));
    if (other !== undefined) throw usageError(`${path}: expected --${flag} to be another file than ${other}`);
    written.set(resolve(path), `--${flag}`);
  }
}
