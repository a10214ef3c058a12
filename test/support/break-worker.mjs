/**
 * Loaded before the program (node --import): breaks workers as BREAK says, a JSON array of
 *
 *   how    what happens: a name in `breaks`
 *   at     when: `start` of a thread, `load` of the model; or where a text with that stage's marker in it is met:
 *          `window` (it comes in), `parse`, `tokenize`, `score`, `answer` (it goes out); or when a thread is about to say
 *          that it is done with it: `prepared`, `ready`, `scored`
 *   from, to   the first and the last time that it happens, over all threads; from 1 without end by default. Counted in
 *          a file, BREAK_COUNT, since threads come and go.
 */
import { pbkdf2Sync } from 'node:crypto';
import { appendFileSync, statSync } from 'node:fs';
import { isMainThread, parentPort } from 'node:worker_threads';

const markers = {
  window: 'bad~window',
  parse: 'bad~parse',
  tokenize: 'bad~tokenize',
  score: 'bad^score',
  answer: 'bad~answer',
};
/** The program's own, once it is loaded. */
let Session, Tensor, sessionOptions, encodeModel;

/** The token of `^`, which no other text of the tests has. */
const SCORE_TOKEN = 61;

const breaks = {
  throw() {
    // Outside the handler, where no try of the program's catches it.
    setImmediate(() => {
      throw new Error('broken on purpose');
    });
  },
  /** As a defect of the program would, where its own code runs. */
  defect() {
    throw new TypeError('broken on purpose');
  },
  exit: () => process.exit(7),
  heap() {
    for (const kept = []; ; ) kept.push(new Array(1000).fill(kept));
  },
  loop() {
    for (;;);
  },
  hang: () => pbkdf2Sync('', '', 2 ** 31 - 1, 64, 'sha512'),
  /** One call of onnxruntime that takes some seconds on any machine: longer than a deadline of one. */
  async slow() {
    const size = 3072;
    const float = (name, shape) => ({ name, type: 1, shape });
    const product = { operator: 'MatMul', domain: '', inputs: ['a', 'b'], outputs: ['c'], attributes: {} };
    const graph = {
      inputs: [float('a', ['rows', size]), float('b', [size, size])],
      outputs: [float('c', ['rows', size])],
      nodes: [product],
      constants: [],
    };
    const session = await Session.open(encodeModel(graph, [], ''), sessionOptions);
    const zeros = (rows) => new Tensor('float32', new Float32Array(rows * size), [rows, size]);
    const b = zeros(size);
    const started = performance.now();
    await session.run({ a: zeros(size / 8), b });
    const perRow = (performance.now() - started) / (size / 8);
    await session.run({ a: zeros(Math.ceil(2500 / perRow)), b });
    await session.release();
  },
  /** More at once than the heap has left. */
  huge() {
    untilOutput();
    for (const kept = []; ; ) kept.push(new Array(2 ** 24 - 1).fill(kept));
  },
  segfault() {
    untilOutput();
    process.kill(process.pid, 'SIGSEGV');
  },
  // biome-ignore lint/suspicious/noConsole: the noise is what is tested
  noise: () => console.log('noise from a library'),
};

/** Until what came before is written to BREAK_OUTPUT: a process that crashes writes no more. */
function untilOutput() {
  while (statSync(process.env.BREAK_OUTPUT).size === 0);
}

const faults = JSON.parse(process.env.BREAK);

/** Breaks what is to break now; a promise where that takes its time. */
function reach(stage) {
  let broken;
  for (const [i, { how, at, from, to }] of faults.entries()) {
    if (at !== stage) continue;
    if (from !== undefined || to !== undefined) {
      const file = `${process.env.BREAK_COUNT}-${i}`;
      appendFileSync(file, '.');
      const count = statSync(file).size;
      if (count < (from ?? 1) || count > (to ?? count)) continue;
    }
    broken = breaks[how]();
  }
  return broken;
}

/** Has `object[name]` reach a stage first, where its arguments say so. */
function watch(object, name, stage, isDue) {
  const original = object[name];
  object[name] = function (...args) {
    const broken = isDue(...args) ? reach(stage) : undefined;
    const goOn = () => original.apply(this, args);
    return broken instanceof Promise ? broken.then(goOn) : goOn();
  };
}

const marked = (bytes, stage) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(markers[stage]);

if (!isMainThread && parentPort !== null) {
  reach('start');
  const stages = new Set(faults.map(({ at }) => at));
  if (stages.has('parse')) watch(JSON, 'parse', 'parse', (text) => String(text).includes(markers.parse));
  if (stages.has('tokenize')) {
    const { Tokenizer } = await import('../../dist/model/tokenizer/tokenizer.js');
    watch(Tokenizer.prototype, 'encode', 'tokenize', (text) => text.includes(markers.tokenize));
  }
  if (stages.has('score')) {
    ({ Session, Tensor, sessionOptions } = await import('../../dist/model/backend/onnxruntime.js'));
    ({ encodeModel } = await import('../../dist/model/graph/onnx.js'));
    const { RewardSession } = await import('../../dist/model/backend/session.js');
    watch(RewardSession.prototype, 'run', 'score', ({ input_ids }) => input_ids.data.includes(SCORE_TOKEN));
  }
  watch(
    parentPort,
    'postMessage',
    'answer',
    ({ type, scored }) => type === 'scored' && marked(scored.output, 'answer'),
  );
  for (const said of ['prepared', 'ready', 'scored']) {
    watch(parentPort, 'postMessage', said, ({ type }) => type === said);
  }
  const on = parentPort.on.bind(parentPort);
  parentPort.on = (event, listener) =>
    on(event, (message) => {
      if (message.type === 'load') reach('load');
      if (message.type === 'score' && marked(message.window.bytes, 'window')) reach('window');
      return listener(message);
    });
}
