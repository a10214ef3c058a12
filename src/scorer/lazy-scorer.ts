/** A scorer for rows that may carry their rewards: the model is opened when the first row needs it. */
import { readLimits } from '../platform/limits.js';
import { existingRewardsScorer } from './existing-rewards-scorer.js';
import type { ModelScorer } from './open.js';
import type { ScoredWindow, Window, WindowTask } from './protocol.js';
import type { Scorer } from './scorer.js';
import { existingRewardsWindow, type WindowSize } from './window-size.js';
import { chooseWorkerCount } from './worker-count.js';

export class LazyScorer implements Scorer {
  readonly #open: () => Promise<ModelScorer>;
  #opening: Promise<ModelScorer> | undefined;
  #model: ModelScorer | undefined;
  #task: WindowTask | undefined;
  #windows = 0;
  #existing: ((window: Window) => Promise<ScoredWindow | undefined>) | undefined;
  #workers = 1;

  /** @param open opens the model; called once at most */
  constructor(open: () => Promise<ModelScorer>) {
    this.#open = open;
  }

  /** The model's scorer; undefined where no row has needed it. */
  get model(): ModelScorer | undefined {
    return this.#model;
  }

  get windowSize(): WindowSize {
    return this.#model?.windowSize ?? existingRewardsWindow;
  }

  get workers(): number {
    return this.#model?.workers ?? this.#workers;
  }

  /** Opens the model where the rows are known to need it. */
  async openModel(): Promise<void> {
    this.#opening ??= this.#open();
    this.#model = await this.#opening;
  }

  async load(task: WindowTask, windows: number): Promise<void> {
    this.#task = task;
    this.#windows = windows;
    if (this.#model !== undefined) return this.#model.load(task, windows);
    this.#existing = existingRewardsScorer(task);
    // The number follows the rule for workers, so that as many windows wait for a model as it can use.
    const nothing = { sharedBytes: 0, workerBytes: 1 };
    this.#workers = chooseWorkerCount(0, windows, readLimits(), nothing).workers;
  }

  async score(window: Window): Promise<ScoredWindow> {
    // Where one row has no reward, most have none.
    if (this.#opening === undefined) {
      const scored = await this.#existing?.(window);
      if (scored !== undefined) return scored;
    }
    return (await this.#loadedModel()).score(window);
  }

  #loadedModel(): Promise<ModelScorer> {
    this.#opening ??= this.#openAndLoad();
    return this.#opening;
  }

  async #openAndLoad(): Promise<ModelScorer> {
    const model = await this.#open();
    this.#model = model;
    await model.load(this.#task as WindowTask, this.#windows);
    return model;
  }

  async close(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    await this.#model?.close();
  }
}
