/** From what is asked for to the model and settings that score: found and checked before anything starts. */

import { readFileSync } from 'node:fs';
import { messageOf, usageError } from '../errors.js';
import type { Setting } from '../explanation/explanation.js';
import type { ResolveOptions } from '../hub/resolve.js';
import { type Checkpoint, readCheckpoint } from '../model/checkpoint/checkpoint.js';
import { type ExportedModel, readExportedModel } from '../model/exported/model.js';
import { type Precision, preparationFor } from '../model/precision.js';
import { readChatTemplate } from '../model/tokenizer/chat-template.js';
import type { TruncationSide } from '../model/tokenizer/tokenizer.js';
import { optionName } from '../option-name.js';
import { today } from '../platform/calendar.js';
import { printable } from '../platform/printable.js';
import { asksForDate, isBuiltInTemplate } from '../rows/templates.js';
import type { ModelLocation, ScoringSettings } from './protocol.js';
import type { FilledRequest } from './request.js';
import { BUNDLED_NAME, findExportedFile, findModel, findTokenizer } from './sources.js';

/** Labels that a message names. */
const MOST_LISTED = 32;

const noModelNamed = (): string =>
  `no model named: using the bundled starter, which knows relevance and fluency, not liking; name yours with ${optionName('model')}`;

/** A model and the settings it is scored with, found and checked before anything starts. */
export interface ResolvedModel {
  readonly checkpoint: Checkpoint | ExportedModel;
  /** As the user named it; `starter` where no model was named. */
  readonly modelName: string;
  /** The commit, of a model from the hub. */
  readonly revision: string | undefined;
  readonly tokenizerDirectory: string;
  readonly precision: Precision;
  readonly scoring: ScoringSettings;
  /** The settings that decide rewards, in words, and where each comes from. */
  readonly settings: readonly Setting[];
  /** What makes rewards worse, or other than they look, a sentence each. */
  readonly warnings: readonly string[];
}

/**
 * @param download how a model that is not here is brought here, and who is told of it
 * @param dateNeededBy what cannot do with the day on which it happens to run, where the template prints the date
 * @throws FatalError where the model, or what is asked of it, cannot be
 */
export async function resolveModel(
  options: FilledRequest,
  download: ResolveOptions,
  dateNeededBy?: string,
): Promise<ResolvedModel> {
  const warnings: string[] = [];
  const { checkpoint, revision } = await readModel(options.model, download);
  if (options.model === undefined) warnings.push(noModelNamed());
  const { network } = checkpoint;
  if (checkpoint.kind === 'exported' && options.precision === 'int8') {
    throw usageError(
      `${checkpoint.file}: expected ${optionName('precision')} fp32, got int8: a graph that another tool exported is run as it is`,
    );
  }
  const tokenizerDirectory = await findTokenizer(options.tokenizer, checkpoint, download);

  const { defaults } = network;
  let maxLength = options.maxLength ?? defaults.length;
  if (maxLength > network.maxPositions) {
    if (options.maxLength !== undefined) {
      throw usageError(
        `expected ${optionName('maxLength')} of at most ${network.maxPositions}, the model's n_positions, got ${maxLength}`,
      );
    }
    maxLength = network.maxPositions;
    warnings.push(`texts are cut to ${maxLength} tokens: the model has no more positions`);
  }
  const truncationSide = options.truncationSide ?? defaults.side;
  const { labels } = network;
  if (options.activation === 'softmax' && labels.length === 1) {
    throw usageError(
      `expected ${optionName('activation')} none or sigmoid for a model with one label: softmax of one number is 1`,
    );
  }
  const template = readTemplate(options.template ?? defaults.template, tokenizerDirectory);
  let templateDate: string | undefined;
  if (template.jinja !== undefined && asksForDate(template.jinja)) {
    templateDate = options.templateDate ?? chooseDate(dateNeededBy);
    if (options.templateDate === undefined) {
      warnings.push(
        `the template prints the date, and rewards depend on it: ${optionName('templateDate')} ${templateDate} repeats them`,
      );
    }
  }
  const scoring: ScoringSettings = {
    maxLength,
    truncationSide,
    reserve: chooseReserve(options.reserve, truncationSide, maxLength),
    activation: options.activation,
    logit: chooseLabel(labels, options.logit),
    labels: labels.length,
    vocabularySize: network.vocabularySize,
    padTokenId: network.padTokenId,
    eosTokenId: network.eosTokenId,
    template,
    templateDate,
    templateGiven: options.template !== undefined,
  };
  return {
    checkpoint,
    modelName: options.model ?? BUNDLED_NAME,
    revision,
    tokenizerDirectory,
    precision: options.precision,
    scoring,
    settings: settingsOf(scoring, options, checkpoint),
    warnings,
  };
}

