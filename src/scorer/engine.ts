/** From what a user asks for to a pool that scores: the model and settings, resolved and checked before anything starts. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, usageError } from '../errors.js';
import type { ResolveOptions } from '../hub/resolve.js';
import type { Activation } from '../model/activation.js';
import { type Checkpoint, readCheckpoint } from '../model/checkpoint/checkpoint.js';
import { type ExportedModel, readExportedModel } from '../model/exported/model.js';
import { shortfallOf } from '../model/int8/quality.js';
import { type Precision, preparationFor } from '../model/precision.js';
import type { TruncationSide } from '../model/tokenizer/tokenizer.js';
import { readLimits } from '../platform/limits.js';
import type { FormatSettings } from '../rows/formats/index.js';
import { DEFAULT_MAX_ROW_BYTES } from '../rows/records.js';
import { isBuiltInTemplate } from '../rows/templates.js';
import { memoryNeedOf } from './memory-need.js';
import { DEFAULT_DEADLINE_MS, WorkerPool } from './pool.js';
import type { ModelLocation, ScoringSettings } from './protocol.js';
import { BUNDLED_NAME, findExportedFile, findModel, findTokenizer } from './sources.js';
import { chooseWorkerCount } from './worker-count.js';

const DEFAULT_MAX_LENGTH = 256;
const DEFAULT_TEMPLATE = 'chai';

const noModelNamed =
  'no model named: using the bundled starter, which knows relevance and fluency, not liking; name yours with --model';

export interface EngineOptions {
  /** A model directory in Hugging Face form, an id on the hub, or an .onnx file; the bundled one where none is named. */
  readonly model?: string;
  /** Another directory, or id on the hub, for the tokenizer's files. */
  readonly tokenizer?: string;
  /** Tokens kept of a row; 256, or what the model has room for. */
  readonly maxLength?: number;
  readonly truncationSide: TruncationSide;
  /** Tokens kept free of the prompt, for a response; 0, or where it is not said: a text is cut as a whole. */
  readonly reserve?: number;
  readonly activation: Activation;
  /** What the linear layers are multiplied in; fp32 where it is not said. */
  readonly precision?: Precision;
  /** Index or name of the label whose logit is the reward. */
  readonly logit?: string;
  /** `chai`, `dialogrpt`, `chatml`, `model`, or a Jinja file. */
  readonly template?: string;
  /** Worker threads; 0 for as many as there are cores. Fewer are started where memory has no room for them. */
  readonly workers: number;
  /** Seconds without a sign of life after which a worker counts as dead; 600 where it is not said. */
  readonly workerTimeout?: number;
}

export interface Engine {
  readonly checkpoint: Checkpoint | ExportedModel;
  /** As the user named it; `starter` where no model was named. */
  readonly modelName: string;
  /** The commit, of a model from the hub. */
  readonly revision: string | undefined;
  readonly tokenizerDirectory: string;
  readonly precision: Precision;
  readonly scoring: ScoringSettings;
  readonly workers: number;
  /** Why there are fewer than asked for, or than cores. */
  readonly fewerWorkers: string | undefined;
  readonly deadlineMs: number;
  /** What makes rewards worse, or other than they look, a sentence each. */
  readonly warnings: readonly string[];
}

/**
 * @param download how a model that is not here is brought here, and who is told of it
 * @throws FatalError where the model, or what is asked of it, cannot be
 */
export async function resolveEngine(options: EngineOptions, download: ResolveOptions): Promise<Engine> {
  const warnings: string[] = [];
  const { checkpoint, revision } = await readModel(options.model, download);
  if (options.model === undefined) warnings.push(noModelNamed);
  const { network } = checkpoint;
  if (checkpoint.kind === 'exported' && options.precision === 'int8') {
    throw usageError(
      `${checkpoint.file}: expected --precision fp32, got int8: a graph that another tool exported is run as it is`,
    );
  }
  const tokenizerDirectory = await findTokenizer(options.tokenizer, checkpoint, download);

  let maxLength = options.maxLength ?? DEFAULT_MAX_LENGTH;
  if (maxLength > network.maxPositions) {
    if (options.maxLength !== undefined) {
      throw usageError(
        `expected --max-length of at most ${network.maxPositions}, the model's n_positions, got ${maxLength}`,
      );
    }
    maxLength = network.maxPositions;
    warnings.push(`texts are cut to ${maxLength} tokens: the model has no more positions`);
  }
  const { labels } = network;
  if (options.activation === 'softmax' && labels.length === 1) {
    throw usageError('expected --activation none or sigmoid for a model with one label: softmax of one number is 1');
  }
  const workerCount = chooseWorkerCount(options.workers, readLimits(), memoryNeedOf(network, maxLength));
  return {
    checkpoint,
    modelName: options.model ?? BUNDLED_NAME,
    revision,
    tokenizerDirectory,
    precision: options.precision ?? 'fp32',
    scoring: {
      maxLength,
      truncationSide: options.truncationSide,
      reserve: chooseReserve(options, maxLength),
      activation: options.activation,
      logit: chooseLabel(labels, options.logit),
      labels: labels.length,
      vocabularySize: network.vocabularySize,
      padTokenId: network.padTokenId,
      eosTokenId: network.eosTokenId,
      template: readTemplate(options.template ?? DEFAULT_TEMPLATE, tokenizerDirectory),
      templateGiven: options.template !== undefined,
    },
    workers: workerCount.workers,
    fewerWorkers: workerCount.notice,
    deadlineMs: options.workerTimeout === undefined ? DEFAULT_DEADLINE_MS : options.workerTimeout * 1000,
    warnings,
  };
}

