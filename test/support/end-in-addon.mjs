/**
 * Ends a worker thread that is opening onnxruntime's addon: run with itself preloaded (node --import), in the program and in
 * the thread. Prints `ended` when the thread is gone.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';

const opening = new BroadcastChannel('opening');

if (isMainThread) {
  const { withFirstThread } = await import('../../dist/scorer/first-thread.js');
  let isOpening = false;
  opening.onmessage = () => {
    isOpening = true;
  };
  await withFirstThread(async () => {
    while (!isOpening) await turn();
  });
  opening.close();
  process.stdout.write('ended\n');
} else {
  const open = process.dlopen;
  process.dlopen = (...file) => {
    opening.postMessage('');
    return open.apply(process, file);
  };
  opening.unref();
}
