import { join } from 'node:path';
import { runError, usageError } from '../../errors.js';
import { optionName } from '../../option-name.js';
import { printable } from '../../platform/printable.js';
import { tokenizerFiles } from './directory.js';
import { readJsonObject, readText } from './read.js';

/**
 * Reads the chat template that comes with a tokenizer: chat_template.jinja, or chat_template in tokenizer_config.json,
 * which is one template or a list of named ones, of which the one named `default` is used, or chat_template in
 * chat_template.json, which processors of images write.
 *
 * @throws FatalError where there is none (`usage`), or it cannot be read (`run`)
 */
export function readChatTemplate(directory: string): string {
  const templateOf = (name: string): string | undefined =>
    templateIn(readJsonObject(join(directory, name))?.chat_template, join(directory, name));
  const template =
    readText(join(directory, tokenizerFiles.chatTemplate)) ??
    templateOf(tokenizerFiles.config) ??
    templateOf(tokenizerFiles.chatTemplateObject);
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