async function readModel(
  name: string | undefined,
  download: ResolveOptions,
): Promise<Pick<Engine, 'checkpoint' | 'revision'>> {
  const file = name === undefined ? undefined : findExportedFile(name);
  if (file !== undefined) return { checkpoint: readExportedModel(file), revision: undefined };
  const { directory, revision } = await findModel(name, download);
  return { checkpoint: readCheckpoint(directory), revision };
}

export interface PoolSettings {
  readonly useCache: boolean;
  /** Refuse a model in int8 that is not near enough to fp32. Default: false. */
  readonly strict?: boolean;
  readonly onNotice: (message: string) => void;
}

/**
 * A pool with the engine's model prepared; what is scored with it is said when it loads.
 *
 * @throws FatalError where the model cannot be prepared, or is refused
 */
export async function preparePool(
  engine: Engine,
  { useCache, strict = false, onNotice }: PoolSettings,
): Promise<WorkerPool> {
  const { workers, deadlineMs, fewerWorkers } = engine;
  if (fewerWorkers !== undefined) onNotice(fewerWorkers);
  const pool = await WorkerPool.prepare({ workers, model: placeOf(engine), useCache, deadlineMs, onNotice });
  const shortfall = pool.model.kind === 'checkpoint' ? shortfallOf(pool.model.quality) : undefined;
  if (shortfall === undefined) return pool;
  if (strict) {
    await pool.release();
    throw usageError(`${shortfall} (--strict)`);
  }
  onNotice(shortfall);
  return pool;
}

/** How rows are read and results written by a pool's workers. */
export interface RowOptions {
  readonly format: FormatSettings;
  /** Default: rows/records.ts. */
  readonly maxRowBytes?: number;
  /** Count tokens and score nothing. Default: false. */
  readonly dryRun?: boolean;
}

/** Loads the engine's model into every worker of its pool. Resolves as WorkerPool.load does. */
export const loadPool = (
  pool: WorkerPool,
  { tokenizerDirectory, scoring }: Engine,
  { format, maxRowBytes = DEFAULT_MAX_ROW_BYTES, dryRun = false }: RowOptions,
): Promise<number> => pool.load({ tokenizerDirectory, scoring, format, maxRowBytes, dryRun });

/** What a worker finds the model by: a checkpoint itself cannot cross to it. */
function placeOf({ checkpoint, precision, tokenizerDirectory }: Engine): ModelLocation {
  if (checkpoint.kind === 'exported') return { kind: 'exported', file: checkpoint.file };
  const preparation = preparationFor(precision, tokenizerDirectory);
  return { kind: 'checkpoint', directory: checkpoint.directory, preparation };
}

function chooseReserve({ reserve = 0, truncationSide }: EngineOptions, maxLength: number): number {
  if (reserve > 0 && truncationSide === 'right') {
    throw usageError(
      'expected --truncation-side left with --reserve, got right: it is the end of a prompt that is kept',
    );
  }
  if (reserve >= maxLength) {
    throw usageError(`expected --reserve of less than the ${maxLength} tokens kept of a text, got ${reserve}`);
  }
  return reserve;
}

function chooseLabel(labels: readonly string[], chosen: string | undefined): number {
  const list = labels.map((label, index) => `${index} (${label})`).join(', ');
  if (chosen === undefined) {
    if (labels.length > 1) throw usageError(`expected --logit to say which label is the reward; the model has ${list}`);
    return 0;
  }
  const index = labels.includes(chosen) ? labels.indexOf(chosen) : /^\d+$/.test(chosen) ? Number(chosen) : -1;
  if (labels[index] === undefined) throw usageError(`expected --logit to be one of ${list}, got ${chosen}`);
  return index;
}

function readTemplate(name: string, tokenizerDirectory: string): ScoringSettings['template'] {
  if (isBuiltInTemplate(name)) return { name };
  if (name === 'model') return { name: 'the chat template of the model', jinja: readChatTemplate(tokenizerDirectory) };
  try {
    return { name, jinja: readFileSync(name, 'utf8') };
  } catch (error) {
    throw usageError(
      `expected --template chai, dialogrpt, chatml, model or a Jinja file, got ${name} (${messageOf(error)})`,
      { cause: error },
    );
  }
}

/** The tokenizer's own: chat_template.jinja, or chat_template in tokenizer_config.json (one, or one named default). */
function readChatTemplate(directory: string): string {
  const file = join(directory, 'chat_template.jinja');
  if (existsSync(file)) return readFileSync(file, 'utf8');
  const configFile = join(directory, 'tokenizer_config.json');
  const config: unknown = existsSync(configFile) ? JSON.parse(readFileSync(configFile, 'utf8')) : undefined;
  const own = (config as { chat_template?: unknown } | undefined)?.chat_template;
  const named = Array.isArray(own) ? own.find((entry: { name?: unknown }) => entry.name === 'default') : undefined;
  const template: unknown = named?.template ?? own;
  if (typeof template !== 'string') {
    throw usageError(`${directory}: expected a chat template for --template model, found none`);
  }
  return template;
}
