/** A request for a scorer, from the command line, the library or the server: checked, and filled with defaults. */
import { inspect } from 'node:util';
import { usageError } from '../errors.js';
import { type Activation, activations } from '../model/activation.js';
import { ASKED_HEADS, parseHead } from '../model/checkpoint/asked-head.js';
import { type Precision, precisions } from '../model/precision.js';
import type { TruncationSide } from '../model/tokenizer/tokenizer.js';
import { optionName } from '../option-name.js';
import { isDay } from '../platform/calendar.js';
import { type LastSpeaker, lastSpeakers } from '../rows/kinds/reading.js';

/** An option that is left out, or undefined, has its default. */
export interface ScorerRequest {
  /** A model directory in Hugging Face form, an id on the hub, or an .onnx file. Default: the bundled starter. */
  readonly model?: string | undefined;
  /** Another directory, or id on the Hugging Face Hub, for the tokenizer's files. Default: the model's own. */
  readonly tokenizer?: string | undefined;
  /** Number of tokens to which a text is cut. Default: what comes with the model; 256 for GPT-2. */
  readonly maxLength?: number | undefined;
  /** Where a longer text is cut. Default: `left`; for an encoder, as its tokenizer says. */
  readonly truncationSide?: TruncationSide | undefined;
  /**
   * Cuts a long prompt so that a response of so many tokens would fit, however long its own is: candidates are scored
   * after the same context, which is computed once. Default: 0, where a text is cut as a whole.
   */
  readonly reserve?: number | undefined;
  /** The function of the logit that is the reward. Default: `none`. */
  readonly activation?: Activation | undefined;
  /**
   * `int8` is about twice as fast, with rewards that are close on most models; `auto` computes each matrix as finely as
   * the rewards need to be close, and all of them in fp32 where that is as fast. Default: `fp32`.
   */
  readonly precision?: Precision | undefined;
  /**
   * The reward of a causal language model that has no reward head: `yes-no:A,B`, the logit of A as the next token less
   * that of B, or `token:N`, the logit of token N. Default: none, and such a model is refused.
   */
  readonly head?: string | undefined;
  /** Index or name of the label that is the reward; needed for, and only for, a model with more than one. */
  readonly logit?: string | undefined;
  /**
   * How messages become text: `chai`, `dialogrpt`, `chatml`, `model`, `pair` (two texts, for encoders), `none` (texts
   * are used as they are), or a Jinja file. Default: the model's own chat template; for GPT-2 without one, `chai`; for
   * an encoder, `pair`.
   */
  readonly template?: string | undefined;
  /** The day that a template's `strftime_now` gives, as YYYY-MM-DD. Default: the local day on which the model is opened. */
  readonly templateDate?: string | undefined;
  /** Whose message may be the last where there is no response. Default: `any` in a layout, `assistant` in a chat template. */
  readonly lastSpeaker?: LastSpeaker | undefined;
  /** Author of a response, where a row has no `bot_name`. Default: it follows from the other authors. */
  readonly botName?: string | undefined;
  /** Author of a string prompt, and of messages that state none. */
  readonly userName?: string | undefined;
  /** Field of a system message beside a prompt or messages; `none` if there is none. Default: `system`. */
  readonly system?: string | undefined;
  /** Worker threads. Default: 0, one for each core, as far as memory and the input have use for them. */
  readonly workers?: number | undefined;
  /** Seconds without a heartbeat after which a worker counts as crashed. Default: 600. */
  readonly workerTimeout?: number | undefined;
  /** Whether to store the prepared model on disk for the next load. Default: true. */
  readonly cache?: boolean | undefined;
  /** Whether to throw an error where there would be a notice. Default: false. */
  readonly strict?: boolean | undefined;
  /**
   * Whether to never use the network, so that a model from the hub must have been downloaded before. Default: false.
   */
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

/** Of a model with several labels, asks for a reward of each. */
export const ALL_LABELS = 'all';

/** More threads are probably a typing mistake, and Node ends without a message when memory for them runs out. */
export const MOST_WORKERS = 256;

/** A timer of Node takes no more milliseconds than an int32 holds. */
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
  head: {
    expected: `${ASKED_HEADS}, with two words or the id of a token`,
    accepts: (value) => typeof value === 'string' && parseHead(value) !== undefined,
  },
  logit: text('the number or name of a label'),
  template: text('chai, dialogrpt, chatml, model, pair, none or a Jinja file'),
  lastSpeaker: oneOf(lastSpeakers),
  botName: text('a name'),
  userName: text('a name'),
  system: text('the name of a field, or none'),
  templateDate: { expected: 'a day as YYYY-MM-DD', accepts: (value) => typeof value === 'string' && isDay(value) },
  workers: wholeNumber(0, MOST_WORKERS),
  workerTimeout: wholeNumber(1, MOST_TIMEOUT_S),
  cache: flag,
  strict: flag,
  offline: flag,
};

/** The names of all options of a request. */
export const requestOptions = Object.keys(options) as readonly (keyof ScorerRequest)[];

/**
 * @throws FatalError `usage` for a value that an option does not take, or an unknown option: a misspelled one would
 *   silently leave rewards at their defaults
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
  const { model, tokenizer, maxLength, truncationSide, head, logit, template, templateDate } = request;
  const { lastSpeaker, botName, userName, system } = request;
  return {
    model,
    tokenizer,
    maxLength,
    truncationSide,
    head,
    logit,
    template,
    templateDate,
    lastSpeaker,
    botName,
    userName,
    system,
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

/** A value of any type, in a message. */
export const shown = (value: unknown): string =>
  typeof value === 'string'
    ? JSON.stringify(value)
    : inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY });
