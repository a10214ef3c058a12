/**
 * Models that are known and not built here: what each is, and what to do about it. Whatever else is unknown is refused
 * with the list of what is built.
 */
import { join } from 'node:path';
import { type FatalError, runError } from '../../errors.js';
import { printable } from '../../platform/printable.js';
import { isOfHead } from '../architectures/heads.js';
import { architectureNames, findNetwork, type NamedNetwork } from '../architectures/index.js';
import { ConfigReader } from './config-reader.js';

type Advice = 'export' | 'own code';

interface KnownNetwork {
  /** Matches the first of config.json's `architectures`, or its `model_type` where there is none. */
  readonly names: RegExp;
  readonly why: string;
  readonly advice: Advice;
}

const known: readonly KnownNetwork[] = [
  {
    names: /^gemma_?2/i,
    why: 'Gemma 2 caps the scores of its attention (attn_logit_softcapping), which no kernel used here does',
    advice: 'export',
  },
  {
    names: /^qwen3_?(5|next)/i,
    why: 'half of its layers are linear attention, which is not built here',
    advice: 'export',
  },
  { names: /^opt/i, why: 'OPT normalises and numbers its positions in a way that is not built here', advice: 'export' },
  { names: /^internlm2/i, why: 'its code comes with the model, and none is run here', advice: 'own code' },
  {
    names: /WithGating|ArmoRM|RegressionHead/i,
    why: 'its reward is a mixture of many objectives (regression_layer, gating), which is not built here',
    advice: 'own code',
  },
  { names: /quantile/i, why: 'its head gives quantiles of a reward and not a reward', advice: 'own code' },
  {
    names: /PairRM|PairRanker/i,
    why: 'it compares two answers and gives neither a reward of its own',
    advice: 'own code',
  },
  {
    names: /ForTokenClassification$|ProcessReward|PRM|Prm/,
    why: 'it is a process reward model, which gives a reward for each step and not for a text',
    advice: 'own code',
  },
  { names: /^GPTNeoXRewardModel$/, why: 'its head has a bias and pools as its own code says', advice: 'own code' },
];

/** Tensors of heads that are known and not built here, under any architecture. */
const knownTensors: readonly (Pick<KnownNetwork, 'why'> & { readonly names: RegExp })[] = [
  { names: /^(regression_layer|gating)\./, why: 'a mixture of many objectives (ArmoRM), which is not built here' },
  { names: /quantile/, why: 'a head of quantiles, which is not built here' },
  {
    names: /^score\.\d+\./,
    why: 'a head of several layers, whose activation config.json does not say: it is built for Qwen2ForRewardModel and INFORMForSequenceClassification',
  },
  { names: /^v_head\./, why: 'a value head, which stands on a language model (ForCausalLM)' },
];

/** Fields of config.json that only such models have. */
const knownFields: readonly { readonly name: string; readonly stands: string }[] = [
  { name: 'ranker_type', stands: 'PairRanker' },
];

/**
 * @param directory named in what there is to do
 * @throws FatalError `run` where config.json names no network that is built here
 */
export function requireBuilt(config: ConfigReader, configFile: string, directory: string): NamedNetwork {
  const named = config.read('architectures');
  const modelType = config.read('model_type');
  const found = findNetwork(named, modelType);
  if (found === undefined) throw unbuilt(named, modelType, config, configFile, directory);
  return found;
}

/**
 * Refuses what the config.json in a directory names, before its weights are there. One that names nothing is refused where
 * it is read.
 */
export function refuseBeforehand(directory: string): void {
  const configFile = join(directory, 'config.json');
  const config = ConfigReader.open(configFile, {});
  const namesNothing = ['architectures', 'model_type'].every((name) => config.read(name) === undefined);
  if (!namesNothing) requireBuilt(config, configFile, directory);
}

function unbuilt(
  named: unknown,
  modelType: unknown,
  config: ConfigReader,
  configFile: string,
  directory: string,
): FatalError {
  const first: unknown = Array.isArray(named) ? named[0] : undefined;
  const name = String(first ?? modelType ?? knownFields.find((field) => config.read(field.name) !== undefined)?.stands);
  const found = known.find(({ names }) => names.test(name));
  if (found !== undefined) {
    return runError(
      `${configFile}: ${printable(name)} cannot be scored: ${found.why}; ${adviceFor(found.advice, directory)}`,
    );
  }
  const got = printable(JSON.stringify(named ?? modelType ?? null));
  const advice = /ForSequenceClassification$/.test(name) ? `; ${adviceFor('export', directory)}` : '';
  const built = architectureNames.join(', ');
  return runError(`${configFile}: expected an architecture that is built here, got ${got}${advice} (built: ${built})`);
}

function adviceFor(advice: Advice, directory: string): string {
  return advice === 'export'
    ? `export it with \`optimum-cli export onnx --model ${directory} --task text-classification DIR\`, and name DIR/model.onnx`
    : 'score with the code on its card: rows that carry rewards can be chosen from and evaluated without a model';
}

/**
 * Says what a head is that stands in the place of `score.weight`, and why there is no reward without one.
 *
 * @param missing names of tensors that the network needs and the checkpoint lacks
 * @param unexpected names of those that it has, and the network does not need
 * @returns a clause for the message; empty where it is not the head that is wrong
 */
export function explainHead(missing: readonly string[], unexpected: readonly string[]): string {
  const found = knownTensors.find(({ names }) => unexpected.some((name) => names.test(name)));
  if (found !== undefined) return `; it has ${found.why}`;
  return missing.length > 0 && missing.every(isOfHead)
    ? '; without its head there is no reward, and a random one is never used: name a checkpoint that was saved with it'
    : '';
}
