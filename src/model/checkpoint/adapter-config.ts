/**
 * adapter_config.json of a LoRA adapter: what its weights are multiplied by, and what it stands on.
 *
 * Source: peft 0.21.2, tuners/lora/config.py and model.py, and utils/other.py (get_pattern_key)
 */
import { join } from 'node:path';
import { runError, usageError } from '../../errors.js';
import { printable } from '../../platform/printable.js';
import { ConfigReader } from './config-reader.js';
import { isFile } from './file.js';

export const ADAPTER_CONFIG = 'adapter_config.json';

/** The parts of a network that an adapter may bring whole, as its head. */
export const headModules = ['score', 'classifier'] as const;

/** What an adapter stands on. */
export interface AdapterBase {
  /** A directory, or an id on the hub. */
  readonly name: string;
  /** A branch, a tag or a commit of the hub; undefined: the hub's own choice. */
  readonly revision: string | undefined;
}

export interface AdapterConfig {
  readonly path: string;
  readonly base: AdapterBase;
  /** Rows of a module's A, and columns of its B. */
  rankOf(module: string): number;
  /** What B·A of a module is multiplied by. */
  scaleOf(module: string): number;
  /** All of it that decides a weight, as plain data. */
  readonly recipe: unknown;
}

export const hasAdapter = (directory: string): boolean => isFile(join(directory, ADAPTER_CONFIG));

/**
 * Fields that change nothing of a merged model's rewards: what training did, which modules were trained (the weights say
 * that themselves), and what other fields that are refused would need. peft sets fan_in_fan_out by each module's class.
 */
const withoutEffect = new Set([
  ...['task_type', 'peft_type', 'auto_mapping', 'peft_version', 'base_model_name_or_path', 'revision'],
  ...['inference_mode', 'lora_dropout', 'target_modules', 'exclude_modules', 'layers_to_transform', 'layers_pattern'],
  ...['fan_in_fan_out', 'megatron_core', 'loftq_config', 'eva_config', 'corda_config', 'lora_ga_config'],
  ...['qalora_group_size', 'runtime_config'],
]);

const read = new Set([
  ...['r', 'lora_alpha', 'use_rslora', 'rank_pattern', 'alpha_pattern', 'modules_to_save', 'bias', 'use_dora'],
  ...['init_lora_weights', 'lora_bias', 'use_qalora', 'ensure_weight_tying'],
]);

/** Ways to initialise an adapter that leave the base's weights as they are; the others change them whenever it is loaded. */
const harmlessStarts: readonly unknown[] = [true, false, 'gaussian', 'eva', 'orthogonal', 'mica'];

const advice = 'merge the adapter into its base with peft (merge_and_unload), and save that';

/**
 * Reads adapter_config.json of a directory. Each field of peft's LoraConfig is obeyed, has no effect, or is refused.
 *
 * @throws FatalError `run` where the adapter is of a kind that cannot be merged here, `usage` where it names no base
 */
export function readAdapterConfig(directory: string): AdapterConfig {
  const path = join(directory, ADAPTER_CONFIG);
  const config = ConfigReader.open(path, { advice });
  if (config.read('peft_type') !== 'LORA') config.refuse(['peft_type'], config.read('peft_type'), '"LORA"');
  if (config.read('task_type') === 'TOKEN_CLS') config.refuse(['task_type'], 'TOKEN_CLS', 'one of a whole text');
  config.choice('bias', ['none'], 'none');
  for (const name of ['use_dora', 'lora_bias', 'use_qalora', 'ensure_weight_tying']) config.only(name, false);
  const start = config.read('init_lora_weights') ?? true;
  if (!harmlessStarts.includes(start)) {
    config.refuse(['init_lora_weights'], start, `one of ${harmlessStarts.join(', ')}: others change the base too`);
  }
  refuseSaved(config);
  for (const name of config.names) {
    if (!withoutEffect.has(name) && !read.has(name) && config.read(name) !== false) config.absent(name);
  }
  return { path, base: readBase(config, path), ...readScales(config) };
}

function refuseSaved(config: ConfigReader): void {
  const saved = config.read('modules_to_save') ?? [];
  if (!Array.isArray(saved) || !saved.every((name) => (headModules as readonly unknown[]).includes(name))) {
    config.refuse(['modules_to_save'], saved, `a list of none but the head (${headModules.join(', ')})`);
  }
}

function readBase(config: ConfigReader, path: string): AdapterBase {
  const name = config.read('base_model_name_or_path');
  if (typeof name !== 'string' || name.trim() === '') {
    throw usageError(
      `${path}: expected base_model_name_or_path to name the model that the adapter stands on, ` +
        `got ${printable(JSON.stringify(name ?? null))}; write its directory or id there`,
    );
  }
  const revision = config.read('revision');
  if (revision !== undefined && typeof revision !== 'string') config.refuse(['revision'], revision, 'a revision');
  return { name, revision: revision as string | undefined };
}

function readScales(config: ConfigReader): Pick<AdapterConfig, 'rankOf' | 'scaleOf' | 'recipe'> {
  const rank = config.positiveInteger(['r'], 8);
  // peft takes any number; 0 turns the adapter off.
  const alpha = numberIn(config, 'lora_alpha', config.read('lora_alpha') ?? 8);
  const rankStabilized = config.boolean('use_rslora', false);
  const ranks = readPatterns(config, 'rank_pattern');
  const alphas = readPatterns(config, 'alpha_pattern');
  const rankOf = (module: string): number => ranks.find(({ fits }) => fits.test(module))?.value ?? rank;
  return {
    rankOf,
    scaleOf(module) {
      const own = alphas.find(({ fits }) => fits.test(module))?.value ?? alpha;
      return own / (rankStabilized ? Math.sqrt(rankOf(module)) : rankOf(module));
    },
    recipe: {
      rank,
      alpha,
      rankStabilized,
      ranks: ranks.map(({ pattern, value }) => [pattern, value]),
      alphas: alphas.map(({ pattern, value }) => [pattern, value]),
    },
  };
}

interface Pattern {
  readonly pattern: string;
  readonly fits: RegExp;
  readonly value: number;
}

/** Patterns of modules' names, of which the first that fits counts: `re.match(rf"(.*\.)?({pattern})$", module)`. */
function readPatterns(config: ConfigReader, name: string): readonly Pattern[] {
  const table = config.read(name) ?? {};
  if (typeof table !== 'object' || Array.isArray(table)) config.refuse([name], table, 'an object');
  return Object.entries(table as object).map(([pattern, value]: [string, unknown]) => {
    const number = numberIn(config, name, value);
    if (name === 'rank_pattern' && !(Number.isSafeInteger(number) && number > 0)) {
      config.refuse([name], table, 'an object of positive integers');
    }
    try {
      // With this flag what Python reads in another way (\A, \Z, (?P<name>)) is an error, and not another pattern.
      return { pattern, value: number, fits: new RegExp(`^(?:.*\\.)?(?:${pattern})$`, 'u') };
    } catch (error) {
      throw runError(`${ADAPTER_CONFIG}: expected patterns in ${name}, got ${printable(pattern)}; ${advice}`, {
        cause: error,
      });
    }
  });
}

function numberIn(config: ConfigReader, name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) config.refuse([name], value, 'a number');
  return value as number;
}
