/**
 * The texts to score in a row of each kind. A row is an object of fields; this module knows nothing of bytes.
 */

import { optionName } from '../../option-name.js';
import { preview, typeInWords } from '../describe-value.js';
import { failure, isFailure, type RowFailure, wrongUse } from '../failure.js';
import type { HintCode, NoticeCode } from '../notices.js';
import type { Template } from '../templates.js';
import { addedMessages, type Conversation, type Message, readMessages } from './conversation.js';
import { findKind, type RowKind } from './kinds.js';
import type { Reading } from './reading.js';
import { refuseFields } from './refuse-fields.js';
import { candidateText } from './responses.js';
import {
  BOT_NAME,
  contextRole,
  conversationRole,
  type Field,
  findFields,
  type NamedFields,
  type Role,
  type Row,
} from './roles.js';
import { authorOfResponse, chatRoleOf, roleOf, speakersKnownTo } from './speakers.js';

/** So many joined rows of prompt and response suffice to see that there is no white space between them. */
export const BOUNDARIES_TO_CHECK = 100;

/** A text to score. */
export interface TextToScore {
  readonly text: string;
  /** The part before the response; undefined where it is not known, or was not requested. */
  readonly prompt?: string;
  readonly judged: Judged;
}

/** What a text's reward judges: the response, or the last message. */
export interface Judged {
  /** Where the row has it: `candidates[1]`, `messages`. */
  readonly field: string;
  /** Who wrote it; undefined where the row does not say it. */
  readonly author?: string;
  readonly content: string;
}

/**
 * The texts of a row, in the order in which their rewards are written. A text that cannot be scored is a failure in its
 * place.
 */
export interface ScorableRow {
  readonly kind: RowKind;
  readonly texts: readonly (TextToScore | RowFailure)[];
  /** Whether the template made the texts, and they were not used unchanged or joined. */
  readonly templated: boolean;
  /** For prompt + response as strings: whether there is white space on either side of the border between them. */
  readonly boundaryHasSpace?: boolean;
  readonly notices: readonly NoticeCode[];
  readonly hints: readonly HintCode[];
}

export interface TextSettings {
  readonly fields: NamedFields;
  readonly template: Template;
  readonly reading: Reading;
  readonly prompts: Prompts;
}

/** Whether prompts are requested. Where they are needed, a text whose prompt cannot be rendered is a bad one. */
export type Prompts = 'unused' | 'wanted' | 'needed';

/** Reads a row as the first kind that fits; fields that flags name have precedence. */
export function readRow(row: Row, settings: TextSettings): ScorableRow | RowFailure {
  const found = findFields(row, settings.fields);
  const kind = findKind(found, settings.fields)?.kind;
  const refused = refuseFields(row, found, kind, settings);
  if (refused !== undefined) return refused;
  if (kind === undefined) return failure('BAD_ROW', missingFields(row, settings));
  const reader = new RowReader(row, found, settings);
  const texts = reader.read(kind);
  if (isFailure(texts)) return texts;
  const { templated, notices, hints } = reader;
  return { kind, ...texts, templated, notices: [...notices], hints: [...hints] };
}

type Texts = Pick<ScorableRow, 'texts' | 'boundaryHasSpace'> & Partial<Pick<ScorableRow, 'kind'>>;

/** Makes the text of a response (named in failures) after a context that is read once for the row. */
type JoinResponse = (response: unknown, name: string) => TextToScore | RowFailure;

class RowReader {
  templated = false;
  readonly notices = new Set<NoticeCode>();
  readonly hints = new Set<HintCode>();
  readonly #row: Row;
  readonly #found: ReadonlyMap<Role, Field>;
  readonly #settings: TextSettings;
  readonly #botName: string | undefined;

  constructor(row: Row, found: ReadonlyMap<Role, Field>, settings: TextSettings) {
    this.#row = row;
    this.#found = found;
    this.#settings = settings;
    // An empty cell of CSV means that there is none.
    const named = row[BOT_NAME];
    this.#botName = typeof named === 'string' && named !== '' ? named : settings.reading.botName;
  }

  read(kind: RowKind): Texts | RowFailure {
    switch (kind) {
      case 'text':
        return this.#readText();
      case 'pair':
        return this.#readPair();
      case 'candidates':
        return this.#readCandidates();
      case 'response':
        return this.#readResponse();
      case 'messages':
        return this.#readConversation();
    }
  }

