/** What every chat template may refer to, as in the sandbox of Jinja's that transformers renders templates in. */
import { strftime } from './strftime.js';

/** MAX_RANGE of jinja2.sandbox. A longer list would end the process where memory runs out. */
const MOST_ITEMS = 100_000;

/** @param day that strftime_now gives, as YYYY-MM-DD; undefined if the template does not ask for it */
export const templateGlobals = (day: string | undefined): Readonly<Record<string, unknown>> => ({
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  raise_exception(message: unknown): never {
    throw new Error(String(message));
  },
  range,
  ...(day !== undefined && { strftime_now: (format: unknown) => strftimeNow(day, format) }),
});

/** range(stop), range(start, stop) or range(start, stop, step). */
function range(...given: readonly unknown[]): number[] {
  const numbers = given.map((value) => (typeof value === 'boolean' ? Number(value) : value));
  if (numbers.length < 1 || numbers.length > 3 || !numbers.every(Number.isSafeInteger)) {
    throw new Error('range() takes one to three whole numbers');
  }
  const whole = numbers as number[];
  const [start = 0, stop = 0, step = 1] = whole.length === 1 ? [0, ...whole] : whole;
  if (step === 0) throw new Error('the third number of range() must not be zero');
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (length > MOST_ITEMS) throw new Error(`range() of ${length} items: at most ${MOST_ITEMS} are possible`);
  return Array.from({ length }, (_, i) => start + i * step);
}

function strftimeNow(day: string, format: unknown): string {
  if (typeof format !== 'string') throw new Error('strftime_now() takes a format');
  return strftime(day, format);
}
