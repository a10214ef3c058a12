// The GEMM ceiling: what onnxruntime multiplies per second, two threads with a session of one thread each.
//
//     node bench/gemm.mjs DIRECTORY SECONDS
//
// DIRECTORY holds KxN.onnx, each x [M, K] times a constant matrix. Prints {"KxN": {"M": best FLOP/s}} as JSON.
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const THREADS = 2;
const HEIGHTS = [256, 384, 512];
const REPETITIONS = 3;

if (isMainThread) await lead(...process.argv.slice(2));
else follow();

async function lead(directory, seconds) {
  const workers = Array.from({ length: THREADS }, () => new Worker(new URL(import.meta.url)));
  const ask = (message) =>
    Promise.all(
      workers.map((worker) => {
        const answer = once(worker, 'message'); // rejects on an error
        worker.postMessage(message);
        return answer.then(([value]) => value);
      }),
    );
  const found = {};
  const shapes = readdirSync(directory).map((file) => /^(\d+)x(\d+)\.onnx$/.exec(file));
  for (const [file, depth, width] of shapes.filter(Boolean)) {
    const rates = {};
    await ask({ open: join(directory, file), depth: Number(depth) });
    for (const height of HEIGHTS) {
      const operations = 2 * height * depth * width;
      const totals = [];
      // All begin at the sum's last answer: none multiplies alone for long.
      for (let i = 0; i < REPETITIONS; i++) {
        const runs = await ask({ height, milliseconds: (Number(seconds) * 1000) / REPETITIONS });
        totals.push(runs.reduce((sum, { count, milliseconds }) => sum + (count * operations * 1000) / milliseconds, 0));
      }
      rates[height] = Math.max(...totals);
    }
    found[`${depth}x${width}`] = rates;
  }
  for (const worker of workers) worker.postMessage('end');
  process.stdout.write(`${JSON.stringify(found)}\n`);
}

function follow() {
  let session;
  let depth;
  parentPort.on('message', async (message) => {
    if (message === 'end') {
      await session.release();
      parentPort.close();
    } else if (message.open !== undefined) {
      await session?.release();
      depth = message.depth;
      session = await InferenceSession.create(message.open, { intraOpNumThreads: 1, interOpNumThreads: 1 });
      parentPort.postMessage('open');
    } else {
      const values = Float32Array.from({ length: message.height * depth }, (_, i) => (i % 17) / 17);
      const feeds = { x: new Tensor('float32', values, [message.height, depth]) };
      await session.run(feeds);
      const started = performance.now();
      let count = 0;
      let milliseconds = 0;
      for (; milliseconds < message.milliseconds; count++) {
        await session.run(feeds);
        milliseconds = performance.now() - started;
      }
      parentPort.postMessage({ count, milliseconds });
    }
  });
}
