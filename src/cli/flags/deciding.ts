/** Which of a command's flags must agree between two runs that are parts of one. */
import { type CommandName, type Comparable, type Decides, type Flag, fieldOf } from './flag.js';
import { type FlagsOf, flagsOf } from './flags.js';

/**
 * The flags that decide rewards, or else the output, by their names (`--max-length`), each with its value in a form
 * that can be compared and shown; null where it is not given. Flags that name models or files are left out: their
 * contents matter, and the caller compares these.
 *
 * @param values the values in effect, with those that a run has filled in for flags that are not given
 */
export function decidingFlags<Command extends CommandName>(
  command: Command,
  values: FlagsOf<Command>,
  decides: Exclude<Decides, 'run'>,
): Record<`--${string}`, Comparable> {
  const given: Readonly<Record<string, unknown>> = values;
  const compared = flagsOf(command).filter((flag) => flag.decides === decides && flag.compare !== 'by content');
  return Object.fromEntries(compared.map((flag) => [`--${flag.name}`, comparable(flag, given[fieldOf(flag)])]));
}

/** The deciding flags that are compared by the content of the files that they name. */
export const comparedByContent = (command: CommandName): readonly `--${string}`[] =>
  flagsOf(command).flatMap(({ compare, name }) => (compare === 'by content' ? ([`--${name}`] as const) : []));

function comparable({ compare, name }: Flag, value: unknown): Comparable {
  if (value === undefined) return null;
  if (typeof compare === 'function') return compare(value as never);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  throw new TypeError(`the record of --${name} must say how its values are compared`);
}
