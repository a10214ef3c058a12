// Fits the cost model of src/model/backend/cpu.ts: what a run takes on one thread, by the number of nodes in its pack.
//
//     node bench/cost-model.mjs MODEL_DIRECTORY
//
// Prints JSON: milliseconds a run, a node, and microseconds a pair of nodes; and the constants that follow from them.
import { performance } from 'node:perf_hooks';
import { cpu } from '../dist/model/backend/cpu.js';
import { RewardSession } from '../dist/model/backend/session.js';
import { readCheckpoint } from '../dist/model/checkpoint/checkpoint.js';
import { chooseLayout } from '../dist/model/layout/choose-layout.js';
import { prepareModel } from '../dist/model/prepared/prepare.js';

const ALL_LENGTHS = [16, 32, 64, 96, 128, 192, 256, 320, 384, 448, 512];
const ROUNDS = 5;

const checkpoint = readCheckpoint(process.argv[2]);
const { hiddenSize, maxPositions, vocabularySize } = checkpoint.network;
const layout = chooseLayout(checkpoint.network, undefined, cpu);
const options = { useCache: true, notify: () => undefined, heartbeat: () => undefined };
const { directory } = await prepareModel(checkpoint, { precision: 'fp32' }, options);
const session = await RewardSession.open(directory);

const LENGTHS = ALL_LENGTHS.filter((length) => length <= maxPositions);
const milliseconds = new Map(LENGTHS.map((length) => [length, Number.POSITIVE_INFINITY]));
for (let round = 0; round <= ROUNDS; round++) {
  for (const length of LENGTHS) {
    const row = Array.from({ length }, (_, i) => (i * 7 + round) % vocabularySize);
    const [pack] = layout.lay([row]);
    const started = performance.now();
    await session.run(pack.feeds());
    // The first round touches the weights' pages. The least of the others is what no neighbour disturbed.
    if (round > 0) milliseconds.set(length, Math.min(milliseconds.get(length), performance.now() - started));
  }
}
await session.release();

const [run, node, pair] = fitQuadratic([...milliseconds]);
const measured = Object.fromEntries(milliseconds);
const constants = { fixed: run / node, attentionTimesHidden: (pair / node) * hiddenSize };
process.stdout.write(
  `${JSON.stringify({ hiddenSize, runMs: run, nodeMs: node, pairUs: pair * 1000, constants, measured })}\n`,
);

/** Least squares of relative errors, y = a + b·x + c·x², by the normal equations. */
function fitQuadratic(points) {
  const matrix = [0, 1, 2].map((i) => [
    ...[0, 1, 2].map((j) => sum(points, ([x, y]) => (x ** i * x ** j) / y ** 2)),
    sum(points, ([x, y]) => x ** i / y),
  ]);
  for (let i = 0; i < 3; i++) {
    for (let row = 0; row < 3; row++) {
      if (row === i) continue;
      const factor = matrix[row][i] / matrix[i][i];
      matrix[row] = matrix[row].map((value, column) => value - factor * matrix[i][column]);
    }
  }
  return matrix.map((row, i) => row[3] / row[i]);
}

function sum(points, value) {
  return points.reduce((total, point) => total + value(point), 0);
}
