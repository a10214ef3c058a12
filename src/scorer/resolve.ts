/** From what is asked for to the model and settings that score: found and checked before anything starts. */

import { readFileSync } from 'node:fs';
import { messageOf, usageError } from '../errors.js';
import type { ResolveOptions } from '../hub/resolve.js';
import type { ArchitectureFacts } from '../model/architectures/family-facts.js';
import type { NetworkFacts } from '../model/architectures/network.js';
import { parseHead } from '../model/checkpoint/asked-head.js';
import { type Checkpoint, readCheckpoint } from '../model/checkpoint/checkpoint.js';
import { type ExportedModel, readExportedModel } from '../model/exported/model.js';
import { type Precision, preparationFor } from '../model/precision.js';
import { findChatTemplate, readChatTemplate } from '../model/tokenizer/chat-template.js';
import { readTemplateTokens, readTokenizerConfig } from '../model/tokenizer/files.js';
import type { TruncationSide } from '../model/tokenizer/tokenizer.js';
import { optionName } from '../option-name.js';
import { today } from '../platform/calendar.js';
import { printable } from '../platform/printable.js';
import type { TextSettings } from '../rows/kinds/text-to-score.js';
import type { Notice } from '../rows/notices.js';
import { ignoresMessages, isBuiltInTemplate, isLayout } from '../rows/templates.js';
import { findKnownModel } from './known-models.js';
import type { ModelLocation, ScoringSettings, TemplateSettings } from './protocol.js';
import { textSettingsOf } from './reading.js';
import { ALL_LABELS, type FilledRequest } from './request.js';
import { chooseSettings, type ModelSettings, OWN_TEMPLATE, type SettingFacts } from './settings.js';
import { BUNDLED_NAME, findBase, findExportedFile, findModel, findTokenizer } from './sources.js';

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
  /** How its texts are read. */
  readonly texts: TextSettings;
  /** Where those of the settings come from that come with the model. */
  readonly settings: ModelSettings;
  /** What makes rewards worse, or other than they look. */
  readonly notices: readonly Notice[];
}

/** What whoever wants a scorer insists on, in words: then the request must say it. */
export interface Needs {
  /** What cannot do with today's date, where a template prints one. Default: nothing. */
  readonly dateNeededBy?: string | undefined;
  /** What has a use for one number for each text, and not for one for each label; undefined: nothing. */
  readonly labelNeededBy: string | undefined;
}

/**
 * @param download how a model that is not here is brought here, and who is told of it
 * @throws FatalError where the model, or what is asked of it, cannot be
 */
export async function resolveModel(
  options: FilledRequest,
  download: ResolveOptions,
  { dateNeededBy, labelNeededBy }: Needs,
): Promise<ResolvedModel> {
  const notices: Notice[] = [];
  const { checkpoint, revision } = await readModel(options.model, download, options.head);
  if (options.model === undefined) notices.push({ code: 'NO_MODEL_NAMED', message: noModelNamed() });
  const { network } = checkpoint;
  if (checkpoint.kind === 'exported' && options.precision !== 'fp32') {
    throw usageError(
      `${checkpoint.file}: expected ${optionName('precision')} fp32, got ${options.precision}: a graph that another tool exported is run as it is`,
    );
  }
  const tokenizerDirectory = await findTokenizer(options.tokenizer, checkpoint, {
    ...download,
    notify: (message) => notices.push({ code: 'OTHER_TOKENIZER', message }),
  });
  const settings = chooseSettings({ ...factsOf(checkpoint, tokenizerDirectory, options.model), asked: options });
  const maxLength = settings.maxLength.value;
  if (options.maxLength === undefined && network.maxPositions < (network.defaults.length ?? 0)) {
    notices.push({
      code: 'SHORTENED',
      message: `texts are cut to ${maxLength} tokens: the model has no more positions`,
    });
  }
  const truncationSide = settings.truncationSide.value;
  const { labels } = network;
  if (options.activation === 'softmax' && labels.length === 1) {
    throw usageError(
      `expected ${optionName('activation')} none or sigmoid for a model with one label: softmax of one number is 1`,
    );
  }
  const template = readTemplate(settings.template.value, tokenizerDirectory, options.head);
  if (template.kind === 'pair') checkPairs(network, options.reserve);
  let templateDate: string | undefined;
  if (await asksForDate(template)) {
    templateDate = options.templateDate ?? chooseDate(dateNeededBy);
    if (options.templateDate === undefined) {
      notices.push({
        code: 'TEMPLATE_DATE',
        message: `the template prints the date, and rewards depend on it: ${optionName('templateDate')} ${templateDate} repeats them`,
      });
    }
  }
  const scoring: ScoringSettings = {
    maxLength,
    truncationSide,
    reserve: chooseReserve(options.reserve, truncationSide, maxLength),
    activation: options.activation,
    head: options.head,
    logit: chooseLabel(labels, options.logit, labelNeededBy),
    labels: labels.length,
    vocabularySize: network.vocabularySize,
    padTokenId: network.padTokenId,
    eosTokenId: network.eosTokenId,
    template,
    templateDate,
    lastSpeaker: settings.lastSpeaker.value,
    botName: options.botName,
    userName: options.userName,
    system: options.system,
  };
  // Only a Jinja template calls them.
  const templateTokens = template.kind === 'chat' ? readTemplateTokens(tokenizerDirectory) : {};
  const texts = await textSettingsOf(scoring, templateTokens, {}, 'unused');
  if (template.jinja !== undefined && ignoresMessages(texts.template)) {
    notices.push({
      code: 'TEMPLATE_IGNORES_MESSAGES',
      message: `${template.name} gives one text for two different conversations: does it write the messages?`,
    });
  }
  return {
    checkpoint,
    modelName: options.model ?? BUNDLED_NAME,
    revision,
    tokenizerDirectory,
    precision: options.precision,
    scoring,
    texts,
    settings,
    notices,
  };
}

