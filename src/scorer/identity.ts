/** Which scorer it is: everything that a reward depends on, and the words that a summary has for it. */
import { createHash } from 'node:crypto';
import { countParameters } from '../model/architectures/network.js';
import { cpu } from '../model/backend/cpu.js';
import { hashTokenizerFiles, tokenizerFileHashes } from '../model/tokenizer/directory.js';
import type { ReadyModel, ScoringSettings } from './protocol.js';
import type { ResolvedModel } from './resolve.js';

/** Settings and digests by name: the name of an option, or what else it is called. */
export type Fingerprint = Readonly<Record<string, string | number | boolean | null>>;

export interface ScorerIdentity {
  readonly model: {
    readonly name: string;
    readonly sha256: string;
    readonly revision: string | null;
    readonly architecture: string;
    readonly parameters: number;
    readonly precision: string;
    readonly tokenizerSha256: string;
  };
  readonly scoring: {
    readonly maxLength: number;
    readonly truncationSide: string;
    readonly reserve: number;
    readonly pooling: string;
    readonly activation: string;
    readonly logit: string | undefined;
    readonly template: string;
  };
  /** What rounds rewards. */
  readonly onnxruntime: string;
  /** Digest of the processor's kind and features. */
  readonly cpu: string;
  readonly fingerprint: Fingerprint;
}

export function identityOf(resolved: ResolvedModel, ready: ReadyModel): ScorerIdentity {
  const { checkpoint, scoring, modelName, revision, precision, tokenizerDirectory } = resolved;
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
      tokenizerSha256: hashTokenizerFiles(tokenizerDirectory),
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
    onnxruntime,
    cpu: digest(device),
    fingerprint: {
      'the weights': digest(ready.sha256),
      'config.json': digest(network),
      ...fileFingerprint(tokenizerDirectory),
      precision,
      ...settingsFingerprint(scoring),
    },
  };
}

/** Each file of the tokenizer under its own name, so that a message can say which one has changed. */
const fileFingerprint = (tokenizerDirectory: string): Fingerprint =>
  Object.fromEntries(
    Object.entries(tokenizerFileHashes(tokenizerDirectory)).map(([name, sha256]) => [name, digest(sha256)]),
  );

/** Every setting, so that none can be forgotten. */
function settingsFingerprint({ template, ...settings }: ScoringSettings): Fingerprint {
  return {
    ...(Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [name, value ?? null]),
    ) satisfies Fingerprint),
    template: settings.templateGiven ? template.name : null,
    'the template': template.jinja === undefined ? null : digest(template.jinja),
  };
}

/** Enough of a digest to tell one from another, and to be read by a person. */
const digest = (...parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
