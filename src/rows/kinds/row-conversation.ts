/** How the messages of a row become a text: its system message, who speaks, and the template. */

import { optionName } from '../../option-name.js';
import { preview } from '../describe-value.js';
import { failure, isFailure, type RowFailure, wrongUse } from '../failure.js';
import type { HintCode, NoticeCode } from '../notices.js';
import { type Conversation, callsTool, type Message, readMessages } from './conversation.js';
import { BOT_NAME, type Row } from './roles.js';
import { authorOfResponse, chatRoleOf, roleOf, speakersKnownTo } from './speakers.js';
import type { TextSettings, TextToScore } from './text-to-score.js';

export class RowConversation {
  /** Whether the template has made a text. */
  templated = false;
  notices: readonly NoticeCode[] = [];
  hints: readonly HintCode[] = [];
  readonly #row: Row;
  readonly #settings: TextSettings;
  readonly #botName: string | undefined;

  constructor(row: Row, settings: TextSettings) {
    this.#row = row;
    this.#settings = settings;
    // An empty cell of CSV means that there is none.
    const named = row[BOT_NAME];
    this.#botName = typeof named === 'string' && named !== '' ? named : settings.reading.botName;
  }

  /** Says something of the row, once. */
  notice(code: NoticeCode): void {
    if (!this.notices.includes(code)) this.notices = [...this.notices, code];
  }

  hint(code: HintCode): void {
    if (!this.hints.includes(code)) this.hints = [...this.hints, code];
  }

  /** Reads the messages in a field, which a text can be made of. */
  messagesIn(value: unknown, name: string): readonly Message[] | RowFailure {
    return this.#refuse(name) ?? readMessages(value, name, this.#settings.reading.userName);
  }

  /** The author of a response after these messages. */
  authorAfter(context: readonly Message[]): string {
    const { kind } = this.#settings.reading;
    if (kind === 'chat') return 'assistant';
    if (this.#botName !== undefined) return this.#botName;
    const { name, derived } = authorOfResponse(context.map(({ author }) => author));
    // No name is written into the texts of a pair.
    if (derived && kind !== 'pair') this.notice('NAME_DERIVED');
    return name;
  }

  /** Messages have no text of their own without a template. */
  #refuse(name: string): RowFailure | undefined {
    const { kind } = this.#settings.reading;
    if (kind === 'layout' || kind === 'chat' || kind === 'pair') return undefined;
    if (kind === 'language model') return refuseParts(name);
    const choices = 'chai, dialogrpt, chatml, model or a Jinja file';
    return wrongUse(
      kind === 'none'
        ? `expected ${optionName('template')} ${choices} for the messages in ${name}, got none`
        : `expected ${optionName('template')} ${choices}, to make a text of the messages in ${name}: the model brings no chat template`,
    );
  }

  /** The system message beside a prompt or messages. */
  system(): { readonly field: string; readonly value: string | undefined } {
    const { system = 'system' } = this.#settings.reading;
    const value = system === 'none' ? undefined : this.#row[system];
    return { field: system, value: typeof value === 'string' ? value : undefined };
  }

  /** Puts the row's system message before the others, where the template has a place for it. */
  withSystem(messages: readonly Message[]): readonly Message[] | RowFailure {
    const { field, value } = this.system();
    if (value === undefined || value === '') return messages;
    const { kind, system } = this.#settings.reading;
    if (kind !== 'chat' && system === undefined) {
      this.hint('SYSTEM_UNREAD');
      return messages;
    }
    const first = messages[0];
    if (first === undefined || roleOf(first.author) !== 'system')
      return [{ author: 'system', content: value }, ...messages];
    if (first.content === value) return messages;
    return failure('BAD_ROW', `expected one system message, got ${field} and another in the messages`);
  }

  /** Makes the text in which the last of these messages is judged; `name` is the field that has it. */
  textOf(messages: readonly Message[], name: string): TextToScore | RowFailure {
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
    if (role === 'user') this.notice('ENDS_WITH_USER');
    if (reading.kind === 'pair') return pairOf(conversation.messages, name);
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
      if (!jinja && callsTool(message.fields)) return toolCalls(name);
      inRoles.push({ ...message, author: role });
    }
    const { tools } = this.#row;
    return { messages: inRoles, ...(jinja && tools !== undefined && tools !== null && { tools }) };
  }

  /** The messages of a layout, whose authors keep their names. */
  #inNames(messages: readonly Message[], name: string): Conversation | RowFailure {
    return messages.some(({ fields }) => callsTool(fields)) ? toolCalls(name) : { messages };
  }
}

/** One message before another are the two texts of a pair; of more, only a template makes a text. */
function pairOf(messages: readonly Message[], field: string): TextToScore | RowFailure {
  const [first, last, ...others] = messages;
  if (first === undefined || last === undefined || others.length > 0) {
    return wrongUse(
      `expected one message before the one that is judged, as the model reads pairs of texts, got ${messages.length - 1} in ${field}; ` +
        `a Jinja file (${optionName('template')}) makes one text of any number`,
    );
  }
  const { author, content } = last;
  return { first: first.content, text: content, judged: { field, author, content } };
}

/** Nothing is known of how a language model is asked for a token. */
export const refuseParts = (name: string): RowFailure =>
  wrongUse(
    `expected rows of text with ${optionName('head')}, or a Jinja file (${optionName('template')}) that writes the generation prompt, got ${name}`,
  );

const toolCalls = (name: string): RowFailure =>
  failure(
    'BAD_ROW',
    `expected messages of text in ${name}, got a call of a tool, which only a Jinja template can write`,
  );