/**
 * How a model reads texts where nothing is asked of it.
 *
 * @throws FatalError where there is no such model, or its tokenizer cannot be read
 */
export async function describeSettings(
  name: string | undefined,
  download: ResolveOptions,
  askedHead?: string,
): Promise<{ readonly tokenizerDirectory: string; readonly settings: ModelSettings }> {
  const { checkpoint } = await readModel(name, download, askedHead);
  const tokenizerDirectory = await findTokenizer(undefined, checkpoint, download);
  const settings = chooseSettings({ ...factsOf(checkpoint, tokenizerDirectory, name), asked: {} });
  return { tokenizerDirectory, settings };
}

function factsOf(
  checkpoint: Checkpoint | ExportedModel,
  tokenizerDirectory: string,
  name: string | undefined,
): Omit<SettingFacts, 'asked'> {
  const { network } = checkpoint;
  return {
    family: network.architecture.replace(/(For|LMHead|Model).*$/, ''),
    defaults: network.defaults,
    maxPositions: network.maxPositions,
    chatTemplate: findChatTemplate(tokenizerDirectory),
    tokenizerConfig: readTokenizerConfig(tokenizerDirectory) ?? {},
    known: findKnownModel(name),
    pooling: poolingOf(checkpoint),
    head: headOf(checkpoint),
    isLanguageModel: checkpoint.kind === 'checkpoint' && checkpoint.sources.head !== undefined,
  };
}

/** Whether the template's text depends on the day. */
async function asksForDate({ jinja }: TemplateSettings): Promise<boolean> {
  return jinja !== undefined && (await import('../rows/chat-template.js')).asksForDate(jinja);
}

const poolingOf = (checkpoint: Checkpoint | ExportedModel): ModelSettings['pooling'] =>
  checkpoint.kind === 'exported'
    ? { value: 'as exported', source: 'the .onnx file' }
    : checkpoint.head.atLast
      ? { value: 'last token', source: checkpoint.head.source }
      : { value: poolings[checkpoint.network.pooling], source: checkpoint.network.architecture };

const poolings = {
  last: 'right-most token that is not the pad token',
  first: 'first token',
  mean: 'mean of all tokens',
} as const satisfies Record<ArchitectureFacts['pooling'], string>;

const headOf = (checkpoint: Checkpoint | ExportedModel): ModelSettings['head'] =>
  checkpoint.kind === 'exported'
    ? { value: 'as exported', source: 'the .onnx file' }
    : { value: checkpoint.head.name, source: checkpoint.head.source };

/**
 * The model of a name, whatever the name is of: an .onnx file, a directory or an id on the hub; the bundled one where
 * there is none.
 *
 * @param askedHead the head that is asked for, as its option has it
 * @throws FatalError where there is no such model, or it is none that can be scored
 */
export async function readModel(
  name: string | undefined,
  download: ResolveOptions,
  askedHead?: string,
): Promise<Pick<ResolvedModel, 'checkpoint' | 'revision'>> {
  const head = askedHead === undefined ? undefined : parseHead(askedHead);
  const file = name === undefined ? undefined : findExportedFile(name);
  if (file !== undefined) {
    if (head === undefined) return { checkpoint: readExportedModel(file), revision: undefined };
    throw usageError(`${file}: expected no ${optionName('head')} for an exported graph, which is run as it is`);
  }
  const { directory, revision } = await findModel(name, download);
  const base = await findBase(directory, download);
  return { checkpoint: readCheckpoint(directory, { base, head }), revision };
}

