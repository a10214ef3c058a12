/** A row's conversation, folded until somebody wants to read it. Every text in it is text. */
import type { ShownConversation } from '../../../evaluation/shown-rows.js';
import { headOf, tailOf } from '../../../explanation/visible.js';
import { html, type Markup } from '../html.js';
import { count } from '../numbers.js';
import { shellWord } from '../shell-word.js';
import { preview } from '../visible.js';

/** Of a longer message, so many UTF-16 units are shown at each end. */
const ENDS = 2000;
/** Messages that are shown; of more, the first ones are counted. */
const MESSAGES = 20;

/** @param command shows how the row is scored, with its rendered text; null where the file cannot be read again */
export function conversationOf(conversation: ShownConversation, command: readonly string[] | null): Markup {
  const { messages, response } = conversation;
  const left = messages.length - MESSAGES;
  const parts = messages.length + 1;
  return html`<details><summary>${parts === 1 ? 'The whole text' : `The conversation (${count(parts)} messages)`}</summary>
${left > 0 && html`<p class="meaning">${count(left)} earlier messages are not shown.</p>`}
<dl class="conversation">${messages.slice(-MESSAGES).map(({ author, content }) => message(author ?? 'prompt', content))}${message('response', response)}</dl>
${command !== null && html`<p class="meaning">Its rendered text, tokens and cuts: <code>${preview(command.map(shellWord).join(' '), 1000)}</code></p>`}</details>`;
}

const message = (author: string, content: string): Markup =>
  html`<div><dt><bdi>${preview(author, 60)}</bdi></dt><dd dir="auto">${clipped(content)}</dd></div>`;

function clipped(text: string): string {
  if (text.length <= 2 * ENDS) return text;
  return `${headOf(text, ENDS)} [… ${count(text.length - 2 * ENDS)} characters …] ${tailOf(text, ENDS)}`;
}
