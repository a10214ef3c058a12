/**
 * The texts to score in a row of each kind. A row is an object of fields; this module knows nothing of bytes.
 */

import { optionName } from '../../option-name.js';
import { preview, typeInWords } from '../describe-value.js';
import { failure, isFailure, type RowFailure, wrongUse } from '../failure.js';
import type { HintCode, NoticeCode } from '../notices.js';
import { addedMessages, type Message } from './conversation.js';
import { findKind, type RowKind } from './kinds.js';
import { FORMS, refuseFields } from './refuse-fields.js';
import { candidateText } from './responses.js';
import { contextRole, conversationRole, type Field, findFields, type Role, type Row } from './roles.js';
import { RowConversation, refuseParts } from './row-conversation.js';
import type { TextSettings, TextToScore } from './text-to-score.js';

/** So many joined rows of prompt and response suffice to see that there is no white space between them. */
export const BOUNDARIES_TO_CHECK = 100;

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

/** Reads a row as the first kind that fits; fields that flags name have precedence. */
export function readRow(row: Row, settings: TextSettings): ScorableRow | RowFailure {
  const found = findFields(row, settings.fields);
  const kind = findKind(found, settings.fields)?.kind;
  const refused = refuseFields(row, found, kind, settings);
  if (refused !== undefined) return refused;
  if (kind === undefined) return failure('BAD_ROW', missingFields(row, settings));
  const conversation = new RowConversation(row, settings);
  const read = new RowReader(found, settings, conversation).read(kind);
  if (isFailure(read)) return read;
  const { templated, notices, hints } = conversation;
  const { texts, boundaryHasSpace } = read;
  const common = { kind: read.kind ?? kind, texts, templated, notices, hints };
  return boundaryHasSpace === undefined ? common : { ...common, boundaryHasSpace };
}

type Texts = Pick<ScorableRow, 'texts' | 'boundaryHasSpace'> & Partial<Pick<ScorableRow, 'kind'>>;

/** Makes the text of a response (named in failures) after a context that is read once for the row. */
type JoinResponse = (response: unknown, name: string) => TextToScore | RowFailure;

class RowReader {
  readonly #found: ReadonlyMap<Role, Field>;
  readonly #settings: TextSettings;
  readonly #conversation: RowConversation;

  constructor(found: ReadonlyMap<Role, Field>, settings: TextSettings, conversation: RowConversation) {
    this.#found = found;
    this.#settings = settings;
    this.#conversation = conversation;
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
    const isJoined = typeof value === 'string' && !['chat', 'pair'].includes(this.#settings.reading.kind);
    return {
      texts: [text],
      ...(isJoined && { boundaryHasSpace: prompt === '' || /\s$/.test(prompt) || /^\s/.test(value) }),
    };
  }

  #readConversation(): Texts | RowFailure {
    const { name, value } = this.#field(conversationRole(this.#found, this.#settings.fields));
    const messages = this.#conversation.messagesIn(value, name);
    if (isFailure(messages)) return messages;
    const last = messages.at(-1);
    if (last === undefined) return failure('EMPTY_TEXT', `expected ${name} to hold a message, got none`);
    if (last.content === '') return failure('EMPTY_TEXT', `the last of ${name} is empty`);
    const context = this.#conversation.withSystem(messages);
    if (isFailure(context)) return context;
    const text = this.#conversation.textOf(context, name);
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
    const messages = this.#conversation.messagesIn(value, name);
    if (isFailure(messages)) return messages;
    const context = this.#conversation.withSystem(messages);
    return isFailure(context) ? context : this.#joinMessages(context);
  }

  /** A string in a field of messages is JSON. */
  #isMessagesField(): boolean {
    return contextRole(this.#found, this.#settings.fields) === 'messages';
  }

  /** A prompt before a chat template is a message of the user. */
  #readChatPrompt(prompt: string): JoinResponse | RowFailure {
    const { openings } = this.#settings.reading;
    if (openings.some((opening) => prompt.startsWith(opening))) this.#conversation.notice('PROMPT_RENDERED');
    const context = this.#conversation.withSystem([{ author: 'user', content: prompt }]);
    return isFailure(context) ? context : this.#joinMessages(context);
  }

  /**
   * Appends strings to the prompt with nothing in between, or makes pairs with it; those in messages come after the
   * prompt as one.
   */
  #readPlainPrompt(prompt: string, name: string, userName: string | undefined): JoinResponse | RowFailure {
    const { reading } = this.#settings;
    if (reading.kind === 'language model') return refuseParts(name);
    const { field, value: system } = this.#conversation.system();
    if (system !== undefined && system !== '') {
      if (reading.system !== undefined) {
        return wrongUse(
          `expected messages, or a chat template, beside ${field} (${optionName('system')}), got the text ${name}, which has no place for it`,
        );
      }
      this.#conversation.hint('SYSTEM_UNREAD');
    }
    const asMessages = this.#joinMessages([{ author: userName ?? 'user', content: prompt }]);
    return (response, responseName) => {
      if (typeof response !== 'string') return asMessages(response, responseName);
      if (response === '') return failure('EMPTY_TEXT', `${responseName} is empty`);
      const judged = { field: responseName, content: response };
      if (reading.kind === 'pair') return { first: prompt, text: response, judged };
      return { text: prompt + response, prompt, judged };
    };
  }

  /** Adds responses as messages after those of the context. */
  #joinMessages(context: readonly Message[]): JoinResponse {
    return (response, name) => {
      if (typeof response !== 'string' && !Array.isArray(response)) return notAText(response, name);
      if (typeof response === 'string') {
        if (response === '') return failure('EMPTY_TEXT', `${name} is empty`);
        const author = this.#conversation.authorAfter(context);
        return this.#conversation.textOf([...context, { author, content: response }], name);
      }
      const messages = this.#conversation.messagesIn(response, name);
      if (isFailure(messages)) return messages;
      const added = addedMessages(context, messages);
      const last = added.at(-1);
      if (last === undefined || last.content === '') return failure('EMPTY_TEXT', `${name} has no message of its own`);
      return this.#conversation.textOf([...context, ...added], name);
    };
  }
}

/** What is wrong with how the tool is used is wrong with the whole row. */
const failureForAll = (texts: readonly (TextToScore | RowFailure)[]): RowFailure | undefined =>
  texts.filter(isFailure).find((text) => text.wrongUse);

/** A text that no template makes. */
const asItIs = (text: string, field: string): TextToScore => ({ text, judged: { field, content: text } });

const notAText = (value: unknown, name: string): RowFailure =>
  failure('BAD_ROW', `expected ${name} to be a string or messages, got ${preview(value)}`);

function missingFields(row: Row, { fields }: TextSettings): string {
  const named = Object.values(fields);
  const expected = named.length > 0 ? `the fields named by flags (${named.join(', ')})` : FORMS;
  const names = Object.entries(row).map(([name, value]) => (value === null ? `${name} (null)` : name));
  return `expected ${expected}, got ${names.length === 0 ? 'no fields' : preview(names)}`;
}
