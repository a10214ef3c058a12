/** What is asked of a scorer, by whatever door: checked, and filled with defaults. */
import { usageError } from '../errors.js';
import { type Activation, activations } from '../model/activation.js';
import { type Precision, precisions } from '../model/precision.js';
import type { TruncationSide } from '../model/tokenizer/tokenizer.js';
import { optionName } from '../option-name.js';

/** An option that is left out, or undefined, has its default. */
export interface ScorerRequest {
  /** A model directory in Hugging Face form, an id on the hub, or an .onnx file. Default: the bundled starter. */
  readonly model?: string | undefined;
  /** Another directory, or id on the Hugging Face Hub, for the tokenizer's files. Default: the model's own. */
  readonly tokenizer?: string | undefined;
  /** Tokens kept of a text. Default: 256, or what the model has room for. */
  readonly maxLength?: number | undefined;
  /** Where a longer text is cut. Default: `left`. */
  readonly truncationSide?: TruncationSide | undefined;
  /**
   * Cut a long prompt so that a response of so many tokens would fit, however long its own is: candidates are judged
   * after the same context, which is computed once. Default: 0, a text is cut as a whole.
   */
  readonly reserve?: number | undefined;
  /** What is made of the logit. Default: `none`. */
  readonly activation?: Activation | undefined;
  /** `int8`: about twice as fast, with rewards that are near. Default: `fp32`. */
  readonly precision?: Precision | undefined;
  /** Index or name of the label to report; needed for, and only for, a model with more than one. */
  readonly logit?: string | undefined;
  /** How messages become text: `chai` (the default), `dialogrpt`, `chatml`, `model`, or a Jinja file. */
  readonly template?: string | undefined;
  /** Worker threads. Default: 0, one for each core, as far as memory and the input have use for them. */
  readonly workers?: number | undefined;
  /** Seconds without a sign of life after which a worker counts as dead. Default: 600. */
  readonly workerTimeout?: number | undefined;
  /** Keep the prepared model on disk for the next load. Default: true. */
  readonly cache?: boolean | undefined;
  /** Refuse what would otherwise be a notice. Default: false. */
  readonly strict?: boolean | undefined;
  /** Never reach the network: a model from the hub must have been downloaded before. Default: false. */
  readonly offline?: boolean | undefined;
}

type WithDefault =
  | 'reserve'
  | 'activation'
  | 'precision'
  | 'workers'
  | 'workerTimeout'
  | 'cache'
  | 'strict'
  | 'offline';

/** A request in which every option that has a default has a value. */
export type FilledRequest = {
  readonly [K in Exclude<keyof ScorerRequest, WithDefault>]-?: ScorerRequest[K];
} & { readonly [K in WithDefault]-?: NonNullable<ScorerRequest[K]> };

/** Threads beyond this are a slip of the finger, and Node ends without a word when memory for them runs out. */
export const MOST_WORKERS = 256;

/** A timer of Node's takes no more milliseconds than an int32 holds. */
export const MOST_TIMEOUT_S = 1_000_000;

interface Option {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

const wholeNumber = (least: number, most = Number.MAX_SAFE_INTEGER): Option => ({
  expected:
    most === Number.MAX_SAFE_INTEGER ? `a whole number from ${least} up` : `a whole number from ${least} to ${most}`,
  accepts: (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
});
const oneOf = (choices: readonly string[]): Option => ({
  expected: `one of ${choices.join(', ')}`,
  accepts: (value) => choices.includes(value as string),
});
const text = (what: string): Option => ({
  expected: what,
  accepts: (value) => typeof value === 'string' && value.trim() !== '',
});
const flag: Option = { expected: 'true or false', accepts: (value) => typeof value === 'boolean' };

const options: { readonly [K in keyof ScorerRequest]-?: Option } = {
  model: text('a directory, an id on the hub or an .onnx file'),
  tokenizer: text('a directory or an id on the hub'),
  maxLength: wholeNumber(1),
  truncationSide: oneOf(['left', 'right'] satisfies TruncationSide[]),
  reserve: wholeNumber(0),
  activation: oneOf(activations),
  precision: oneOf(precisions),
  logit: text('the number or name of a label'),
  template: text('chai, dialogrpt, chatml, model or a Jinja file'),
  workers: wholeNumber(0, MOST_WORKERS),
  workerTimeout: wholeNumber(1, MOST_TIMEOUT_S),
  cache: flag,
  strict: flag,
  offline: flag,
};

/** The names of all options of a request. */
export const requestOptions = Object.keys(options) as readonly (keyof ScorerRequest)[];

/**
 * @throws FatalError `usage` for a value that an option does not take, or an option that there is not: a misspelled one
 *   would leave rewards as they are by default, without a word
 */
export function fillRequest(request: ScorerRequest): FilledRequest {
  for (const [name, value] of Object.entries(request)) {
    if (!Object.hasOwn(options, name)) {
      throw usageError(`expected options ${requestOptions.map(optionName).join(', ')}, got ${optionName(name)}`);
    }
    const { expected, accepts } = options[name as keyof ScorerRequest];
    if (value !== undefined && !accepts(value)) {
      throw usageError(`expected ${optionName(name)} to be ${expected}, got ${shown(value)}`);
    }
  }
  const { model, tokenizer, maxLength, truncationSide, logit, template } = request;
  return {
    model,
    tokenizer,
    maxLength,
    truncationSide,
    logit,
    template,
    reserve: request.reserve ?? 0,
    activation: request.activation ?? 'none',
    precision: request.precision ?? 'fp32',
    workers: request.workers ?? 0,
    workerTimeout: request.workerTimeout ?? 600,
    cache: request.cache ?? true,
    strict: request.strict ?? false,
    offline: request.offline ?? false,
  };
}

const shown = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value) : String(value));
