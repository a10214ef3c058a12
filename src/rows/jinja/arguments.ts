/** How the arguments of a call become those of a function, as Python binds them. */
import { TemplateError } from './errors.js';
import { str } from './printing.js';
import { type Arguments, isInteger, typeOf, type Value } from './values.js';

/**
 * @param parameters their names; one that ends with a question mark may be missing, and one that begins with a hyphen
 *   cannot be given by its name
 * @returns a value for each parameter, undefined for one that is missing
 */
export function bind(
  name: string,
  parameters: readonly string[],
  { positional, named }: Arguments,
): (Value | undefined)[] {
  if (positional.length > parameters.length) {
    throw new TemplateError(`${name}() takes at most ${parameters.length} arguments, got ${positional.length}`);
  }
  const unused = new Set(named.keys());
  const values = parameters.map((parameter, index) => {
    const key = parameter.replace(/^-|\?$/g, '');
    const byName = !parameter.startsWith('-') && unused.delete(key) ? named.get(key) : undefined;
    const value = positional[index];
    if (value !== undefined && byName !== undefined) throw new TemplateError(`${name}() got two values for ${key}`);
    if (value === undefined && byName === undefined && !parameter.endsWith('?')) {
      throw new TemplateError(`${name}() lacks its argument ${key}`);
    }
    return value === undefined ? byName : value;
  });
  for (const key of unused) throw new TemplateError(`${name}() got an unexpected keyword argument '${key}'`);
  return values;
}

export function asText(value: Value | undefined, what: string): string {
  if (typeof value === 'string') return value;
  throw new TemplateError(`expected ${what} to be a str, got ${typeOf(value ?? null)}`);
}

export const asTextOrNone = (value: Value | undefined, what: string): string | null =>
  value === undefined || value === null ? null : asText(value, what);

/** @param otherwise where the argument is missing */
export function asInteger(value: Value | undefined, what: string, otherwise?: number): number {
  if (value === undefined && otherwise !== undefined) return otherwise;
  if (value !== undefined && isInteger(value)) return Number(value);
  throw new TemplateError(`expected ${what} to be an int, got ${value === undefined ? 'none' : typeOf(value)}`);
}

/** As Python passes a value through str(). */
export const asPrinted = (value: Value | undefined): string => str(value ?? null);
