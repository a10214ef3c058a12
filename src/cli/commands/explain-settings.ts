/** The settings of a scorer as `explain` lists them: each with what it comes from. */
import type { Setting } from '../../explanation/explanation.js';
import type { ModelScorer } from '../../scorer/open.js';
import { type Flag, fieldOf } from '../flags/flag.js';
import { flagsOf } from '../flags/flags.js';

/** Settings under the names that a summary gives them; those that are not set are left out. */
export function settingsOf(
  { identity, settings: { specialTokens } }: Pick<ModelScorer, 'identity' | 'settings'>,
  flags: object,
): Setting[] {
  const { sources, ...scoring } = identity.scoring;
  const values = { ...scoring, precision: identity.model.precision };
  const listed = Object.entries(values).flatMap(([name, value]): Setting[] =>
    value === undefined ? [] : [{ name, value: String(value), source: sources[name] ?? sourceOf(name, flags) }],
  );
  if (specialTokens === undefined) return listed;
  const { before, after } = specialTokens.value;
  const value = before.length + after.length === 0 ? 'none' : [...before, 'text', ...after].join(' ');
  return [...listed, { name: 'specialTokens', value, source: specialTokens.source }];
}

/** Of a setting that does not come with the model. */
function sourceOf(name: string, flags: object): string {
  const flag = flagsOf('explain').find((each) => fieldOf(each) === name);
  const given: unknown = (flags as Readonly<Record<string, unknown>>)[name];
  return flag === undefined || given === undefined || given === flag.default ? withoutFlag(flag) : `--${flag.name}`;
}

const withoutFlag = (flag: Flag | undefined): string =>
  flag?.name === 'template-date' ? 'today' : flag?.name === 'logit' ? 'the only label' : 'default';
