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
  if (flag.default !== undefined) option.default(flag.default);
  // commander knows that a `no-` flag is on by default.
  else if (value === undefined && !option.negate) option.default(false);
  return option.makeOptionMandatory(required);
}
