/** How a conversation becomes the text that is scored. The only importer of @huggingface/jinja. */
import { Environment, Interpreter, Template as JinjaTemplate, tokenize } from '@huggingface/jinja';
import { messageOf, usageError } from '../errors.js';
import { failure, isFailure, type RowFailure } from './failure.js';
import type { Conversation, Message } from './kinds/conversation.js';
import { templateGlobals } from './template-globals.js';

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

/** What a chat template may refer to besides `messages` (role, content) and `add_generation_prompt` (false). */
export interface JinjaGlobals {
  readonly specialTokens: SpecialTokens;
  /** That strftime_now gives, as YYYY-MM-DD; undefined where the template does not ask for the date. */
  readonly day: string | undefined;
}

/** The declarations of the library import one another in a way that TypeScript does not follow here. */
interface JinjaToken {
  readonly type: string;
  readonly value: string;
}

/** Whether a chat template asks for the date, so that what it gives is another text on another day. */
export function asksForDate(source: string): boolean {
  try {
    return (tokenize(source) as readonly JinjaToken[]).some(
      ({ type, value }) => type === 'Identifier' && value === 'strftime_now',
    );
  } catch {
    return false; // It is no Jinja, which whoever renders it says.
  }
}

/**
 * A chat template in Jinja, as transformers' apply_chat_template renders it.
 *
 * @param name named in errors
 * @throws FatalError `usage` where it is not Jinja
 */
export function jinjaTemplate(source: string, name: string, globals: JinjaGlobals): Template {
  let template: JinjaTemplate;
  try {
    template = new JinjaTemplate(source);
  } catch (error) {
    // The parser runs past the end of a template that lacks one.
    const problem = error instanceof TypeError ? 'a block or bracket is not closed' : messageOf(error);
    throw usageError(`${name}: expected a Jinja chat template: ${problem}`, { cause: error });
  }
  const always = templateGlobals(globals.day);
  const render = ({ messages, tools }: Conversation): string | RowFailure => {
    const roles = messages.map(({ author, content, fields }) => ({ role: author, content, ...fields }));
    try {
      return run(template, {
        ...always,
        messages: roles,
        tools: tools ?? null,
        documents: null,
        ...globals.specialTokens,
        add_generation_prompt: false,
      });
    } catch (error) {
      return failure('TEMPLATE_ERROR', `${name}: ${messageOf(error)}`);
    }
  };
  const promptOf = (conversation: Conversation, text: string): string | RowFailure => {
    const other = render(withOtherContent(conversation));
    return isFailure(other) ? other : text.slice(0, commonStart(text, other));
  };
  return { render, promptOf };
}

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

/** JinjaTemplate.render has a range without end and a clock of its own, and lets neither be replaced. */
function run({ parsed }: JinjaTemplate, variables: Readonly<Record<string, unknown>>): string {
  const environment = new Environment();
  for (const [name, value] of Object.entries(variables)) environment.set(name, value);
  return String(new Interpreter(environment).run(parsed).value);
}

/** The conversation with a last message whose content begins otherwise: a template may trim what it is given. */
function withOtherContent({ messages, ...others }: Conversation): Conversation {
  const last = messages.at(-1) as Message;
  // Of Unicode's private use: no text is expected to hold them.
  const content = last.content.trimStart().startsWith('\ue000') ? '\ue001' : '\ue000';
  return { messages: [...messages.slice(0, -1), { ...last, content }], ...others };
}

function commonStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
