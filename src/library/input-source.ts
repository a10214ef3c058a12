/** The inputs of a stream: read ahead of whoever takes the results, and closed when nobody takes any more. */
import { setImmediate } from 'node:timers/promises';

export class InputSource<T> implements AsyncIterator<T> {
  readonly #iterator: AsyncIterator<T> | Iterator<T>;
  /** An item was asked for and has not come. */
  #isWaiting = false;
  #hasEnded = false;

  constructor(items: AsyncIterable<T> | Iterable<T>) {
    this.#iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  }

  async next(): Promise<IteratorResult<T>> {
    this.#isWaiting = true;
    try {
      const result = await this.#iterator.next();
      this.#hasEnded = result.done === true;
      return result;
    } catch (error) {
      this.#hasEnded = true;
      throw error;
    } finally {
      this.#isWaiting = false;
    }
  }

  /**
   * Resolves when the source has done what it does at its end; at once where its next item is still waited for: that may
   * never come, and the source closes when it does.
   *
   * @throws what the source throws when it is closed
   */
  async close(): Promise<void> {
    // Of a source that has more at hand, the item that was read ahead comes first.
    if (this.#isWaiting) await setImmediate();
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (this.#isWaiting) {
      const closing = this.#iterator.return?.();
      if (closing instanceof Promise) closing.catch(() => undefined);
    } else await this.#iterator.return?.();
  }
}
