/** The one door to a scorer: finds the model, checks the settings, prepares it, and says what there is to be said. */
import { usageError } from '../errors.js';
import type { ResolveOptions } from '../hub/resolve.js';
import { countParameters } from '../model/architectures/network.js';
import { cpu } from '../model/backend/cpu.js';
import { fallbackInWords } from '../model/int8/mix.js';
import { shortfallOf } from '../model/int8/quality.js';
import { optionName } from '../option-name.js';
import { readLimits } from '../platform/limits.js';
import { isFailure } from '../rows/failure.js';
import type { NamedFields, Row } from '../rows/kinds/roles.js';
import { readRow } from '../rows/kinds/texts.js';
import type { Notice } from '../rows/notices.js';
import { identityOf, type ScorerIdentity } from './identity.js';
import { WorkerPool } from './pool.js';
import type { ScoredWindow, Window, WindowTask } from './protocol.js';
import { fillRequest, type ScorerRequest } from './request.js';
import { locationOf, type Needs, type ResolvedModel, resolveModel } from './resolve.js';
import type { Scorer } from './scorer.js';
import { type ModelSettings, SPECIAL_TOKENS_SOURCE, settingsInWords } from './settings.js';
import type { WindowSize } from './window-size.js';
import { chooseWorkerCount } from './worker-count.js';

/** What a scorer says while it opens and works, how it is stopped, and what whoever opens it insists on. */
export interface ScorerUi extends Needs {
  /** Called with what the user should know, a sentence each. */
  readonly onNotice: (message: string) => void;
  /** Called when it is loaded with a line that says how texts are read, and what each setting comes from. Default: nothing is called. */
  readonly onReading?: (line: string) => void;
  /** Called with how far a download is. Default: nothing is called. */
  readonly onDownload?: ResolveOptions['onProgress'];
  /** Awaited when the model is found and everything asked of it can be, before it is prepared, which may take minutes. */
  readonly onResolved?: (refusalOf: RefusalOf) => Promise<void> | void;
  /** Ends a download. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Why no row like this one can be scored with the settings there are, in a sentence; undefined where it can be.
 *
 * @param fields those that flags name
 */
export type RefusalOf = (row: Row, fields: NamedFields) => string | undefined;

/** A scorer with a model behind it. */
export interface ModelScorer extends Scorer {
  readonly identity: ScorerIdentity;
  /** What comes with the model, or was asked for in its place. */
  readonly settings: ModelSettings;
  /** The labels that it has logits for, and the loss that it was trained with, where config.json says it. */
  readonly classifier: { readonly labels: readonly string[]; readonly problemType: string | undefined };
  /** What was known before the first row was read. */
  readonly notices: readonly Notice[];
  /** For a task that is a dry run: the work (WindowStats) that all workers together could do in a second. */
  readonly workPerSecond: number;
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
  const resolved = await resolveModel(filled, download, ui);
  const notices: Notice[] = [];
  const give = (notice: Notice): void => {
    if (strict) throw usageError(`${notice.message} (${optionName('strict')})`);
    notices.push(notice);
    ui.onNotice(notice.message);
  };
  for (const notice of resolved.notices) give(notice);
  await ui.onResolved?.(refusalBy(resolved));
  const pool = await WorkerPool.prepare({
    model: locationOf(resolved),
    useCache: cache,
    deadlineMs: workerTimeout * 1000,
    onNotice: ui.onNotice,
  });
  const shortfall = pool.model.kind === 'checkpoint' ? shortfallOf(pool.model.quality) : undefined;
  try {
    if (shortfall !== undefined) give({ code: 'QUALITY', message: shortfall });
  } catch (error) {
    await pool.release();
    throw error;
  }
  const fallback = pool.model.kind === 'checkpoint' ? fallbackInWords(pool.model.mix) : undefined;
  // Slower than was hoped for, and no worse, so that a strict request goes on too.
  if (fallback !== undefined) ui.onNotice(fallback);
  return new PooledScorer(resolved, notices, give, pool, workers, ui);
}

class PooledScorer implements ModelScorer {
  readonly identity: ScorerIdentity;
  readonly notices: readonly Notice[];
  readonly windowSize: WindowSize;
  workPerSecond = 0;
  workers = 0;
  readonly #resolved: ResolvedModel;
  readonly #pool: WorkerPool;
  readonly #askedWorkers: number;
  readonly #ui: ScorerUi;
  /** Says what is found out, and refuses it under --strict. */
  readonly #give: (notice: Notice) => void;
  #specialTokens: ModelSettings['specialTokens'];
  #closed: Promise<void> | undefined;

  constructor(
    resolved: ResolvedModel,
    notices: readonly Notice[],
    give: (notice: Notice) => void,
    pool: WorkerPool,
    askedWorkers: number,
    ui: ScorerUi,
  ) {
    this.#resolved = resolved;
    this.notices = notices;
    this.#give = give;
    this.#pool = pool;
    this.#askedWorkers = askedWorkers;
    this.#ui = ui;
    this.identity = identityOf(resolved, pool.model);
    this.windowSize = cpu.windowSize(countParameters(resolved.checkpoint.network));
  }

  get restarts(): number {
    return this.#pool.restarts;
  }

  get settings(): ModelSettings {
    const specialTokens = this.#specialTokens;
    return { ...this.#resolved.settings, ...(specialTokens && { specialTokens }) };
  }

  get classifier(): ModelScorer['classifier'] {
    const { labels, problemType } = this.#resolved.checkpoint.network;
    return { labels, problemType };
  }

  async load(task: WindowTask, windows: number): Promise<void> {
    if (task.answer.kind === 'explanation' && task.answer.trace) refuseTrace(this.#resolved.checkpoint);
    const { checkpoint, scoring, tokenizerDirectory } = this.#resolved;
    const need = cpu.memoryNeed(checkpoint.network, scoring.maxLength);
    const { workers, notice } = chooseWorkerCount(this.#askedWorkers, windows, readLimits(), need);
    const isFirst = this.workers === 0;
    if (isFirst && notice !== undefined) this.#ui.onNotice(notice);
    this.workers = workers;
    const loaded = await this.#pool.load({ tokenizerDirectory, scoring, task }, workers);
    this.workPerSecond = loaded.workPerSecond;
    // Of another task with the same model there is nothing new to say.
    if (!isFirst) return;
    this.#ui.onReading?.(settingsInWords(this.#resolved.settings));
    this.#specialTokens = { value: loaded.tokenizer.specialTokens, source: SPECIAL_TOKENS_SOURCE };
    for (const message of loaded.tokenizer.notices) this.#give({ code: 'TOKENIZER_CLASS', message });
  }

  score(window: Window): Promise<ScoredWindow> {
    return this.#pool.score(window);
  }

  close(): Promise<void> {
    this.#closed ??= this.#pool.release();
    return this.#closed;
  }
}

/** As the workers read rows. */
function refusalBy({ texts }: ResolvedModel): RefusalOf {
  return (row, fields) => {
    const read = readRow(row, { ...texts, fields });
    if (isFailure(read)) return read.wrongUse && read.message;
    if (!read.notices.includes('PROMPT_RENDERED')) return undefined;
    return (
      `expected a prompt that the chat template has not rendered yet, got one that begins as it does; ` +
      `score rendered text with ${optionName('template')} none`
    );
  };
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
