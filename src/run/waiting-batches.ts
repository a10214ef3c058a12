import { setImmediate } from 'node:timers/promises';

/**
 * Groups what comes into batches of what is there without waiting: whoever gives one item and waits for an answer
 * gets it, and whoever gives many at once gets full batches.
 *
 * @param source is not closed here: whoever opened it knows when it is wanted no more
 * @param most items of the next batch at most
 */
export async function* batchesOf<T>(source: AsyncIterator<T> | Iterator<T>, most: () => number): AsyncGenerator<T[]> {
  const next = (): Promise<IteratorResult<T>> => {
    const result = Promise.resolve(source.next());
    result.catch(() => undefined); // Thrown when its turn comes, after what came before it.
    return result;
  };
  let coming = next();
  for (;;) {
    const first = await coming;
    if (first.done) return;
    const batch = [first.value];
    coming = next();
    const limit = most();
    while (batch.length < limit) {
      const item = await Promise.race([coming.catch(() => undefined), setImmediate(undefined)]);
      if (item === undefined || item.done) break;
      batch.push(item.value);
      coming = next();
    }
    yield batch;
  }
}
