import { TemplateError } from './errors.js';
import { type Arguments, Callable, PyDict, PyTuple, typeOf, Undefined, type Value } from './values.js';

export function call(callee: Value, given: Arguments): Value {
  if (callee instanceof Undefined) callee.fail();
  if (!(callee instanceof Callable)) throw new TemplateError(`'${typeOf(callee)}' object is not callable`);
  return callee.call(given);
}

export interface MacroSignature {
  /** As Python prints it; undefined for the body of a `call`. */
  readonly name: string | undefined;
  readonly parameters: readonly string[];
  /** Those of `caller`, `kwargs` and `varargs` that its body refers to. */
  readonly special: readonly string[];
}

/**
 * What each name of a macro holds when it is called so (jinja2/runtime.py, Macro).
 *
 * @returns undefined for a parameter that is not given
 */
export function macroArguments(
  { name, parameters, special }: MacroSignature,
  { positional, named }: Arguments,
): ReadonlyMap<string, Value | undefined> {
  const rest = new Map(named);
  const take = (key: string): Value | undefined => {
    const value = rest.get(key);
    rest.delete(key);
    return value;
  };
  const values = new Map<string, Value | undefined>();
  for (const [index, parameter] of parameters.entries()) {
    const isPlaced = index < positional.length;
    values.set(parameter, isPlaced ? positional[index] : take(parameter));
  }
  const catches = (key: string): boolean => special.includes(key) && !parameters.includes(key);
  if (catches('caller')) {
    const caller = take('caller') ?? null;
    values.set('caller', caller === null ? new Undefined('No caller defined') : caller);
  }
  if (catches('kwargs')) values.set('kwargs', new PyDict(rest));
  else for (const key of rest.keys()) throw new TemplateError(`macro '${name}' takes no keyword argument '${key}'`);
  if (catches('varargs')) values.set('varargs', new PyTuple(positional.slice(parameters.length)));
  else if (positional.length > parameters.length) {
    throw new TemplateError(`macro '${name}' takes not more than ${parameters.length} argument(s)`);
  }
  return values;
}
