/**
 * The record of a flag. Parsing, --help, docs/cli.md, completion, environment variables, the types of the values and
 * what `--resume` and `merge` compare are all derived from it.
 */

export type CommandName =
  | 'score'
  | 'best'
  | 'eval'
  | 'explain'
  | 'compare'
  | 'summary'
  | 'doctor'
  | 'merge'
  | 'serve'
  | 'model pull'
  | 'model prepare'
  | 'model info'
  | 'model check'
  | 'model list'
  | 'model prune';

/**
 * What depends on a flag. Two runs are parts of one only where the first two kinds agree.
 *
 * - `reward`: the reward of a conversation.
 * - `output`: which conversations a row holds, and how results are written.
 * - `run`: neither of these, but how fast the work is done, which messages are shown, and where the run ends.
 */
export type Decides = 'reward' | 'output' | 'run';

/** A value as it is compared between runs and shown where two differ; null where the flag is not given. */
export type Comparable = string | number | boolean | null;

export interface Flag {
  /** The name without its dashes. A switch called `no-…` is on until it is given. */
  readonly name: string;
  /** The short name without its dash. */
  readonly short?: string;
  /**
   * The placeholder of the value in help; a `<file>`, a `<dir>` or a `<model>` is completed as one. A switch has none.
   */
  readonly value?: string;
  /** Its heading in help. */
  readonly group?: string;
  readonly doc: string;
  readonly choices?: readonly string[];
  /**
   * Makes the value from its text; `before` is the value of a flag that was already given.
   *
   * @throws InvalidArgumentError of commander, or FatalError `usage`
   */
  readonly parse?: (text: string, before?: never) => unknown;
  /** The text that stands for the value where the flag is given without one; the placeholder is then `[name]`. */
  readonly preset?: string;
  /** The default value. Only flags with a value have one, as switches are off by default. */
  readonly default?: string | number;
  /** The command does not start without it. */
  readonly required?: true;
  readonly commands: readonly CommandName[];
  /** Commands that refuse the flag, each with the reason. */
  readonly refusedBy?: Readonly<Partial<Record<CommandName, string>>>;
  /** Names of the flags that cannot be given beside it. It is said on one side of a pair. */
  readonly excludes?: readonly string[];
  readonly decides: Decides;
  /**
   * How values are compared, where they are not plain. `by content`: the value names files that may have moved, so that
   * the contents of the files are compared.
   */
  readonly compare?: ((value: never) => Comparable) | 'by content';
}

/** The name of the field that holds a flag's value. */
export const fieldOf = ({ name }: Pick<Flag, 'name'>): string =>
  name.replace(/^no-/, '').replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** The name of the switch that says the opposite of one. */
export const oppositeOf = ({ name }: Pick<Flag, 'name'>): string =>
  name.startsWith('no-') ? name.slice('no-'.length) : `no-${name}`;

/** The environment variable that stands in for a flag. */
export const variableOf = ({ name }: Pick<Flag, 'name'>): string =>
  `REWARD_SCORE_${name.replaceAll('-', '_').toUpperCase()}`;
