/**
 * How the texts of a model are read: what the user says, else what the model's files say, else what its family is
 * known for, else what its architecture is. Each value comes with its source, so that nothing is assumed in silence.
 */
import { usageError } from '../errors.js';
import type { RowDefaults } from '../model/architectures/family-facts.js';
import type { ChatTemplate } from '../model/tokenizer/chat-template.js';
import type { AddedTexts, TruncationSide } from '../model/tokenizer/tokenizer.js';
import { optionName } from '../option-name.js';
import type { LastSpeaker } from '../rows/kinds/reading.js';
import { isBuiltInTemplate, isLayout } from '../rows/templates.js';
import type { KnownModel } from './known-models.js';

/** A value, and what it comes from, in words. */
interface Setting<T> {
  readonly value: T;
  readonly source: string;
}

/** What comes with a model, and can be set by options. */
export interface ModelSettings {
  /** A built-in template's name, a Jinja file's, or that of the model's own; `none`; undefined where there is none. */
  readonly template: Setting<string | undefined>;
  /** In tokens. */
  readonly maxLength: Setting<number>;
  readonly truncationSide: Setting<TruncationSide>;
  readonly lastSpeaker: Setting<LastSpeaker>;
  /** Where a text's reward is read, in words. */
  readonly pooling: Setting<string>;
  /** What the reward is read from, in words. */
  readonly head: Setting<string>;
  /** What stands around every text; undefined as long as the tokenizer is not loaded. */
  readonly specialTokens?: Setting<AddedTexts> | undefined;
}

/** The model's own chat template, as messages and summaries call it. */
export const OWN_TEMPLATE = 'model';

export const SPECIAL_TOKENS_SOURCE = 'the tokenizer';

/** Longer texts of a decoder are rare, and their memory is not. */
const LONGEST_BY_DEFAULT = 16_384;

/** A length beyond it is how tokenizers write that there is none. */
const NO_LENGTH = 1e9;

export interface SettingFacts {
  /** What the user asks for. */
  readonly asked: {
    readonly template?: string | undefined;
    readonly maxLength?: number | undefined;
    readonly truncationSide?: TruncationSide | undefined;
    readonly lastSpeaker?: LastSpeaker | undefined;
  };
  /** What the model's architecture is, as a message names it: GPT-2, say. */
  readonly family: string;
  readonly defaults: RowDefaults;
  readonly maxPositions: number;
  /** Undefined where no template comes with the tokenizer. */
  readonly chatTemplate: ChatTemplate | undefined;
  /** The content of tokenizer_config.json. */
  readonly tokenizerConfig: Readonly<Record<string, unknown>>;
  readonly known: KnownModel | undefined;
  readonly pooling: Setting<string>;
  readonly head: Setting<string>;
  /** Whether the model is one of the next token, whose text has to be written as it was trained. */
  readonly isLanguageModel: boolean;
}

/** @throws FatalError `usage` for more tokens than the network has positions, or a template that does not fit the model */
export function chooseSettings(facts: SettingFacts): ModelSettings {
  const template = chooseTemplate(facts);
  return {
    template,
    maxLength: chooseLength(facts),
    truncationSide: chooseSide(facts),
    lastSpeaker: chooseLastSpeaker(facts, template.value),
    pooling: facts.pooling,
    head: facts.head,
  };
}

function chooseTemplate(facts: SettingFacts): ModelSettings['template'] {
  const { asked, chatTemplate, known, defaults, family } = facts;
  if (facts.isLanguageModel) return chooseTemplateOfLanguageModel(asked.template);
  if (asked.template !== undefined) return { value: asked.template, source: optionName('template') };
  if (chatTemplate !== undefined) return { value: OWN_TEMPLATE, source: chatTemplate.file };
  if (known !== undefined) return { value: known.layout, source: known.source };
  return { value: defaults.layout, source: defaultOf(family) };
}

