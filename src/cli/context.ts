/** What a run of the program gets from whoever starts it: a process, or a test that stays in its own. */
import type { EventEmitter } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { Log } from './log.js';

export interface Context {
  readonly stdin: Readable & TerminalFacts;
  /** Data only. */
  readonly stdout: Writable & TerminalFacts;
  readonly stderr: Writable & TerminalFacts;
  /**
   * Environment variables. They are those of the process: commander, the hub and the workers read them there themselves.
   */
  readonly env: NodeJS.ProcessEnv;
  /** Emits the signals that the run is to end by, under their names. */
  readonly signals: Pick<EventEmitter, 'on' | 'off'>;
  /** Ends the run as a signal would have: of a process, it does not come back. */
  readonly dieBy: (signal: NodeJS.Signals) => void;
  /** Of reward-score. */
  readonly version: string;
  /** Writes to stderr. */
  readonly log: Log;
}

interface TerminalFacts {
  readonly isTTY?: boolean;
  /** The width of a terminal, in characters. */
  readonly columns?: number;
}

/** The same with another log. It is no copy: standard input is not to be opened before it is read. */
export const withLog = (context: Context, log: Log): Context =>
  Object.create(context, { log: { value: log } }) as Context;
