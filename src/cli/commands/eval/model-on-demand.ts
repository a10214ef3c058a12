/** A model that is loaded when the first row needs it: scored files need none. */
import { availableParallelism } from 'node:os';
import { usageError } from '../../../errors.js';
import { countParameters } from '../../../model/architectures/network.js';
import type { FormatSettings } from '../../../rows/formats/index.js';
import { type WindowSize, windowSizeFor } from '../../../run/windows.js';
import { type Engine, loadPool, preparePool, resolveEngine } from '../../../scorer/engine.js';
import { existingRewardsScorer } from '../../../scorer/existing-rewards-scorer.js';
import type { WorkerPool } from '../../../scorer/pool.js';
import type { ScoredWindow, Window } from '../../../scorer/protocol.js';
import type { ScoreFlags } from '../../flags/score-command.js';
import type { Log } from '../../log.js';
import { withDownloads } from '../downloads.js';

/** Of files that need no model. */
const SCORED_WINDOW: WindowSize = { bytes: 65_536, rows: 4096 };

export interface LoadedModel {
  readonly engine: Engine;
  readonly pool: WorkerPool;
}

export class ModelOnDemand {
  readonly #flags: ScoreFlags;
  readonly #format: FormatSettings;
  readonly #log: Log;
  readonly #kept: (window: Window) => Promise<ScoredWindow | undefined>;
  #loading: Promise<LoadedModel> | undefined;
  #loaded: LoadedModel | undefined;

  constructor(flags: ScoreFlags, format: FormatSettings, log: Log) {
    this.#flags = flags;
    this.#format = format;
    this.#log = log;
    this.#kept = existingRewardsScorer(format, flags.maxRowBytes);
  }

  /** undefined: no row has needed it. */
  get loaded(): LoadedModel | undefined {
    return this.#loaded;
  }

  get windowSize(): WindowSize {
    const engine = this.#loaded?.engine;
    return engine === undefined ? SCORED_WINDOW : windowSizeFor(countParameters(engine.checkpoint.network));
  }

  get workers(): number {
    return this.#loaded?.engine.workers ?? availableParallelism();
  }

  /** @throws FatalError where the model cannot be loaded */
  load(): Promise<LoadedModel> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  async score(window: Window): Promise<ScoredWindow> {
    // Where one row has no reward, most have none.
    if (this.#loading === undefined) {
      const scored = await this.#kept(window);
      if (scored !== undefined) return scored;
    }
    const { pool } = await this.load();
    return pool.score(window);
  }

  async release(): Promise<void> {
    await this.#loading?.catch(() => undefined);
    await this.#loaded?.pool.release();
  }

  async #load(): Promise<LoadedModel> {
    const { strict, cache, maxRowBytes } = this.#flags;
    const engine = await withDownloads(this.#flags, this.#log, (download) => resolveEngine(this.#flags, download));
    const [warning] = engine.warnings;
    if (strict && warning !== undefined) throw usageError(`${warning} (--strict)`);
    for (const notice of engine.warnings) this.#log.note(notice);
    const pool = await preparePool(engine, { useCache: cache, strict, onNotice: (notice) => this.#log.note(notice) });
    try {
      await loadPool(pool, engine, { format: this.#format, maxRowBytes });
    } catch (error) {
      await pool.release();
      throw error;
    }
    this.#loaded = { engine, pool };
    return this.#loaded;
  }
}
