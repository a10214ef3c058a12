/** Adds the flags of a command, with their environment variables, to commander. */
import { type Command, Option } from 'commander';
import { usageError } from '../../errors.js';
import { type CommandName, type Flag, fieldOf, oppositeOf, variableOf } from './flag.js';
import { flagsOf, refusedBy } from './flags.js';

export function addFlags(command: Command, name: CommandName, env: NodeJS.ProcessEnv): void {
  for (const flag of flagsOf(name)) {
    const option = optionOf(flag);
    if (isSet(flag, env)) option.env(variableOf(flag));
    command.addOption(option);
    // It turns off what a variable turned on, and would make help twice as long.
    if (flag.value === undefined) command.addOption(new Option(`--${oppositeOf(flag)}`).hideHelp());
  }
  for (const flag of refusedBy(name)) command.addOption(optionOf(flag).hideHelp());
}

/**
 * To be called when the command line is parsed. Of two flags that exclude each other, one that is typed takes the place of
 * one that a variable sets.
 *
 * @throws FatalError `usage` where a flag was given that the command refuses, or two that exclude each other
 */
export function settleFlags(command: Command, name: CommandName): void {
  for (const flag of refusedBy(name)) {
    if (sourceOf(command, flag) !== 'cli') continue;
    throw usageError(`expected ${name} without --${flag.name}: ${flag.refusedBy?.[name]}`);
  }
  const flags = flagsOf(name);
  for (const flag of flags) {
    for (const other of flags.filter((each) => flag.excludes?.includes(each.name))) settlePair(command, flag, other);
  }
}

function settlePair(command: Command, flag: Flag, other: Flag): void {
  const given = [flag, other].filter((each) => command.getOptionValue(fieldOf(each)) !== false);
  const [typed, set] = (['cli', 'env'] as const).map((source) =>
    given.filter((each) => sourceOf(command, each) === source),
  ) as [Flag[], Flag[]];
  if (typed.length === 2) throw usageError(`expected --${flag.name} or --${other.name}, got both`);
  if (set.length === 2) throw usageError(`expected ${variableOf(flag)} or ${variableOf(other)}, got both`);
  const [yields] = typed.length === 1 ? set : [];
  if (yields === undefined) return;
  command.setOptionValueWithSource(fieldOf(yields), startOf(yields), 'default');
}

const sourceOf = (command: Command, flag: Flag): string | undefined => command.getOptionValueSource(fieldOf(flag));

/** The value of a flag that is not given; a `no-` switch is on. */
const startOf = ({ name, value, default: start }: Flag): string | number | boolean | undefined =>
  start ?? (value === undefined ? name.startsWith('no-') : undefined);

/** Which of a command's flags that decide rewards were given, and where: by flags (`--max-length`) or variables. */
export interface GivenSettings {
  readonly flags: readonly string[];
  readonly variables: readonly string[];
}

/** To be called when the command line is parsed: the flags that decide rewards, as far as they were given. */
export function givenSettings(command: Command, name: CommandName): GivenSettings {
  const settings = flagsOf(name).filter(({ decides }) => decides === 'reward');
  const from = (source: string): readonly Flag[] => settings.filter((flag) => sourceOf(command, flag) === source);
  return { flags: from('cli').map((flag) => `--${flag.name}`), variables: from('env').map(variableOf) };
}

/** Whether the variable of a switch turns it on. */
export const isSwitchedOn = (value: string | undefined): boolean => !/^(0|false|no|off|)$/i.test(value ?? '');

/**
 * Whether a variable sets a flag. For commander any variable sets a switch, whatever its value, and an empty one is a
 * value.
 */
function isSet(flag: Flag, env: NodeJS.ProcessEnv): boolean {
  const value = env[variableOf(flag)];
  return flag.value === undefined ? isSwitchedOn(value) : value !== undefined && value !== '';
}

function optionOf(flag: Flag): Option {
  const { name, short, value, group, doc, choices, parse, required = false } = flag;
  const dashed = short === undefined ? `--${name}` : `-${short}, --${name}`;
  const option = new Option(value === undefined ? dashed : `${dashed} ${value}`, doc);
  if (group !== undefined) option.helpGroup(`${group}:`);
  if (choices !== undefined) option.choices(choices);
  if (parse !== undefined) option.argParser((text, before) => parse(text, before as never));
  if (flag.preset !== undefined) option.preset(flag.preset);
  const start = startOf(flag);
  if (start !== undefined) option.default(start);
  return option.makeOptionMandatory(required);
}
