/** Heartbeats, by which the main thread distinguishes a worker that works from one that is stuck. */
const EVERY_MS = 250;

/** Makes a function that is called often, between pieces of work, and calls `send` from time to time. */
export function createHeartbeat(send: () => void): () => void {
  let last = performance.now();
  return () => {
    const now = performance.now();
    if (now - last < EVERY_MS) return;
    last = now;
    send();
  };
}
