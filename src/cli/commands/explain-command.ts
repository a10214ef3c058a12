/** The command that shows how a row of a page is scored, with its rendered text. */
import { BUNDLED_NAME } from '../../scorer/sources.js';
import type { CommandContext } from '../context.js';
import { fieldOf } from '../flags/flag.js';
import { flagsOf } from '../flags/flags.js';

/**
 * @param model that scored the file before; undefined where this run scored it, whose settings are then repeated
 */
export function explainCommand(
  file: string,
  row: number,
  flags: object,
  { given }: Pick<CommandContext, 'given'>,
  model: string | undefined,
): readonly string[] {
  const before = model === BUNDLED_NAME ? [] : ['-m', model ?? ''];
  const settings = model === undefined ? settingsGiven(flags, given.flags) : before;
  return ['reward-score', 'explain', ...settings, file, '--row', String(row)];
}

function settingsGiven(flags: object, given: readonly string[]): readonly string[] {
  const values = flags as Readonly<Record<string, unknown>>;
  return flagsOf('explain').flatMap((flag) => {
    const name = `--${flag.name}`;
    if (!given.includes(name)) return [];
    return flag.value === undefined ? [name] : [name, String(values[fieldOf(flag)])];
  });
}
