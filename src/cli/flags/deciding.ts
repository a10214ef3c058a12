/** What of a command's flags is compared between two runs that are to be parts of one. */
import { type CommandName, type Comparable, type Decides, type Flag, fieldOf } from './flag.js';
import { type FlagsOf, flagsOf } from './flags.js';

/**
 * The flags that decide rewards, or else the output, by their names (`--max-length`), each with its value in a form that
 * can be compared and shown; null where it is not given. Flags that name models or files are left out: their contents are
 * what matters, and whoever calls compares these.
 *
 * @param values as they apply: with what a run has put in the place of flags that are not given
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

/** The flags that decide and are compared by what they name. */
export const comparedByContent = (command: CommandName): readonly `--${string}`[] =>
  flagsOf(command).flatMap(({ compare, name }) => (compare === 'by content' ? ([`--${name}`] as const) : []));

function comparable({ compare, name }: Flag, value: unknown): Comparable {
  if (value === undefined) return null;
  if (typeof compare === 'function') return compare(value as never);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  throw new TypeError(`the record of --${name} must say how its values are compared`);
}
