/** Updates FILE.run.json during a run: all work that it calls done is on the disk and stays there. */

import { dirname } from 'node:path';
import { runError } from '../errors.js';
import { optionName } from '../option-name.js';
import type { Claim } from '../platform/claim.js';
import { statOrUndefined } from '../platform/files.js';
import type { Window } from '../scorer/protocol.js';
import type { AppendedFile } from './appended-file.js';
import { claimFileOf } from './claim-output.js';
import { filePosition } from './file-position.js';
import type { Output } from './output.js';
import { type Progress, type RunState, writeRunFile } from './run-file.js';
import type { RunStatistics } from './statistics.js';
import type { WindowHash } from './window-hash.js';

/** Milliseconds of work that a power cut may cost. */
const SAVE_EVERY_MS = 1000;
/** Saving takes at most this share of the time, however slow the disk and however large the statistics. */
const SAVING_SHARE = 0.02;

export interface JournalOptions {
  /** The path of the finished output. */
  readonly path: string;
  /** The claim on that output. */
  readonly claim: Claim;
  readonly output: Output;
  readonly errors: AppendedFile | undefined;
  readonly stats: RunStatistics;
  /** The state before this run's first window. */
  readonly state: RunState;
  /** The hash of the windows that were done before. */
  readonly hash: WindowHash;
}

export class Journal {
  readonly #options: JournalOptions;
  #state: RunState;
  readonly #started = performance.now();
  /** Where the windows that were written end. */
  #passed: Pick<Progress, 'windows' | 'output' | 'errors' | 'bytes'>;
  /** Bytes of the windows written since the last one that cannot change. */
  #open = 0;
  /** Whether more work was done since the last save. */
  #unsaved = false;
  #nextSave: number;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#state = options.state;
    this.#passed = options.state.done;
    this.#nextSave = performance.now() + SAVE_EVERY_MS;
  }

  /** To be called when the output's header is written, before any rows. */
  headerWritten(): void {
    const { output } = this.#options;
    this.#state = { ...this.#state, header: output.position };
    this.#passed = { ...this.#passed, output: filePosition(output) };
  }

  /**
   * To be called when a window was written and counted. The state is saved from time to time. A caller that writes a
   * window which may differ when the run is resumed calls `save` before.
   */
  async passed(window: Window): Promise<void> {
    const { output, errors, hash } = this.#options;
    hash.add(window);
    // The positions are remembered here: a window that fails half-way may have bytes in one file and not in the other.
    this.#passed = {
      windows: this.#passed.windows + 1,
      output: filePosition(output),
      errors: errors === undefined ? null : filePosition(errors),
      bytes: this.#passed.bytes === undefined ? undefined : this.#passed.bytes + window.bytes.length,
    };
    this.#open = window.open ? this.#open + window.bytes.length : 0;
    if (window.open) return;
    this.#unsaved = true;
    if (performance.now() >= this.#nextSave) await this.save();
  }

  /** Saves the state. */
  async save(): Promise<void> {
    if (!this.#unsaved) return;
    const began = performance.now();
    await this.#options.output.sync();
    await this.#options.errors?.sync();
    await this.#write({ ...this.#state, done: this.#progress() });
    this.#unsaved = false;
    const took = performance.now() - began;
    this.#nextSave = performance.now() + Math.max(SAVE_EVERY_MS, took / SAVING_SHARE);
  }

  /** To be called when the whole output is written, still under the name of work in progress. */
  async finish(hashes: readonly (string | null)[]): Promise<void> {
    await this.#options.errors?.sync();
    const whole = this.#progress();
    const done = this.#unsaved ? whole : this.#state.done;
    const finished = { ...whole, hashes, open: this.#open, file: this.#options.output.size };
    await this.#write({ ...this.#state, done, finished });
  }

  #progress(): Progress {
    const { hash, stats, state } = this.#options;
    return {
      ...this.#passed,
      sha256: hash.digest(),
      stats: stats.state,
      seconds: state.done.seconds + (performance.now() - this.#started) / 1000,
    };
  }

  async #write(state: RunState): Promise<void> {
    const { path, claim } = this.#options;
    // Processes on other machines consider one that was stopped for long dead. Where the whole folder is gone, writing
    // reports it.
    if (!claim.isHeld() && statOrUndefined(dirname(path)) !== undefined) {
      throw runError(
        `${path}: the run's claim on it, ${claimFileOf(path)}, was removed or taken over by another process; ` +
          `start the run again with ${optionName('resume')} once no other is at work on it`,
      );
    }
    await writeRunFile(path, state);
    // The statistics continue to change, so that the state as it was written is remembered.
    this.#state = structuredClone(state);
  }
}