/** The built-in templates, and the model's own, do not write what asks for the next token. */
function chooseTemplateOfLanguageModel(asked: string | undefined): ModelSettings['template'] {
  if (asked === undefined) return { value: undefined, source: optionName('head') };
  if (asked === OWN_TEMPLATE || isBuiltInTemplate(asked) || asked === 'pair') {
    throw usageError(
      `expected a Jinja file with ${optionName('head')}, which writes the generation prompt too, got ${optionName('template')} ${asked}; ` +
        'or rows of text',
    );
  }
  return { value: asked === 'none' ? undefined : asked, source: optionName('template') };
}

function chooseLength(facts: SettingFacts): ModelSettings['maxLength'] {
  const { asked, maxPositions, chatTemplate, known, defaults, tokenizerConfig, family } = facts;
  if (asked.maxLength !== undefined) {
    if (asked.maxLength > maxPositions) {
      throw usageError(
        `expected ${optionName('maxLength')} of at most ${maxPositions}, the model's positions, got ${asked.maxLength}`,
      );
    }
    return { value: asked.maxLength, source: optionName('maxLength') };
  }
  const usual =
    chatTemplate !== undefined
      ? undefined
      : known !== undefined
        ? { value: known.length, source: known.source }
        : defaults.length === undefined
          ? undefined
          : { value: defaults.length, source: defaultOf(family) };
  const { model_max_length: stated } = tokenizerConfig;
  const limits = [
    usual ?? { value: LONGEST_BY_DEFAULT, source: `the longest by default; ${optionName('maxLength')} sets more` },
    ...(typeof stated === 'number' && stated >= 1 && stated <= NO_LENGTH
      ? [{ value: Math.floor(stated), source: 'model_max_length' }]
      : []),
    { value: maxPositions, source: 'max_position_embeddings' },
  ];
  return limits.reduce((least, limit) => (limit.value < least.value ? limit : least));
}

function chooseSide({ asked, defaults, tokenizerConfig, family }: SettingFacts): ModelSettings['truncationSide'] {
  if (asked.truncationSide !== undefined) return { value: asked.truncationSide, source: optionName('truncationSide') };
  if (defaults.side === 'left') return { value: 'left', source: defaultOf(family) };
  const { truncation_side: stated } = tokenizerConfig;
  if (stated === 'left' || stated === 'right') return { value: stated, source: 'tokenizer_config.json' };
  return { value: 'right', source: defaultOf(family) };
}

function chooseLastSpeaker(facts: SettingFacts, template: string | undefined): ModelSettings['lastSpeaker'] {
  const { asked, isLanguageModel } = facts;
  if (asked.lastSpeaker !== undefined) return { value: asked.lastSpeaker, source: optionName('lastSpeaker') };
  // It is the user's message that the model is to answer.
  if (isLanguageModel) return { value: 'any', source: optionName('head') };
  const isOpen = template === undefined || template === 'none' || template === 'pair' || isLayout(template);
  return { value: isOpen ? 'any' : 'assistant', source: isOpen ? 'a layout' : 'a chat template' };
}

const defaultOf = (family: string): string => `the default for ${family}`;

/** The line that says how texts are read, e.g. `reading: template chai, 256 tokens, cut left (the default for GPT2)`. */
export function settingsInWords({ template, maxLength, truncationSide }: ModelSettings): string {
  const tokens = maxLength.value === 1 ? '1 token' : `${maxLength.value.toLocaleString('en-US')} tokens`;
  const parts = [
    { text: templateInWords(template.value), source: template.source },
    { text: tokens, source: maxLength.source },
    { text: `cut ${truncationSide.value}`, source: truncationSide.source },
  ];
  // A source that several have in a row stands once, after the last of them.
  const withSources = parts.map(({ text, source }, i) =>
    source === parts[i + 1]?.source ? text : `${text} (${source})`,
  );
  return `reading: ${withSources.join(', ')}`;
}

function templateInWords(name: string | undefined): string {
  if (name === undefined) return 'no template for messages';
  if (name === OWN_TEMPLATE) return 'template of the model';
  if (name === 'pair') return 'texts, or pairs of them';
  return name === 'none' ? 'texts as they are' : `template ${name}`;
}
