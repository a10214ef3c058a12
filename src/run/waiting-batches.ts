import { setImmediate } from 'node:timers/promises';

/**
 * Groups what comes into batches of what is there without waiting: whoever gives one item and waits for an answer
 * gets it, and whoever gives many at once gets full batches.
 */
export async function* batchesOf<T>(items: AsyncIterable<T> | Iterable<T>, most: number): AsyncGenerator<T[]> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const next = (): Promise<IteratorResult<T>> => {
    const result = Promise.resolve(iterator.next());
    result.catch(() => undefined); // thrown when its turn comes, after what came before it
    return result;
  };
  let coming = next();
  try {
    for (;;) {
      const first = await coming;
      if (first.done) return;
      const batch = [first.value];
      coming = next();
      while (batch.length < most) {
        const item = await Promise.race([coming.catch(() => undefined), setImmediate(undefined)]);
        if (item === undefined || item.done) break;
        batch.push(item.value);
        coming = next();
      }
      yield batch;
    }
  } finally {
    await iterator.return?.();
  }
}