/** The settings in words. An option whose value is its default counts as not given. */
function settingsOf(
  scoring: ScoringSettings,
  options: FilledRequest,
  { network }: ResolvedModel['checkpoint'],
): Setting[] {
  const { defaults, labels, maxPositions } = network;
  const { maxLength, truncationSide, reserve, activation, logit, template, templateDate } = scoring;
  const setting = (option: keyof FilledRequest, name: string, value: string, otherwise: string): Setting => ({
    name,
    value,
    source: otherwise === '' ? optionName(option) : otherwise,
  });
  const length = maxLength < defaults.length && maxLength === maxPositions ? "the model's positions" : 'default';
  return [
    setting('template', 'template', template.name, options.template === undefined ? 'default' : ''),
    ...(templateDate === undefined
      ? []
      : [setting('templateDate', 'date', templateDate, options.templateDate === undefined ? 'today' : '')]),
    setting('maxLength', 'length', `${maxLength} tokens`, options.maxLength === undefined ? length : ''),
    setting('truncationSide', 'cut', truncationSide, truncationSide === defaults.side ? 'default' : ''),
    setting('reserve', 'reserve', reserve === 0 ? 'none' : `${reserve} tokens`, reserve === 0 ? 'default' : ''),
    setting('logit', 'logit', printable(labels[logit] ?? ''), options.logit === undefined ? 'the only one' : ''),
    setting('activation', 'activation', activation, activation === 'none' ? 'default' : ''),
    setting('precision', 'precision', options.precision, options.precision === 'fp32' ? 'default' : ''),
  ];
}

/**
 * The model of a name, whatever the name is of: an .onnx file, a directory or an id on the hub; the bundled one where
 * there is none.
 *
 * @throws FatalError where there is no such model, or it is none that can be scored
 */
export async function readModel(
  name: string | undefined,
  download: ResolveOptions,
): Promise<Pick<ResolvedModel, 'checkpoint' | 'revision'>> {
  const file = name === undefined ? undefined : findExportedFile(name);
  if (file !== undefined) return { checkpoint: readExportedModel(file), revision: undefined };
  const { directory, revision } = await findModel(name, download);
  return { checkpoint: readCheckpoint(directory), revision };
}

/** What a worker finds the model by: a checkpoint itself cannot cross to it. */
export function locationOf({ checkpoint, precision, tokenizerDirectory }: ResolvedModel): ModelLocation {
  if (checkpoint.kind === 'exported') return { kind: 'exported', file: checkpoint.file };
  const preparation = preparationFor(precision, tokenizerDirectory);
  return { kind: 'checkpoint', directory: checkpoint.directory, preparation };
}

function chooseReserve(reserve: number, truncationSide: TruncationSide, maxLength: number): number {
  if (reserve > 0 && truncationSide === 'right') {
    throw usageError(
      `expected ${optionName('truncationSide')} left with ${optionName('reserve')}, got right: it is the end of a prompt that is kept`,
    );
  }
  if (reserve >= maxLength) {
    throw usageError(
      `expected ${optionName('reserve')} of less than the ${maxLength} tokens kept of a text, got ${reserve}`,
    );
  }
  return reserve;
}

function chooseLabel(labels: readonly string[], chosen: string | undefined): number {
  const listed = labels.slice(0, MOST_LISTED).map((label, index) => `${index} (${printable(label)})`);
  const list = [...listed, ...(labels.length > MOST_LISTED ? ['…'] : [])].join(', ');
  if (chosen === undefined) {
    if (labels.length > 1)
      throw usageError(`expected ${optionName('logit')} to say which label is the reward; the model has ${list}`);
    return 0;
  }
  const index = labels.includes(chosen) ? labels.indexOf(chosen) : /^\d+$/.test(chosen) ? Number(chosen) : -1;
  if (labels[index] === undefined)
    throw usageError(`expected ${optionName('logit')} to be one of ${list}, got ${chosen}`);
  return index;
}

function chooseDate(neededBy: string | undefined): string {
  if (neededBy === undefined) return today();
  throw usageError(
    `expected ${optionName('templateDate')} YYYY-MM-DD with ${neededBy}: the template prints the date, and rewards depend on it`,
  );
}

function readTemplate(name: string, tokenizerDirectory: string): ScoringSettings['template'] {
  if (isBuiltInTemplate(name)) return { name };
  if (name === 'model') return { name: 'the chat template of the model', jinja: readChatTemplate(tokenizerDirectory) };
  try {
    return { name, jinja: readFileSync(name, 'utf8') };
  } catch (error) {
    throw usageError(
      `expected ${optionName('template')} chai, dialogrpt, chatml, model or a Jinja file, got ${name} (${messageOf(error)})`,
      { cause: error },
    );
  }
}
