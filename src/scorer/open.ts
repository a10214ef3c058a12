/** The one door to a scorer: finds the model, checks the settings, prepares it, and says what there is to be said. */
import { usageError } from '../errors.js';
import type { Setting } from '../explanation/explanation.js';
import type { ResolveOptions } from '../hub/resolve.js';
import { countParameters } from '../model/architectures/network.js';
import { cpu } from '../model/backend/cpu.js';
import { shortfallOf } from '../model/int8/quality.js';
import { optionName } from '../option-name.js';
import { readLimits } from '../platform/limits.js';
import { identityOf, type ScorerIdentity } from './identity.js';
import { WorkerPool } from './pool.js';
import type { ScoredWindow, Window, WindowTask } from './protocol.js';
import { fillRequest, type ScorerRequest } from './request.js';
import { locationOf, type ResolvedModel, resolveModel } from './resolve.js';
import type { Scorer } from './scorer.js';
import type { WindowSize } from './window-size.js';
import { chooseWorkerCount } from './worker-count.js';

/** What a scorer says while it opens and works, how it is stopped, and what whoever opens it insists on. */
export interface ScorerUi {
  /** Called with what the user should know, a sentence each. */
  readonly onNotice: (message: string) => void;
  /** Called with how far a download is. Default: nothing is called. */
  readonly onDownload?: ResolveOptions['onProgress'];
  /** Awaited when the model is found and everything asked of it can be, before it is prepared, which may take minutes. */
  readonly onResolved?: () => Promise<void>;
  /** What cannot do with today's date where a template prints one: then the request must name it. Default: nothing. */
  readonly dateNeededBy?: string | undefined;
  /** Ends a download. */
  readonly signal?: AbortSignal | undefined;
}

/** A scorer with a model behind it. */
export interface ModelScorer extends Scorer {
  readonly identity: ScorerIdentity;
  /** The settings that decide rewards, and where each comes from. */
  readonly settings: readonly Setting[];
  /** For a task that is a dry run: tokens that all workers together could score in a second. */
  readonly tokensPerSecond: number;
  /** Workers that crashed and were replaced. */
  readonly restarts: number;
}

/**
 * Opens a scorer. It prepares the model, and starts no more than one thread before it is loaded.
 *
 * @throws FatalError `usage` for what cannot be asked for, or for a notice where the request is strict; `run` where the
 *   model cannot be prepared; the signal's reason where a download is aborted
 */
export async function openScorer(request: ScorerRequest, ui: ScorerUi): Promise<ModelScorer> {
  const filled = fillRequest(request);
  const { strict, cache, workers, workerTimeout, offline } = filled;
  const download = {
    offline,
    signal: ui.signal,
    onProgress: ui.onDownload ?? (() => undefined),
    notify: ui.onNotice,
  };
  const resolved = await resolveModel(filled, download, ui.dateNeededBy);
  const give = (notice: string): void => {
    if (strict) throw usageError(`${notice} (${optionName('strict')})`);
    ui.onNotice(notice);
  };
  for (const warning of resolved.warnings) give(warning);
  await ui.onResolved?.();
  const pool = await WorkerPool.prepare({
    model: locationOf(resolved),
    useCache: cache,
    deadlineMs: workerTimeout * 1000,
    onNotice: ui.onNotice,
  });
  const shortfall = pool.model.kind === 'checkpoint' ? shortfallOf(pool.model.quality) : undefined;
  try {
    if (shortfall !== undefined) give(shortfall);
  } catch (error) {
    await pool.release();
    throw error;
  }
  return new PooledScorer(resolved, pool, workers, ui);
}

class PooledScorer implements ModelScorer {
  readonly identity: ScorerIdentity;
  readonly settings: readonly Setting[];
  readonly windowSize: WindowSize;
  tokensPerSecond = 0;
  workers = 0;
  readonly #resolved: ResolvedModel;
  readonly #pool: WorkerPool;
  readonly #askedWorkers: number;
  readonly #ui: ScorerUi;
  #closed: Promise<void> | undefined;

  constructor(resolved: ResolvedModel, pool: WorkerPool, askedWorkers: number, ui: ScorerUi) {
    this.#resolved = resolved;
    this.#pool = pool;
    this.#askedWorkers = askedWorkers;
    this.#ui = ui;
    this.settings = resolved.settings;
    this.identity = identityOf(resolved, pool.model);
    this.windowSize = cpu.windowSize(countParameters(resolved.checkpoint.network));
  }

  get restarts(): number {
    return this.#pool.restarts;
  }

  async load(task: WindowTask, windows: number): Promise<void> {
    if (task.answer.kind === 'explanation' && task.answer.trace) refuseTrace(this.#resolved.checkpoint);
    const { checkpoint, scoring, tokenizerDirectory } = this.#resolved;
    const need = cpu.memoryNeed(checkpoint.network, scoring.maxLength);
    const { workers, notice } = chooseWorkerCount(this.#askedWorkers, windows, readLimits(), need);
    if (notice !== undefined) this.#ui.onNotice(notice);
    this.workers = workers;
    this.tokensPerSecond = await this.#pool.load({ tokenizerDirectory, scoring, task }, workers);
  }

  score(window: Window): Promise<ScoredWindow> {
    return this.#pool.score(window);
  }

  close(): Promise<void> {
    this.#closed ??= this.#pool.release();
    return this.#closed;
  }
}

/** @throws FatalError `usage` where a network gives no reward at each token */
function refuseTrace(checkpoint: ResolvedModel['checkpoint']): void {
  if (checkpoint.kind === 'exported') {
    throw usageError(
      `${checkpoint.file}: expected a checkpoint with ${optionName('trace')}, got an exported graph, which gives a reward at ` +
        `one token only; leave out ${optionName('trace')}, or name the checkpoint that it was exported from`,
    );
  }
  const { architecture, attention } = checkpoint.network;
  if (attention !== 'causal') {
    throw usageError(
      `expected a causal model with ${optionName('trace')}, got ${architecture}, in which a token sees what follows it; ` +
        `leave out ${optionName('trace')}`,
    );
  }
}
