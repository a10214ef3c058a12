import { join } from 'node:path';
import { runError, usageError } from '../../errors.js';
import { optionName } from '../../option-name.js';
import { printable } from '../../platform/printable.js';
import { tokenizerFiles } from './directory.js';
import { readJsonObject, readText } from './read.js';

/** A chat template, and the file that it stands in. */
export interface ChatTemplate {
  readonly text: string;
  readonly file: string;
}

/**
 * Reads the chat template that comes with a tokenizer: chat_template.jinja, or chat_template in tokenizer_config.json,
 * which is one template or a list of named ones, of which the one named `default` is used, or chat_template in
 * chat_template.json, which processors of images write.
 *
 * @returns undefined where there is none
 * @throws FatalError `run` where it cannot be read
 */
export function findChatTemplate(directory: string): ChatTemplate | undefined {
  const text = readText(join(directory, tokenizerFiles.chatTemplate));
  if (text !== undefined) return { text, file: tokenizerFiles.chatTemplate };
  for (const file of [tokenizerFiles.config, tokenizerFiles.chatTemplateJson]) {
    const path = join(directory, file);
    const found = templateIn(readJsonObject(path)?.chat_template, path);
    if (found !== undefined) return { text: found, file };
  }
  return undefined;
}

/** @throws FatalError where there is none (`usage`), or it cannot be read (`run`) */
export function readChatTemplate(directory: string): ChatTemplate {
  const template = findChatTemplate(directory);
  if (template === undefined) {
    throw usageError(`${directory}: expected a chat template for ${optionName('template')} model, found none`);
  }
  return template;
}

function templateIn(field: unknown, path: string): string | undefined {
  if (field === undefined || field === null || typeof field === 'string') return field ?? undefined;
  const refuse = (got: unknown): never => {
    throw runError(
      `${path}: expected chat_template to be a template or a list of objects with name and template, ` +
        `got ${printable(JSON.stringify(got))}`,
    );
  };
  if (!Array.isArray(field)) return refuse(field);
  const named = field.map((entry: unknown): readonly [name: string, template: string] => {
    const { name, template } = (entry ?? {}) as { readonly name?: unknown; readonly template?: unknown };
    return typeof name === 'string' && typeof template === 'string' ? [name, template] : refuse(entry);
  });
  return new Map(named).get('default');
}
