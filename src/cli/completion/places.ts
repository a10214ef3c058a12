/** The places on a command line, read from commander's own table, and what can be typed at each. */
import type { Argument, Command, Option } from 'commander';

/** Words of a closed list (anything where it is empty), the names of files, or possible models. */
export type Completes = readonly string[] | 'files' | 'models';

export interface Flag {
  /** `-o`, `--output` */
  readonly names: readonly string[];
  readonly description: string;
  /** Undefined for a switch, which takes no value. */
  readonly value: { readonly name: string; readonly completes: Completes } | undefined;
}

export interface Position {
  /** The words before it, without flags: `reward-score model pull`. */
  readonly path: string;
  readonly flags: readonly Flag[];
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  /** What the arguments may be; undefined where there are none. */
  readonly argument: { readonly name: string; readonly completes: Completes } | undefined;
}

/** The command to which a first word that is not a command belongs. */
export const DEFAULT_COMMAND = 'score';

export function placesOf(program: Command): Position[] {
  const [root, ...others] = walk(program, program.name(), []) as [Position, ...Position[]];
  const scores = others.find(({ path }) => path === `${root.path} ${DEFAULT_COMMAND}`) as Position;
  const own = root.flags.filter(({ names }) => !scores.flags.some((flag) => flag.names[0] === names[0]));
  return [{ ...root, flags: [...scores.flags, ...own], argument: scores.argument }, ...others];
}

/** @param siblings the commands that `help` takes */
function walk(command: Command, path: string, siblings: readonly string[]): Position[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const names = commands.map((inner) => inner.name()).filter((name) => name !== 'help');
  const [argument] = command.registeredArguments;
  const place: Position = {
    path,
    flags: help.visibleOptions(command).map(flagOf),
    commands: commands.map((inner) => ({ name: inner.name(), description: inner.description() })),
    argument: argument && { name: argument.name(), completes: argumentsOf(argument, siblings) },
  };
  return [place, ...commands.flatMap((inner) => walk(inner, `${path} ${inner.name()}`, names))];
}

function flagOf(option: Option): Flag {
  const name = /[<[](.+?)(?:\.\.\.)?[>\]]/.exec(option.flags)?.[1];
  return {
    names: [option.short, option.long].filter((each) => each !== undefined),
    description: option.description,
    value: name === undefined ? undefined : { name, completes: option.argChoices ?? completesFor(name) ?? [] },
  };
}

const argumentsOf = (argument: Argument, siblings: readonly string[]): Completes =>
  argument.name() === 'command' ? siblings : (argument.argChoices ?? completesFor(argument.name()) ?? 'files');

/** How `<file>`, `<dir|id>` and the like are completed. */
const completesFor = (name: string): Completes | undefined =>
  /\bfile\b/.test(name) ? 'files' : /\b(dir|model)\b/.test(name) ? 'models' : undefined;

/** The flags, of all places, that take the next word as their value. */
export const valueFlags = (places: readonly Position[]): string[] => [
  ...new Set(places.flatMap(({ flags }) => flags.flatMap(({ names, value }) => (value === undefined ? [] : names)))),
];

/** Quotes a word so that bash and zsh take it literally. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
