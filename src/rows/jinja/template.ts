/** A template of Jinja2's, in the environment that transformers renders chat templates in (docs/design/014-templates.md). */
import { TemplateError } from './errors.js';
import { globalsWith } from './globals.js';
import { Interpreter } from './interpreter.js';
import { parse } from './parser.js';
import { scopesOf } from './scopes.js';
import type { Value } from './values.js';
import { some } from './walk.js';

export interface CompiledTemplate {
  /**
   * @param variables of which the others are undefined
   * @throws TemplateError, with the line where it is known
   */
  render(variables: ReadonlyMap<string, Value>): string;
  /** Whether a name is used somewhere, other than as that of an attribute. */
  uses(name: string): boolean;
}

/**
 * @param strftimeNow the date by a format of Python's
 * @throws TemplateError where it is no template, with the line
 */
export function compile(source: string, strftimeNow: (format: string) => string): CompiledTemplate {
  const statements = orTooDeep(() => parse(source));
  const scopes = orTooDeep(() => scopesOf(statements));
  const globals = globalsWith(strftimeNow);
  return {
    render: (variables) => {
      const interpreter = new Interpreter(scopes, new Map([...globals, ...variables]));
      return orTooDeep(() => interpreter.render(statements));
    },
    uses: (name) => some(statements, (node) => node.kind === 'name' && node.name === name),
  };
}

/** JavaScript has a RangeError where the stack, or a string, would be too long. */
function orTooDeep<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof RangeError) throw new TemplateError(`too deep or too long (${error.message})`);
    throw error;
  }
}