  #field(role: Role | undefined): Field {
    return this.#found.get(role as Role) as Field;
  }

  #readText(): Texts | RowFailure {
    const { name, value } = this.#field('text');
    if (typeof value !== 'string')
      return failure('BAD_ROW', `expected ${name} to be a string, got ${typeInWords(value)}`);
    return { texts: [value === '' ? failure('EMPTY_TEXT', `${name} is empty`) : asItIs(value, name)] };
  }

  #readPair(): Texts | RowFailure {
    // Without a context, the two sides are whole texts, or whole conversations.
    const isWhole = contextRole(this.#found, this.#settings.fields) === undefined;
    const context = isWhole ? this.#joinWhole() : this.#readContext();
    if (isFailure(context)) return context;
    const texts = [this.#field('chosen'), this.#field('rejected')].map(({ name, value }) => context(value, name));
    return failureForAll(texts) ?? { texts };
  }

  #readCandidates(): Texts | RowFailure {
    const { name, value } = this.#field('candidates');
    if (!Array.isArray(value)) return failure('BAD_ROW', `expected ${name} to be an array, got ${typeInWords(value)}`);
    if (value.length === 0) return failure('EMPTY_TEXT', `${name} is empty`);
    const context = this.#readContext();
    if (isFailure(context)) return context;
    const texts = value.map((item: unknown, index) => {
      const text = context(candidateText(item), `${name}[${index}]`);
      return isFailure(text) ? { ...text, index } : text;
    });
    return failureForAll(texts) ?? { texts };
  }

  #readResponse(): Texts | RowFailure {
    const { name, value } = this.#field('response');
    const context = this.#readContext();
    if (isFailure(context)) return context;
    const text = context(value, name);
    if (isFailure(text) && text.wrongUse) return text;
    const prompt = this.#field(contextRole(this.#found, this.#settings.fields)).value;
    if (typeof prompt !== 'string') return { kind: 'messages', texts: [text] };
    const isJoined = typeof value === 'string' && this.#settings.reading.kind !== 'chat';
    return {
      texts: [text],
      ...(isJoined && { boundaryHasSpace: prompt === '' || /\s$/.test(prompt) || /^\s/.test(value) }),
    };
  }

  #readConversation(): Texts | RowFailure {
    const { name, value } = this.#field(conversationRole(this.#found, this.#settings.fields));
    const refused = this.#refuseMessages(name);
    if (refused !== undefined) return refused;
    const messages = readMessages(value, name, this.#settings.reading.userName);
    if (isFailure(messages)) return messages;
    const last = messages.at(-1);
    if (last === undefined) return failure('EMPTY_TEXT', `expected ${name} to hold a message, got none`);
    if (last.content === '') return failure('EMPTY_TEXT', `the last of ${name} is empty`);
    const context = this.#withSystem(messages);
    if (isFailure(context)) return context;
    const text = this.#render(context, name);
    return isFailure(text) && text.wrongUse ? text : { texts: [text] };
  }

  /** Where no text comes before the sides of a pair. */
  #joinWhole(): JoinResponse {
    const asMessages = this.#joinMessages([]);
    return (response, name) => {
      if (typeof response !== 'string') return asMessages(response, name);
      if (response === '') return failure('EMPTY_TEXT', `${name} is empty`);
      if (this.#settings.reading.kind !== 'chat') return asItIs(response, name);
      return wrongUse(
        `expected a prompt beside ${name}, which a chat template needs, got whole texts; score them as they are with ${optionName('template')} none`,
      );
    };
  }

  #readContext(): JoinResponse | RowFailure {
    const { name, value } = this.#field(contextRole(this.#found, this.#settings.fields));
    const { kind, userName } = this.#settings.reading;
    if (typeof value === 'string' && !this.#isMessagesField()) {
      return kind === 'chat' ? this.#readChatPrompt(value) : this.#readPlainPrompt(value, name, userName);
    }
    const refused = this.#refuseMessages(name);
    if (refused !== undefined) return refused;
    const messages = readMessages(value, name, userName);
    if (isFailure(messages)) return messages;
    const context = this.#withSystem(messages);
    return isFailure(context) ? context : this.#joinMessages(context);
  }

  /** A string in a field of messages is JSON. */
  #isMessagesField(): boolean {
    return contextRole(this.#found, this.#settings.fields) === 'messages';
  }

  /** A prompt before a chat template is a message of the user. */
  #readChatPrompt(prompt: string): JoinResponse | RowFailure {
    const { openings } = this.#settings.reading;
    if (openings.some((opening) => prompt.startsWith(opening))) this.notices.add('PROMPT_RENDERED');
    const context = this.#withSystem([{ author: 'user', content: prompt }]);
    return isFailure(context) ? context : this.#joinMessages(context);
  }

  /** Appends strings to the prompt with nothing in between; those in messages come after the prompt as one. */
  #readPlainPrompt(prompt: string, name: string, userName: string | undefined): JoinResponse | RowFailure {
    const { reading } = this.#settings;
    if (reading.kind === 'pair') return refusePair(name);
    if (reading.kind === 'language model') return refuseParts(name);
    const { field, value: system } = this.#system();
    if (system !== undefined && system !== '') {
      if (reading.system !== undefined) {
        return wrongUse(
          `expected messages, or a chat template, beside ${field} (${optionName('system')}), got the text ${name}, which has no place for it`,
        );
      }
      this.hints.add('SYSTEM_UNREAD');
    }
    const asMessages = this.#joinMessages([{ author: userName ?? 'user', content: prompt }]);
    return (response, responseName) => {
      if (typeof response !== 'string') return asMessages(response, responseName);
      if (response === '') return failure('EMPTY_TEXT', `${responseName} is empty`);
      return { text: prompt + response, prompt, judged: { field: responseName, content: response } };
    };
  }

  /** Adds responses as messages after those of the context. */
  #joinMessages(context: readonly Message[]): JoinResponse {
    const { reading } = this.#settings;
    return (response, name) => {
      if (typeof response !== 'string' && !Array.isArray(response)) return notAText(response, name);
      if (typeof response === 'string') {
        if (response === '') return failure('EMPTY_TEXT', `${name} is empty`);
        return this.#render([...context, { author: this.#authorAfter(context), content: response }], name);
      }
      const refused = this.#refuseMessages(name);
      if (refused !== undefined) return refused;
      const messages = readMessages(response, name, reading.userName);
      if (isFailure(messages)) return messages;
      const added = addedMessages(context, messages);
      const last = added.at(-1);
      if (last === undefined || last.content === '') return failure('EMPTY_TEXT', `${name} has no message of its own`);
      return this.#render([...context, ...added], name);
    };
  }

  #authorAfter(context: readonly Message[]): string {
    if (this.#settings.reading.kind === 'chat') return 'assistant';
    if (this.#botName !== undefined) return this.#botName;
    const { name, derived } = authorOfResponse(context.map(({ author }) => author));
    if (derived) this.notices.add('NAME_DERIVED');
    return name;
  }

  /** Messages have no text of their own without a template. */
  #refuseMessages(name: string): RowFailure | undefined {
    const { kind } = this.#settings.reading;
    if (kind === 'layout' || kind === 'chat') return undefined;
    if (kind === 'pair') return refusePair(name);
    if (kind === 'language model') return refuseParts(name);
    const choices = 'chai, dialogrpt, chatml, model or a Jinja file';
    return wrongUse(
      kind === 'none'
        ? `expected ${optionName('template')} ${choices} for the messages in ${name}, got none`
        : `expected ${optionName('template')} ${choices}, to make a text of the messages in ${name}: the model brings no chat template`,
    );
  }

  /** The system message beside a prompt or messages. */
  #system(): { readonly field: string; readonly value: string | undefined } {
    const { system = 'system' } = this.#settings.reading;
    const value = system === 'none' ? undefined : this.#row[system];
    return { field: system, value: typeof value === 'string' ? value : undefined };
  }

  /** Puts the row's system message before the others, where the template has a place for it. */
  #withSystem(messages: readonly Message[]): readonly Message[] | RowFailure {
    const { field, value } = this.#system();
    if (value === undefined || value === '') return messages;
    const { kind, system } = this.#settings.reading;
    if (kind !== 'chat' && system === undefined) {
      this.hints.add('SYSTEM_UNREAD');
      return messages;
    }
    const first = messages[0];
    if (first === undefined || roleOf(first.author) !== 'system')
      return [{ author: 'system', content: value }, ...messages];
    if (first.content === value) return messages;
    return failure('BAD_ROW', `expected one system message, got ${field} and another in the messages`);
  }

  #render(messages: readonly Message[], name: string): TextToScore | RowFailure {
    const { template, reading, prompts } = this.#settings;
    const conversation = reading.kind === 'chat' ? this.#inRoles(messages, name) : this.#inNames(messages, name);
    if (isFailure(conversation)) return conversation;
    const last = conversation.messages.at(-1) as Message;
    const role = reading.kind === 'chat' ? last.author : this.#roleInLayout(last.author);
    if (reading.lastSpeaker === 'assistant' && (reading.kind === 'chat' ? role !== 'assistant' : role === 'user')) {
      return failure(
        'BAD_ROW',
        `expected the last message to be the assistant's (${optionName('lastSpeaker')}), got one of ${preview(messages.at(-1)?.author)}`,
      );
    }
    if (role === 'user') this.notices.add('ENDS_WITH_USER');
    this.templated = true;
    const text = template.render(conversation);
    if (isFailure(text)) return text;
    const { author, content } = messages.at(-1) as Message;
    const scorable = { text, judged: { field: name, author, content } };
    if (prompts === 'unused') return scorable;
    const prompt = template.promptOf(conversation, text);
    if (isFailure(prompt)) return prompts === 'needed' ? prompt : scorable;
    return { ...scorable, prompt };
  }

  #roleInLayout = (author: string): string | undefined =>
    author === this.#settings.reading.userName ? 'user' : author === this.#botName ? 'assistant' : roleOf(author);

  /** The messages of a chat template, whose authors are roles. */
  #inRoles(messages: readonly Message[], name: string): Conversation | RowFailure {
    const { jinja } = this.#settings.reading;
    const inRoles: Message[] = [];
    for (const message of messages) {
      const role = chatRoleOf(message.author, this.#botName, jinja);
      if (role === undefined) {
        return failure(
          'BAD_ROW',
          `expected speakers that a chat template knows (${speakersKnownTo(jinja).join(', ')}, or ${BOT_NAME}), got ${preview(message.author)} in ${name}`,
        );
      }
      if (!jinja && message.fields?.tool_calls !== undefined) return toolCalls(name);
      inRoles.push({ ...message, author: role });
    }
    const { tools } = this.#row;
    return { messages: inRoles, ...(jinja && tools !== undefined && tools !== null && { tools }) };
  }

  /** The messages of a layout, whose authors keep their names. */
  #inNames(messages: readonly Message[], name: string): Conversation | RowFailure {
    return messages.some(({ fields }) => (fields?.tool_calls ?? null) !== null) ? toolCalls(name) : { messages };
  }
}

