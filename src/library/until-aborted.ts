/** A promise that rejects with the signal's reason as soon as it is aborted; `release` lets go of the signal. */
export function rejectOnAbort(signal: AbortSignal): { readonly aborted: Promise<never>; release(): void } {
  let listener: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    listener = () => reject(signal.reason);
    if (signal.aborted) listener();
    else signal.addEventListener('abort', listener, { once: true });
  });
  aborted.catch(() => undefined); // Nobody may be waiting for it.
  return { aborted, release: () => signal.removeEventListener('abort', listener) };
}

/** What an iterable gives, until a signal is aborted: then it throws the reason, even while the next item is waited for. */
export async function* untilAborted<T>(
  items: AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  if (signal === undefined) {
    yield* items;
    return;
  }
  const iterator = items[Symbol.asyncIterator]();
  const { aborted, release } = rejectOnAbort(signal);
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted]);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    release();
    // Not awaited: what is waited for may never come.
    void iterator.return?.()?.catch(() => undefined);
  }
}
