/** How a conversation becomes the text that is scored: the built-in templates, and what is asked of any. */
import { isFailure, type RowFailure } from './failure.js';
import type { Conversation, Message } from './kinds/conversation.js';

export interface Template {
  /** The text that is scored. */
  render(conversation: Conversation): string | RowFailure;
  /** What stands in that text before the content of the last message. */
  promptOf(conversation: Conversation, text: string): string | RowFailure;
}

/** A template that ends with the content of the message that is scored, and `closing` after it. */
const layout = (render: (messages: readonly Message[]) => string, closing = ''): Template => ({
  render: ({ messages }) => render(messages),
  promptOf: ({ messages }, text) => text.slice(0, text.length - closing.length - contentOfLast(messages).length),
});

const contentOfLast = (messages: readonly Message[]): string => (messages.at(-1) as Message).content;

/** `NAME: CONTENT` and a newline for each message; a system message is its content alone. The layout Chai's models were trained on. */
const chai = layout(
  (messages) =>
    messages.map(({ author, content }) => (author === 'system' ? `${content}\n` : `${author}: ${content}\n`)).join(''),
  '\n',
);

/** Turns joined by the end-of-text token (github.com/golsun/DialogRPT, src/score.py). */
const dialogrpt = layout((messages) => messages.map(({ content }) => content).join('<|endoftext|>'));

/** OpenAI's ChatML. The message that is scored is not closed, so that nothing follows it. */
const chatml = layout((messages) =>
  messages
    .map(({ author, content }, index) => {
      const end = index === messages.length - 1 ? '' : '<|im_end|>\n';
      return `<|im_start|>${author}\n${content}${end}`;
    })
    .join(''),
);

export const builtInTemplates = { chai, dialogrpt, chatml } as const;

export type BuiltInTemplate = keyof typeof builtInTemplates;

export const isBuiltInTemplate = (name: string): name is BuiltInTemplate => Object.hasOwn(builtInTemplates, name);

/** Whether a built-in template is a layout, under which a string prompt is text; `chatml` is a chat template. */
export const isLayout = (name: string): boolean => name !== 'chatml' && isBuiltInTemplate(name);

/** Special tokens by the names that templates call them, bos_token and others. */
export type SpecialTokens = Readonly<Record<string, string | readonly string[]>>;

/** A message of the user that no template is expected to have a sentence about. */
const PROBE = '\ue000';

/** How the texts of a chat template begin: with the beginning of a text, or with what the template writes first. */
export function openingsOf(template: Template, bos: string | undefined): readonly string[] {
  const text = template.render({ messages: [{ author: 'user', content: PROBE }] });
  const start = isFailure(text) ? '' : (text.split(PROBE)[0] ?? '');
  // Templates write a special token first, in angle or square brackets.
  const first = /^\s*(<[^<>\s]+>|\[[^[\]\s]+\])/.exec(start)?.[1];
  return [...new Set([bos, first])].filter((opening) => opening !== undefined && opening !== '') as string[];
}

/** Whether a template gives two different conversations one text, as one that does not write messages does. */
export function ignoresMessages(template: Template): boolean {
  const [one, other] = ['\ue001', '\ue002'].map((content) =>
    template.render({
      messages: [
        { author: 'user', content },
        { author: 'assistant', content },
      ],
    }),
  );
  return typeof one === 'string' && one === other;
}
