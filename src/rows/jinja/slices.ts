/** Slices of Python: value[start:stop:step]. */
import { TemplateError, unsupported } from './errors.js';
import { codePoints } from './text.js';
import { isInteger, Markup, PyList, PyRange, PyTuple, typeOf, Undefined, type Value } from './values.js';

const limit = (value: Value): number | undefined => {
  if (value === null) return undefined;
  if (!isInteger(value)) throw new TemplateError('slice indices must be integers or None');
  return Number(value);
};

/** Where a slice without a step begins and ends. */
export function sliceBounds(start: Value, stop: Value, length: number): readonly [from: number, to: number] {
  const place = (given: number): number => (given < 0 ? Math.max(0, given + length) : Math.min(given, length));
  return [place(limit(start) ?? 0), place(limit(stop) ?? length)];
}

export function slice(value: Value, start: Value, stop: Value, step: Value): Value {
  if (value instanceof Undefined) value.fail();
  if (value instanceof Markup) throw unsupported('a slice of text that is marked as safe');
  if (typeof value === 'string') return sliced(codePoints(value), start, stop, step).join('');
  if (value instanceof PyList) return new PyList(sliced(value.items, start, stop, step));
  if (value instanceof PyTuple) return new PyTuple(sliced(value.items, start, stop, step));
  // A slice of a range is a range, too.
  if (value instanceof PyRange) throw unsupported('a slice of a range');
  throw new TemplateError(`'${typeOf(value)}' object is not subscriptable by a slice`);
}

function sliced<T>(items: readonly T[], start: Value, stop: Value, stepValue: Value): T[] {
  const step = limit(stepValue) ?? 1;
  if (step === 0) throw new TemplateError('slice step cannot be zero');
  if (step > 0) {
    const [from, to] = sliceBounds(start, stop, items.length);
    return items.slice(from, Math.max(from, to)).filter((_, index) => index % step === 0);
  }
  const place = (given: number | undefined, otherwise: number): number => {
    if (given === undefined) return otherwise;
    return given < 0 ? Math.max(-1, given + items.length) : Math.min(given, items.length - 1);
  };
  const [from, to] = [place(limit(start), items.length - 1), place(limit(stop), -1)];
  const found: T[] = [];
  for (let index = from; index > to; index += step) found.push(items[index] as T);
  return found;
}
