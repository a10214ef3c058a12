/**
 * Loaded before the program (node --import): each worker holds its answer to an even window until some worker has
 * answered the one after it, so answers reach the main thread out of order, whatever the machine's timing.
 * HOLD_BELOW is the number of windows: the last one has none after it to wait for.
 */
import { writeSync } from 'node:fs';
import { BroadcastChannel, isMainThread, parentPort } from 'node:worker_threads';

if (!isMainThread && parentPort !== null) {
  const windows = Number(process.env.HOLD_BELOW);
  const answered = new Set();
  const channel = new BroadcastChannel('answered');
  channel.unref();
  let onAnswered = () => undefined;
  channel.onmessage = ({ data }) => {
    answered.add(data);
    onAnswered();
  };
  let current = -1;
  const on = parentPort.on.bind(parentPort);
  parentPort.on = (event, listener) =>
    on(event, (message) => {
      if (message?.type === 'score') current = message.window.index;
      return listener(message);
    });
  const post = parentPort.postMessage.bind(parentPort);
  parentPort.postMessage = (message, transfer) => {
    if (message.type !== 'scored') return post(message, transfer);
    const index = current;
    const send = () => {
      onAnswered = () => undefined;
      post(message, transfer);
      // Written at once, before anybody hears of it: a worker's process.stderr goes by way of the main thread.
      writeSync(2, `answered ${index}\n`);
      channel.postMessage(index);
    };
    onAnswered = () => {
      if (answered.has(index + 1)) send();
    };
    if (index % 2 === 1 || index + 1 >= windows || answered.has(index + 1)) send();
  };
}
