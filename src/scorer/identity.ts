/** Which scorer it is: everything that a reward depends on, and the words that a summary has for it. */
import { createHash } from 'node:crypto';
import { countParameters } from '../model/architectures/network.js';
import { cpu } from '../model/backend/cpu.js';
import { countMix, type MixCounts } from '../model/int8/mix.js';
import { hashTokenizerFiles, tokenizerFileHashes } from '../model/tokenizer/directory.js';
import { tokenizerClassIn } from '../model/tokenizer/files.js';
import { optionName } from '../option-name.js';
import type { ReadyModel, ScoringSettings } from './protocol.js';
import type { ResolvedModel } from './resolve.js';

/** Settings and digests by the name that a message gives them: an option as it is spelled, a file, or a field of one. */
export type Fingerprint = Readonly<Record<string, string | number | boolean | null>>;

export interface ScorerIdentity {
  readonly model: {
    readonly name: string;
    readonly sha256: string;
    readonly revision: string | null;
    readonly architecture: string;
    readonly parameters: number;
    readonly precision: string;
    /** How many matrices became what, where the precision is `auto`. */
    readonly mix?: MixCounts;
    readonly tokenizerSha256: string;
  };
  readonly scoring: {
    readonly maxLength: number;
    readonly truncationSide: string;
    readonly reserve: number;
    readonly pooling: string;
    readonly activation: string;
    /** What the reward is read from, in words. */
    readonly head: string;
    readonly logit: string | undefined;
    readonly template: string;
    /** The day that the template prints, as YYYY-MM-DD; undefined where it prints none. */
    readonly templateDate: string | undefined;
    readonly lastSpeaker: string;
    readonly botName: string | undefined;
    readonly userName: string | undefined;
    readonly system: string | undefined;
    /** What each of the settings that come with a model comes from, in words. */
    readonly sources: Readonly<Record<string, string>>;
  };
  /** What rounds rewards. */
  readonly onnxruntime: string;
  /** Digest of the processor's kind and features. */
  readonly cpu: string;
  readonly fingerprint: Fingerprint;
}

export function identityOf(resolved: ResolvedModel, ready: ReadyModel): ScorerIdentity {
  const { checkpoint, scoring, settings, modelName, revision, precision, tokenizerDirectory } = resolved;
  const { network } = checkpoint;
  const exported = ready.kind === 'exported';
  const { onnxruntime, device } = cpu.identity();
  return {
    model: {
      name: modelName,
      sha256: ready.sha256,
      revision: revision ?? null,
      architecture: network.architecture,
      parameters: exported ? ready.parameters : countParameters(network),
      precision: exported ? 'as exported' : precision,
      ...(!exported && ready.mix && { mix: countMix(ready.mix) }),
      tokenizerSha256: hashTokenizerFiles(tokenizerDirectory),
    },
    scoring: {
      maxLength: scoring.maxLength,
      truncationSide: scoring.truncationSide,
      reserve: scoring.reserve,
      pooling: settings.pooling.value,
      activation: scoring.activation,
      head: settings.head.value,
      logit: scoring.logit === 'all' ? 'all' : network.labels[scoring.logit],
      template: scoring.template.name,
      templateDate: scoring.templateDate,
      lastSpeaker: scoring.lastSpeaker,
      botName: scoring.botName,
      userName: scoring.userName,
      system: scoring.system,
      sources: Object.fromEntries(Object.entries(settings).map(([name, { source }]) => [name, source])),
    },
    onnxruntime,
    cpu: digest(device),
    fingerprint: {
      [checkpoint.kind === 'exported' ? 'the .onnx file' : checkpoint.weightNames.join(' or ')]: digest(ready.sha256),
      'config.json': digest(withoutSize(network)),
      ...(checkpoint.kind === 'checkpoint' && checkpoint.base && { 'adapter_config.json': digest(checkpoint.recipe) }),
      ...fileFingerprint(tokenizerDirectory),
      'the class of the tokenizer': tokenizerClassIn(tokenizerDirectory),
      [optionName('precision')]: precision,
      ...(!exported && ready.mix && { [`what ${optionName('precision')} auto chose`]: digest(ready.mix.matrices) }),
      ...settingsFingerprint(scoring),
    },
  };
}

/**
 * All that config.json says of a network, which for 80 layers takes 20 ms; fields that nothing reads may change. The size
 * of a graph's files is not from there, and they have a digest of their own.
 */
const withoutSize = (network: ResolvedModel['checkpoint']['network']): object =>
  'bytes' in network ? { ...network, bytes: null } : network;

/** Each file of the tokenizer under its own name, so that a message can say which one has changed. */
const fileFingerprint = (tokenizerDirectory: string): Fingerprint =>
  Object.fromEntries(
    Object.entries(tokenizerFileHashes(tokenizerDirectory)).map(([name, sha256]) => [name, digest(sha256)]),
  );

/** What messages call each setting: one without a name here does not compile, so that none can be forgotten. */
const namesOfSettings = {
  maxLength: () => optionName('maxLength'),
  truncationSide: () => optionName('truncationSide'),
  reserve: () => optionName('reserve'),
  activation: () => optionName('activation'),
  head: () => optionName('head'),
  logit: () => optionName('logit'),
  labels: () => 'the number of labels',
  vocabularySize: () => 'vocab_size',
  padTokenId: () => 'pad_token_id',
  eosTokenId: () => 'eos_token_id',
  templateDate: () => optionName('templateDate'),
  lastSpeaker: () => optionName('lastSpeaker'),
  botName: () => optionName('botName'),
  userName: () => optionName('userName'),
  system: () => optionName('system'),
} as const satisfies Record<Exclude<keyof ScoringSettings, 'template'>, () => string>;

function settingsFingerprint({ template, ...settings }: ScoringSettings): Fingerprint {
  const named = Object.entries(namesOfSettings).map(([key, name]): [string, string | number | null] => [
    name(),
    settings[key as keyof typeof namesOfSettings] ?? null,
  ]);
  return {
    ...Object.fromEntries(named),
    [optionName('template')]: template.name,
    'the text of the template': template.jinja === undefined ? null : digest(template.jinja),
  };
}

/** Enough of a digest to tell one from another, and to be read by a person. */
const digest = (...parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
