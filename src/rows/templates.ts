/** How a conversation becomes the text that is scored. */
import { messageOf, usageError } from '../errors.js';
import { failure, isFailure, type RowFailure } from './failure.js';
import { TemplateError } from './jinja/errors.js';
import { type CompiledTemplate, compile } from './jinja/template.js';
import { fromJson, PyDict, PyList, type Value } from './jinja/values.js';
import type { Conversation, Message } from './kinds/conversation.js';
import { strftime } from './strftime.js';

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

/** What a chat template may refer to besides the messages and the row's tools. */
export interface JinjaGlobals {
  /** By their names, as transformers has them in `special_tokens_map`: `bos_token`, `eos_token`, `pad_token` … */
  readonly specialTokens: SpecialTokens;
  /** That strftime_now gives, as YYYY-MM-DD; undefined where the template does not ask for the date. */
  readonly day: string | undefined;
}

/** Whether a chat template asks for the date, so that what it gives is another text on another day. */
export function asksForDate(source: string): boolean {
  try {
    return compile(source, () => '').uses('strftime_now');
  } catch {
    return false; // It is no Jinja, which whoever renders it says.
  }
}

/**
 * A chat template in Jinja. Its text is the one that transformers' apply_chat_template renders, or there is none.
 *
 * @param name named in errors
 * @throws FatalError `usage` where it is not Jinja
 */
export function jinjaTemplate(source: string, name: string, { specialTokens, day }: JinjaGlobals): Template {
  let template: CompiledTemplate;
  try {
    template = compile(source, (format) => strftimeOn(day, format));
  } catch (error) {
    throw usageError(`${placeOf(error, name)}: expected a Jinja chat template: ${messageOf(error)}`, { cause: error });
  }
  const tokens = Object.entries(specialTokens).map(([token, value]) => [token, fromJson(value)] as const);
  const render = (conversation: Conversation): string | RowFailure => {
    try {
      return template.render(new Map([...tokens, ...variablesOf(conversation)]));
    } catch (error) {
      return failure('TEMPLATE_ERROR', `${placeOf(error, name)}: ${messageOf(error)}`);
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

/** Where in the template of that name. */
function placeOf(error: unknown, name: string): string {
  const line = error instanceof TemplateError ? error.line : undefined;
  return line === undefined ? name : `${name}, line ${line}`;
}

function strftimeOn(day: string | undefined, format: string): string {
  if (day === undefined) throw new TemplateError('the date is asked for without its name');
  return strftime(day, format);
}

/** What transformers' apply_chat_template gives a template (chat_template_utils.py, render_jinja_template). */
function variablesOf({ messages, tools }: Conversation): readonly (readonly [string, Value])[] {
  return [
    ['messages', new PyList(messages.map(messageDict))],
    ['tools', tools === undefined || tools === null ? null : toolList(tools)],
    ['documents', null],
    ['add_generation_prompt', false],
  ];
}

/** Names of a message's reasoning, of which a template may read any. */
const reasoningFields = ['reasoning_content', 'thinking', 'reasoning'];

function messageDict({ author, content, fields = {} }: Message): PyDict {
  const own = fromJson({ role: author, content, ...fields }) as PyDict;
  const reasoning = reasoningFields.map((name) => own.get(name)).find((value) => value !== undefined && value !== null);
  if (reasoning === undefined || reasoning === null) return own;
  return new PyDict([['thinking', reasoning], ...own.entries(), ['reasoning_content', reasoning]]);
}

function toolList(tools: unknown): Value {
  const list = fromJson(tools);
  if (list instanceof PyList && list.items.every((tool) => tool instanceof PyDict)) return list;
  throw new TemplateError('expected tools to be an array of objects');
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
