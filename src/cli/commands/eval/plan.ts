/** From flags to what is to be done: everything that can be wrong with what was asked is found here. */
import { usageError } from '../../../errors.js';
import type { EvaluationFields } from '../../../evaluation/evaluated-rows.js';
import { suites } from '../../../evaluation/suites/index.js';
import type { Suite } from '../../../evaluation/suites/suite.js';
import { type AnswerLists, answerListFields } from '../../../rows/formats/answer-lists.js';
import { columnKey } from '../../../rows/formats/csv-header.js';
import type { FormatSettings } from '../../../rows/formats/index.js';
import { Input, type InputPlace, pathOf } from '../../../run/input.js';
import { inspectInputs } from '../../../run/inspect.js';
import { checkDestination, checkDistinct } from '../../../run/output-path.js';
import type { CommandContext } from '../../context.js';
import { fieldOf } from '../../flags/flag.js';
import type { EvalFlags } from '../../flags/flags.js';
import type { GivenSettings } from '../../flags/options.js';
import { existingByFlags, existingByRows } from '../existing-rewards.js';
import { asKeys, fieldKey, firstRecord } from '../field-key.js';
import { chooseFormats } from '../formats.js';
import { inputFile } from '../input-files.js';
import { namedFields, refuseTwoStreams } from '../plan.js';
import { Baseline } from './baseline.js';
import { lookAtFirstRows } from './first-row.js';

export interface EvalPlan {
  readonly inputs: readonly Input[];
  readonly format: FormatSettings;
  readonly fields: EvaluationFields;
  /** The first row has no reward, or another one than it is to have: a model is needed from the start. */
  readonly needsModel: boolean;
  readonly baseline: Baseline | undefined;
}

/** @throws FatalError before anything is started or written */
export async function planEvaluation(
  places: readonly InputPlace[],
  flags: EvalFlags,
  context: CommandContext,
): Promise<EvalPlan> {
  const files = places.map(pathOf);
  refuseContradictions(files, flags, context.given);
  const formats = chooseFormats(files, flags);
  const asColumns = formats.from === 'csv' || formats.from === 'tsv';
  const inputs = places.map((place) => new Input(place, context));
  const { baseline: path, id, maxRowBytes, rewardField, offline, strict } = flags;
  const place = path === undefined ? undefined : await inputFile(path, { offline, strict }, context);
  checkDestinations(flags, place === undefined ? inputs : [...inputs, new Input(place, context)]);
  const suite: Suite | undefined = flags.suite && suites[flags.suite];
  const pairRewards = asKeys(flags.fields, asColumns);
  const asked = existingByFlags(flags, pairRewards === undefined ? 'take' : 'take only');
  const inspected = await inspectInputs(
    inputs,
    {
      ...formats,
      fields: namedFields(flags),
      rewardField: asColumns ? columnKey(rewardField) : rewardField,
      details: false,
      reasons: flags.errors === undefined,
      skipFailures: false,
      existing: asked,
      ...(pairRewards && { pairRewards }),
      ...(suite !== undefined && suite.answers !== 'one' && { answerLists: listsOf(suite.answers) }),
    },
    maxRowBytes,
  );
  const sample = firstRecord(inputs);
  for (const name of flags.fields ?? []) fieldKey(name, 'fields', inspected, sample);
  const first = await lookAtFirstRows(inputs, inspected);
  const existing = pairRewards === undefined ? existingByRows(asked, first.row, flags, context) : asked;
  const format = { ...inspected, existing };
  const keyOf = (name: string | undefined, option: string, shown = sample) =>
    name && fieldKey(name, option, format, shown);
  const label = keyOf(flags.labelField, 'labelField', first.labelled) ?? first.label;
  if (flags.positive !== undefined && label === undefined && first.row !== undefined) {
    throw usageError('expected a field label or labels for --positive, found neither; name another by --label-field');
  }
  return {
    inputs,
    format,
    fields:
      suite !== undefined
        ? fieldsOfSuite(suite)
        : {
            label,
            positive: flags.positive,
            group: keyOf(flags.group, 'group'),
            by: keyOf(flags.by, 'by'),
            cluster: keyOf(flags.cluster, 'cluster'),
            id: keyOf(id, 'id'),
            texts: flags.report !== undefined,
          },
    needsModel: pairRewards === undefined && first.row !== undefined && (!first.row.hasReward || asked === 'replace'),
    baseline:
      place === undefined
        ? undefined
        : await Baseline.read({ place, id, rewardField, fields: flags.fields, maxRowBytes }, context),
  };
}

const listsOf = (answers: 'lists' | 3): AnswerLists => (answers === 'lists' ? {} : { each: answers });

const fieldsOfSuite = ({ by, answers }: Suite): EvaluationFields => ({
  label: answers === 'one' ? undefined : answerListFields.label,
  by,
  id: 'id',
  texts: false,
});

/** What a suite says itself, or its table has no place for. */
const decidedBySuite = [
  'label-field',
  'fields',
  'positive',
  'group',
  'cluster',
  'by',
  'baseline',
  'id',
  'report',
  'junit',
  'fail-under',
  'fail-over',
  'fail-on-interval',
  'fail-on-regression',
] as const;

function refuseContradictions(files: readonly string[], flags: EvalFlags, given: GivenSettings): void {
  refuseTwoStreams(files);
  for (const name of flags.suite === undefined ? [] : decidedBySuite) {
    const given = flags[fieldOf({ name }) as keyof EvalFlags];
    if (given !== undefined && given !== false) {
      throw usageError(`expected --suite ${flags.suite} without --${name}: its form and its table are given`);
    }
  }
  refuseBesideFields(flags, given);
  if (flags.id !== undefined && flags.baseline === undefined) throw usageError('expected --id with --baseline FILE');
  if (flags.failOnRegression !== undefined && flags.baseline === undefined) {
    throw usageError('expected --fail-on-regression with --baseline FILE: it holds the difference against zero');
  }
  for (const { slice } of [...(flags.failUnder ?? []), ...(flags.failOver ?? [])]) {
    if (slice === undefined || slice.field === flags.by) continue;
    const got = flags.by === undefined ? 'no --by' : `--by ${flags.by}`;
    throw usageError(`expected --by ${slice.field} with a threshold on a slice by ${slice.field}, got ${got}`);
  }
  if (flags.failOnInterval && flags.failUnder === undefined && flags.failOver === undefined) {
    throw usageError('expected --fail-on-interval with --fail-under or --fail-over');
  }
}

/** The rewards of --fields are taken as they are: nothing is scored. */
function refuseBesideFields({ fields, rescore, useRewards }: EvalFlags, { flags: scoring }: GivenSettings): void {
  if (fields === undefined) return;
  const [chosen, rejected] = fields;
  if (chosen === rejected) {
    throw usageError(
      `expected --fields a,b, the rewards of the chosen texts and of the rejected ones, got ${chosen} alone`,
    );
  }
  const others = [...scoring, ...(rescore ? ['--rescore'] : []), ...(useRewards ? ['--use-rewards'] : [])];
  if (others.length > 0) {
    throw usageError(
      `expected no ${others.join(', ')} beside --fields ${fields.join(',')}, whose rewards are taken as they are`,
    );
  }
}

function checkDestinations({ report, junit, errors, summary }: EvalFlags, read: readonly Input[]): void {
  const written = { '--report': report, '--junit': junit, '--errors': errors, '--summary': summary };
  for (const [flag, path] of Object.entries(written)) if (path !== undefined) checkDestination(flag, path, read);
  checkDistinct('-', written);
}
