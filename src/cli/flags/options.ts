/** Adds the flags of a command, with their environment variables, to commander. */
import { type Command, Option } from 'commander';
import { usageError } from '../../errors.js';
import { type CommandName, type Flag, fieldOf, variableOf } from './flag.js';
import { flagsOf, refusedBy } from './flags.js';

export function addFlags(command: Command, name: CommandName, env: NodeJS.ProcessEnv): void {
  for (const flag of flagsOf(name)) {
    const option = optionOf(flag);
    if (isSet(flag, env)) option.env(variableOf(flag));
    command.addOption(option);
  }
  for (const flag of refusedBy(name)) command.addOption(optionOf(flag).hideHelp());
}

/**
 * To be called when the command line is parsed.
 *
 * @throws FatalError `usage` where a flag was given that the command refuses
 */
export function refuseFlags(command: Command, name: CommandName): void {
  for (const flag of refusedBy(name)) {
    if (command.getOptionValueSource(fieldOf(flag)) !== 'cli') continue;
    throw usageError(`expected ${name} without --${flag.name}: ${flag.refusedBy?.[name]}`);
  }
}

/** Which of a command's flags that decide rewards were given, and where: by flags (`--max-length`) or variables. */
export interface GivenSettings {
  readonly flags: readonly string[];
  readonly variables: readonly string[];
}

/** To be called when the command line is parsed: the flags that decide rewards, as far as they were given. */
export function givenSettings(command: Command, name: CommandName): GivenSettings {
  const settings = flagsOf(name).filter(({ decides }) => decides === 'reward');
  const from = (source: string): readonly Flag[] =>
    settings.filter((flag) => command.getOptionValueSource(fieldOf(flag)) === source);
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
  if (flag.default !== undefined) option.default(flag.default);
  // commander knows that a `no-` flag is on by default.
  else if (value === undefined && !option.negate) option.default(false);
  return option.makeOptionMandatory(required);
}
