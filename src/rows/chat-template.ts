/**
 * Chat templates in Jinja. Loaded only where a model has one, as the language takes more files than all else that a
 * thread loads.
 */
import { messageOf, usageError } from '../errors.js';
import { failure, isFailure, type RowFailure } from './failure.js';
import { TemplateError } from './jinja/errors.js';
import { type CompiledTemplate, compile } from './jinja/template.js';
import { fromJson, PyDict, PyList, type Value } from './jinja/values.js';
import type { Conversation, Message } from './kinds/conversation.js';
import { strftime } from './strftime.js';
import type { SpecialTokens, Template } from './templates.js';

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
