/** Signs of life: by these the main thread tells a worker that works from one that is stuck. */
const EVERY_MS = 250;

/** A function to be called often, between one piece of work and the next: now and then it calls `send`. */
export function createHeartbeat(send: () => void): () => void {
  let last = performance.now();
  return () => {
    const now = performance.now();
    if (now - last < EVERY_MS) return;
    last = now;
    send();
  };
}
