/**
 * Loaded before the program (node --import): what BREAK names happens in the worker that gets window BREAK_AT
 * (or, without BREAK_AT, at once).
 */
import { isMainThread, parentPort } from 'node:worker_threads';

const breaks = {
  throw() {
    // Outside the handler, where no try of the program's catches it.
    setImmediate(() => {
      throw new Error('broken on purpose');
    });
  },
  exit: () => process.exit(7),
  // biome-ignore lint/suspicious/noConsole: the noise is what is tested
  noise: () => console.log('noise from a library'),
};

if (!isMainThread && parentPort !== null) {
  const act = breaks[process.env.BREAK];
  const at = process.env.BREAK_AT;
  if (at === undefined) act();
  const on = parentPort.on.bind(parentPort);
  parentPort.on = (event, listener) =>
    on(event, (message) => {
      if (message?.type === 'score' && String(message.window.index) === at) {
        act();
        if (process.env.BREAK !== 'noise') return undefined;
      }
      return listener(message);
    });
}
