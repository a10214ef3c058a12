import { setImmediate } from 'node:timers/promises';

/**
 * Groups items into batches of those that are available without waiting: a source that gives one item and waits for its
 * answer gets it, and one that gives many at once gets full batches.
 *
 * @param source not closed here, as its owner knows when it is no longer needed
 * @param most returns the most items of the next batch
 */
export async function* batchesOf<T>(source: AsyncIterator<T>, most: () => number): AsyncGenerator<T[]> {
  const next = (): Promise<IteratorResult<T>> => {
    const result = source.next();
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
