/** What a run of the program gets from its caller: a process, or a test within its own process. */
import type { EventEmitter } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { Notice } from '../rows/notices.js';
import type { GivenSettings } from './flags/options.js';
import type { Log } from './log.js';

export interface Context {
  readonly stdin: Readable & TerminalFacts;
  /** Receives only data. */
  readonly stdout: Writable & TerminalFacts;
  readonly stderr: Writable & TerminalFacts;
  /**
   * Environment variables. They must be those of the process: commander, the hub and the workers read them there
   * themselves.
   */
  readonly env: NodeJS.ProcessEnv;
  /** Emits the signals that end the run, under their names. */
  readonly signals: Pick<EventEmitter, 'on' | 'off'>;
  /** Ends the run as a signal would have; in a process, it does not return. */
  readonly dieBy: (signal: NodeJS.Signals) => void;
  /** Version of reward-score. */
  readonly version: string;
  /** Writes to stderr. */
  readonly log: Log;
}

interface TerminalFacts {
  readonly isTTY?: boolean;
  /** The width of a terminal, in characters. */
  readonly columns?: number;
}

/** What a command gets beside its arguments and flags. */
export interface CommandContext extends Context {
  readonly given: GivenSettings;
  /** The words of the command line after the program's name, as they were given. */
  readonly words: readonly string[];
  /** What was told before a model was opened; the summary has it. */
  readonly notices: Notice[];
}

/** It inherits instead of copying, as standard input must not be opened before it is read. */
export const contextOfCommand = (
  context: Context,
  log: Log,
  given: GivenSettings,
  words: readonly string[],
): CommandContext =>
  Object.create(context, {
    log: { value: log },
    given: { value: given },
    words: { value: words },
    notices: { value: [] },
  }) as CommandContext;