/** What is wrong with how the tool is used is wrong with the whole row. */
const failureForAll = (texts: readonly (TextToScore | RowFailure)[]): RowFailure | undefined =>
  texts.filter(isFailure).find((text) => text.wrongUse);

/** A text that no template makes. */
const asItIs = (text: string, field: string): TextToScore => ({ text, judged: { field, content: text } });

/** A text that is made of two is none that an encoder was trained on. */
const refusePair = (name: string): RowFailure =>
  wrongUse(
    `expected rows of text, got ${name}: the model reads pairs of texts, which cannot be scored yet; ` +
      `${optionName('template')} none joins prompt and response, and a Jinja file writes messages`,
  );

/** Nothing is known of how a language model is asked for a token. */
const refuseParts = (name: string): RowFailure =>
  wrongUse(
    `expected rows of text with ${optionName('head')}, or a Jinja file (${optionName('template')}) that writes the generation prompt, got ${name}`,
  );

const toolCalls = (name: string): RowFailure =>
  failure(
    'BAD_ROW',
    `expected messages of text in ${name}, got a call of a tool, which only a Jinja template can write`,
  );

const notAText = (value: unknown, name: string): RowFailure =>
  failure('BAD_ROW', `expected ${name} to be a string or messages, got ${preview(value)}`);

function missingFields(row: Row, { fields }: TextSettings): string {
  const named = Object.values(fields);
  const expected =
    named.length > 0
      ? `the fields named by flags (${named.join(', ')})`
      : 'text, messages, or prompt with response, candidates, or chosen and rejected';
  const names = Object.entries(row).map(([name, value]) => (value === null ? `${name} (null)` : name));
  return `expected ${expected}, got ${names.length === 0 ? 'no fields' : preview(names)}`;
}
