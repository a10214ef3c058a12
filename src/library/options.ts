/** Options as programs give them: checked, since a misspelled one would be a default without a word. */
import { usageError } from '../errors.js';
import { optionName } from '../option-name.js';
import { shown } from '../scorer/request.js';

/** @throws FatalError `usage` for what is no object of such options, or whose `signal` is none */
export function checkOptions(options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw usageError(`expected an object with the options ${known.join(', ')}, got ${shown(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw usageError(`expected options ${known.map(optionName).join(', ')}, got ${name}`);
  }
  const { signal } = options as { readonly signal?: unknown };
  if (signal !== undefined && !isSignal(signal)) {
    throw usageError(`expected ${optionName('signal')} to be an AbortSignal, got ${shown(signal)}`);
  }
}

/** By what it can do: there may be more than one class of the name. */
function isSignal(value: unknown): value is AbortSignal {
  const { aborted, throwIfAborted } = Object(value) as Partial<AbortSignal>;
  return typeof aborted === 'boolean' && typeof throwIfAborted === 'function';
}
