/**
 * Loaded before the program (node --import): a worker that is told to load the model, or gets a window with `hold~` in
 * it, as HOLD_AT says (`load` or `score`), writes `held` to standard error and goes on when something is written to
 * HOLD_FIFO, each time that it meets it.
 */
import { readFileSync, writeSync } from 'node:fs';
import { isMainThread, parentPort } from 'node:worker_threads';

const { HOLD_AT, HOLD_FIFO } = process.env;

const isDue = ({ type, window }) =>
  type === HOLD_AT && (window === undefined || Buffer.from(window.bytes).includes('hold~'));

if (!isMainThread && parentPort !== null) {
  const on = parentPort.on.bind(parentPort);
  parentPort.on = (event, listener) =>
    on(event, (message) => {
      if (isDue(message)) {
        // At once: a worker's process.stderr goes by way of the main thread.
        writeSync(2, 'held\n');
        readFileSync(HOLD_FIFO);
      }
      return listener(message);
    });
}