/** What a worker finds the model by: a checkpoint itself cannot cross to it. */
export function locationOf({
  checkpoint,
  precision,
  tokenizerDirectory,
}: Pick<ResolvedModel, 'checkpoint' | 'precision' | 'tokenizerDirectory'>): ModelLocation {
  if (checkpoint.kind === 'exported') return { kind: 'exported', file: checkpoint.file };
  const preparation = preparationFor(precision, tokenizerDirectory);
  const { directory, sources } = checkpoint;
  return { kind: 'checkpoint', directory, sources, tokenizerDirectory, preparation };
}

/** @throws FatalError where the network does not read two texts, or something is asked for that two texts do not have */
function checkPairs({ architecture, defaults }: NetworkFacts, reserve: number): void {
  if (defaults.layout !== 'pair') {
    throw usageError(
      `expected ${optionName('template')} pair with an encoder, which reads two texts, got it with ${architecture}, which reads one`,
    );
  }
  if (reserve > 0) {
    throw usageError(
      `expected no ${optionName('reserve')} with pairs of texts, of which the longer one is cut first, got ${reserve}`,
    );
  }
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

/**
 * The labels of a model, for a reward of each.
 *
 * @throws FatalError as `resolveModel` does for `all`
 */
export async function labelsOf(
  name: string | undefined,
  download: ResolveOptions,
  askedHead: string | undefined,
): Promise<readonly string[]> {
  const { labels } = (await readModel(name, download, askedHead)).checkpoint.network;
  chooseLabel(labels, ALL_LABELS, undefined);
  return labels;
}

function chooseLabel(
  labels: readonly string[],
  chosen: string | undefined,
  neededBy: string | undefined,
): ScoringSettings['logit'] {
  const option = optionName('logit');
  const listed = labels.slice(0, MOST_LISTED).map((label, index) => `${index} (${printable(label)})`);
  const list = [...listed, ...(labels.length > MOST_LISTED ? ['…'] : [])].join(', ');
  const several = labels.length > 1;
  const offersAll = several && neededBy === undefined;
  if (chosen === undefined) {
    if (!several) return 0;
    const orAll = offersAll ? `, or ${ALL_LABELS} for a reward of each` : '';
    throw usageError(`expected ${option} to say which label is the reward${orAll}; the model has ${list}`);
  }
  // A label of that name is chosen by its number.
  if (chosen === ALL_LABELS && several) {
    if (neededBy !== undefined) {
      throw usageError(
        `expected ${option} to be one label with ${neededBy}, for which a reward is one number, got ${ALL_LABELS}; the model has ${list}`,
      );
    }
    const doubled = labels.find((label, index) => labels.indexOf(label) !== index);
    if (doubled === undefined) return ALL_LABELS;
    throw usageError(
      `expected labels of different names with ${option} ${ALL_LABELS}, got several of the name ${printable(doubled)}: ${list}; name one by its number`,
    );
  }
  const index = labels.includes(chosen) ? labels.indexOf(chosen) : /^\d+$/.test(chosen) ? Number(chosen) : -1;
  if (labels[index] === undefined)
    throw usageError(`expected ${option} to be one of ${list}${offersAll ? `, or ${ALL_LABELS}` : ''}, got ${chosen}`);
  return index;
}

function chooseDate(neededBy: string | undefined): string {
  if (neededBy === undefined) return today();
  throw usageError(
    `expected ${optionName('templateDate')} YYYY-MM-DD with ${neededBy}: the template prints the date, and rewards depend on it`,
  );
}

/**
 * @param name undefined where neither the user nor the model names a template
 * @param head what is asked of a language model; undefined where the model has a reward head
 */
function readTemplate(
  name: string | undefined,
  tokenizerDirectory: string,
  head: string | undefined,
): TemplateSettings {
  if (name === undefined) return { name: 'none', kind: head === undefined ? 'absent' : 'language model' };
  if (name === 'none' || name === 'pair') return { name, kind: name };
  if (isBuiltInTemplate(name)) return { name, kind: isLayout(name) ? 'layout' : 'chat' };
  if (name === OWN_TEMPLATE) {
    const { text } = readChatTemplate(tokenizerDirectory);
    return { name: 'the chat template of the model', kind: 'chat', jinja: text };
  }
  try {
    return { name, kind: 'chat', jinja: readFileSync(name, 'utf8') };
  } catch (error) {
    throw usageError(
      `expected ${optionName('template')} chai, dialogrpt, chatml, model, pair, none or a Jinja file, got ${name} (${messageOf(error)})`,
      { cause: error },
    );
  }
}
