/**
 * All flags, in the order of help, and what is derived from their records: those of a command, and the types of their
 * values.
 */
import { badRowFlags } from './bad-rows.js';
import { bestFlags } from './best.js';
import { compareFlags } from './compare.js';
import { evalFlags } from './eval.js';
import { explainFlags } from './explain.js';
import { fieldFlags } from './fields.js';
import type { CommandName, Flag } from './flag.js';
import { inputOutputFlags } from './input-output.js';
import { longRunFlags } from './long-runs.js';
import { mergeFlags } from './merge.js';
import { modelFlags } from './model.js';
import { modelCommandFlags } from './model-commands.js';
import { scoringFlags } from './scoring.js';
import { serveFlags } from './serve.js';
import { workFlags } from './work.js';

/** The flags of one command come before those that it shares with others. */
const flags = [
  ...bestFlags,
  ...evalFlags,
  ...compareFlags,
  ...explainFlags,
  ...serveFlags,
  ...mergeFlags,
  ...modelCommandFlags,
  ...modelFlags,
  ...inputOutputFlags,
  ...fieldFlags,
  ...scoringFlags,
  ...badRowFlags,
  ...longRunFlags,
  ...workFlags,
] as const;

export const flagsOf = (command: CommandName): readonly Flag[] =>
  (flags as readonly Flag[]).filter(({ commands }) => commands.includes(command));

/** The flags that a command refuses. */
export const refusedBy = (command: CommandName): readonly Flag[] =>
  (flags as readonly Flag[]).filter((flag) => flag.refusedBy?.[command] !== undefined);

/** The values of a command's flags: a field for each, which may be absent where a flag has a value and no default. */
export type FlagsOf<Command extends CommandName> = Simplified<
  { readonly [F in Always<FlagIn<Command>> as FieldOf<F['name']>]: ValueOf<F> } & {
    readonly [F in Sometimes<FlagIn<Command>> as FieldOf<F['name']>]?: ValueOf<F>;
  }
>;

export type ScoreFlags = FlagsOf<'score'>;
export type BestFlags = FlagsOf<'best'>;
export type EvalFlags = FlagsOf<'eval'>;
export type ServeFlags = FlagsOf<'serve'>;

type AnyFlag = (typeof flags)[number];

/** The records of a command's flags; the type distributes over a union. */
type FlagIn<Command extends CommandName, F extends AnyFlag = AnyFlag> = F extends unknown
  ? Command extends F['commands'][number]
    ? F
    : never
  : never;

/** The flags that have no value until it is given. */
type Sometimes<F extends AnyFlag> = F extends { value: string }
  ? F extends { default: string | number } | { required: true }
    ? never
    : F
  : never;

type Always<F extends AnyFlag> = Exclude<F, Sometimes<F>>;

type ValueOf<F extends AnyFlag> = F extends { choices: readonly (infer Choice)[] }
  ? Choice
  : F extends { parse: (text: string, before?: never) => infer Value }
    ? Value
    : F extends { value: string }
      ? string
      : boolean;

type FieldOf<Name extends string> = Name extends `no-${infer Rest}` ? CamelCase<Rest> : CamelCase<Name>;

type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Rest}`
  ? `${Head}${Capitalize<CamelCase<Rest>>}`
  : Name;

/** Makes one record type of an intersection, for editors and error messages. */
type Simplified<T> = { [Key in keyof T]: T[Key] };
