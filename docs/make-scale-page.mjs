/**
 * Writes docs/scale.md, what 1e9 rows take, and docs/design/011-scale.md, how that follows from what was measured
 * (bench/results) and formulas. Their words stand in scale-page.txt and scale-note.txt.
 *
 *     node docs/make-scale-page.mjs
 *
 * Another folder than docs/ can be named as argument. What is measured by hand stands in `measured`, with where it
 * is from; the rest is read from bench/results/window-times.json, window-times-small.json and storage.json.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { simulate } from '../bench/simulation.mjs';

const read = (name) => JSON.parse(readFileSync(new URL(`../bench/results/${name}.json`, import.meta.url), 'utf8'));
const sample = read('window-times');
const smallSample = read('window-times-small');
const storage = read('storage');

/** Figures of pages under bench/results, and of bench/README.md. Two threads, so halves are a core's. */
const measured = {
  ceiling: 200e9, // FLOP/s of two threads
  // Share of the ceiling that linear layers reach in float32; rewards, tokens after truncation and computed; times as
  // fast in int8; bytes of input a reward.
  W1: { share: 0.811, rewards: 200, tokens: 34_930, computed: 12_609, int8: 9.89 / 4.21, bytes: 171 },
  W1r: { share: 0.855, rewards: 200, tokens: 32_173, computed: 6_307, int8: 18.5 / 8.34, bytes: 171 },
  W2: { share: 0.924, rewards: 200, tokens: 28_506, computed: 28_356, int8: 7.16 / 2.89, bytes: 617 },
  W5: { rewards: 8, computed: 1_545, seconds: { fp32: 11.48, int8: 4.43 } },
  // With AVX2: milliseconds a run and a node, microseconds a pair of nodes, GPT-2 base, one thread.
  avx2: { run: 10, node: 1.76, pair: 0.49 },
  startSeconds: { fp32: 0.922, int8: 1.045 },
  preparedBytes: { base: { fp32: 838e6, int8: 499e6 }, large: { fp32: 5.94e9, int8: 3.1e9 } },
};

/** What is only assumed, to be replaced by what the reader's machines have. */
const assumed = {
  rows: 1e9,
  price: 0.04,
  shards: 1000,
  workers: 4,
  nodes: 125,
  slots: 8,
  storage: 10e9, // bytes a second, all clients together
  client: 1e9, // bytes a second, one client
};

const models = {
  small: { label: 'the bundled model, 3 layers of 256', width: 256, layers: 3, vocabulary: 8000, positions: 256 },
  base: { label: 'GPT-2 base', width: 768, layers: 12, vocabulary: 50_257, positions: 1024 },
  medium: { label: 'GPT-2 medium', width: 1024, layers: 24, vocabulary: 50_257, positions: 1024 },
  large: { label: 'GPT-2 large', width: 1280, layers: 36, vocabulary: 50_257, positions: 1024 },
  xl: { label: 'GPT-2 XL', width: 1600, layers: 48, vocabulary: 50_257, positions: 1024 },
};

const column = (data, name) => data.windows.map((window) => window[data.columns.indexOf(name)]);
const sum = (values) => values.reduce((total, value) => total + value, 0);
const mean = (values) => sum(values) / values.length;
const deviation = (values) => Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));
const quantile = (values, at) => [...values].sort((a, b) => a - b)[Math.floor(at * (values.length - 1))];

const parametersOf = ({ width, layers, vocabulary, positions }) =>
  (vocabulary + positions) * width + layers * (12 * width ** 2 + 13 * width) + 2 * width + width;

/** Of linear layers, a token in all layers and a reward's last token in the last: bench/roofline.py. */
const linear = ({ width, layers }, computed, rewards) =>
  2 * width ** 2 * ((12 * (layers - 1) + 2) * computed + 10 * rewards);

/** Of attention, a token in a pack of so many. */
const attention = ({ width, layers }, pack) => 4 * layers * width * pack;

/** FLOP/s of linear layers that a core reaches over all of the scoring time. */
const rate = (name, precision) =>
  measured[name].share * (measured.ceiling / 2) * (precision === 'int8' ? measured[name].int8 : 1);

/** Core-seconds a reward. */
const seconds = (model, name, precision) =>
  linear(models[model], measured[name].computed, measured[name].rewards) /
  measured[name].rewards /
  rate(name, precision);

/** Core-seconds a computed token. */
const nodeOf = (data) => sum(column(data, 'milliseconds')) / 1000 / sum(column(data, 'computedTokens'));
const small = { node: nodeOf(smallSample), base: nodeOf(sample) };
if (String(smallSample.instructions) !== String(sample.instructions) || smallSample.time !== sample.time)
  throw new Error(
    'window-times-small.json: expected it to be of the same kind of processor and time as window-times.json',
  );
const smallRatio = small.node / small.base;
const baseNode = (seconds('base', 'W2', 'fp32') * measured.W2.rewards) / measured.W2.computed;
/** A small model's matrices do not reach a large one's rate: its time is GPT-2 base's, by the measured ratio. */
const secondsOf = (model, name, precision) =>
  model === 'small'
    ? (smallRatio * baseNode * measured[name].computed) / measured[name].rewards
    : seconds(model, name, precision);

const avx2Node = (measured.avx2.run + 256 * measured.avx2.node + 256 ** 2 * measured.avx2.pair * 1e-3) / 256e3;
const avx2Rate = linear(models.base, 1, 0) / avx2Node;

// Windows: drawn for the simulation. A sample of another machine has the right shape and another level: it is brought to
// the level of W2.
const windowTimes = column(sample, 'milliseconds').map((time) => time / 1000);
const rewardsPerWindow = mean(column(sample, 'rewards'));
const level = (seconds('base', 'W2', 'fp32') * rewardsPerWindow) / mean(windowTimes);
const times = windowTimes.map((time) => time * level);
const run = {
  windows: assumed.rows / rewardsPerWindow,
  windowTimes: times,
  shards: assumed.shards,
  workersPerShard: assumed.workers,
  nodes: assumed.nodes,
  slotsPerNode: assumed.slots,
  warmStart: measured.startSeconds.fp32,
  coldStart: measured.startSeconds.fp32 + (assumed.nodes * measured.preparedBytes.base.fp32) / assumed.storage,
  replay: (storage.secondsPerGigabyte.lines * measured.W2.bytes) / 1e9 / seconds('base', 'W2', 'fp32'),
};
const inputBytes = assumed.rows * measured.W2.bytes;
const outputBytes = assumed.rows * (measured.W2.bytes + 22);
run.merge = Math.max((2 * outputBytes) / assumed.client, (outputBytes / 1e9) * storage.secondsPerGigabyte.merge);

const number = (value, digits = 3) =>
  Number(value.toPrecision(digits)).toLocaleString('en-US', { maximumSignificantDigits: digits });
const scaled = (value, units, step = 1000) => {
  let unit = 0;
  for (; value >= step && unit < units.length - 1; unit++) value /= step;
  return `${number(value)} ${units[unit]}`;
};
const bytes = (value) => scaled(value, ['B', 'KB', 'MB', 'GB', 'TB', 'PB']);
const duration = (value) =>
  value < 120 ? `${number(value)} s` : value < 7200 ? `${number(value / 60)} min` : `${number(value / 3600)} h`;
const percent = (value) => `${number(100 * value, 2)} %`;
const table = (header, rows) =>
  [header, header.map((_, i) => (i === 0 ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');

/** @param workloads what W1, W1r and W2 are called. */
const costs = (workloads) =>
  table(
    [
      'core-hours a million rewards, AVX-512 with VNNI',
      'parameters',
      ...workloads.flatMap((name) => [`${name} fp32`, `${name} int8`]),
    ],
    Object.entries(models).map(([key, model]) => [
      model.label,
      scaled(parametersOf(model), ['', '', 'M', 'B']).trim(),
      ...['W1', 'W1r', 'W2'].flatMap((name) =>
        ['fp32', 'int8'].map((precision) =>
          key === 'small' && precision === 'int8' ? '-' : number((1e6 * secondsOf(key, name, precision)) / 3600),
        ),
      ),
    ]),
  );

const billion = () =>
  table(
    [
      '1e9 rewards',
      'core-hours',
      `at ${assumed.price} a core-hour`,
      `on ${number(assumed.shards * assumed.workers, 4)} cores`,
    ],
    Object.keys(models).flatMap((key) =>
      ['fp32', 'int8'].flatMap((precision) => {
        if (key === 'small' && precision === 'int8') return [];
        return ['W1', 'W2'].map((name) => {
          const hours = (assumed.rows * secondsOf(key, name, precision)) / 3600;
          const days = (hours * 3600) / (assumed.shards * assumed.workers);
          return [
            `${models[key].label}, ${precision}, ${name}`,
            number(hours),
            number(hours * assumed.price),
            duration(days),
          ];
        });
      }),
    ),
  );

const checks = () =>
  table(
    ['W5, GPT-2 large, two workers', "by the formula with W2's rate", 'measured'],
    ['fp32', 'int8'].map((precision) => [
      precision,
      `${number(linear(models.large, measured.W5.computed, measured.W5.rewards) / (2 * rate('W2', precision)))} s`,
      `${number(measured.W5.seconds[precision])} s`,
    ]),
  );

const flops = () =>
  table(
    ['MFLOP a token', 'linear layers', 'attention, pack of 256', 'pack of 512'],
    Object.values(models).map((model) => [
      model.label,
      number(linear(model, 1, 0) / 1e6, 4),
      number(attention(model, 256) / 1e6),
      number(attention(model, 512) / 1e6),
    ]),
  );

const perShard = (shards) => (assumed.rows / shards) * (seconds('base', 'W2', 'fp32') / assumed.workers);

const shardCounts = () =>
  table(
    ['shards', 'rows each', 'time each', 'start of it', 'at worst lost by a failure'],
    [250, 1000, 4000, 16_000].map((shards) => [
      number(shards),
      scaled(assumed.rows / shards, ['', 'thousand', 'million']),
      duration(perShard(shards)),
      percent(run.warmStart / perShard(shards)),
      duration(1 + ((3 * assumed.workers + 1) * mean(times)) / assumed.workers),
    ]),
  );

const { start } = storage;
const startTable = () =>
  table(
    ['GPT-2 base, fp32, prepared', 'opens', 'bytes read', `opens of ${number(assumed.shards)} shards`, 'bytes'],
    [
      ['the program and its packages', 'program'],
      ['the checkpoint: config.json, headers of the weights, the tokenizer (once a worker)', 'checkpoint'],
      ['the prepared model, beside what is mapped', 'prepared'],
      ['the input', 'input'],
      ['the system: Node itself, libraries', 'system'],
    ].map(([label, kind]) => [
      label,
      number(start[kind].opens),
      bytes(start[kind].readBytes),
      number(start[kind].opens * assumed.shards),
      bytes(start[kind].readBytes * assumed.shards),
    ]),
  );

const { save } = storage;
const saveTable = () =>
  table(
    ['a save', 'calls', `a second, ${number(assumed.shards)} shards`],
    [
      ['files created (`run.json.tmp`)', save.creates],
      ['renames', save.renames],
      ['syncs: output, `run.json`, folder', save.syncsOfOutput + save.syncsOfRunFile + save.syncsOfFolder],
    ].map(([label, calls]) => [label, number(calls), number(calls * assumed.shards)]),
  );

const shardReads = () =>
  table(
    ['input', 'read by 4 shards, in files', 'by the formula', `by ${number(assumed.shards)} shards of 1e9 rows`],
    [
      ['rows.jsonl', 'JSONL, as it is: sought', (n) => 1 + 0 * n, 1],
      ['rows.csv', "CSV: read up to the shard's end", (n) => (n + 1) / 2, 1],
      [
        'rows.jsonl.gz',
        "compressed: read once for its length, then up to the shard's end",
        (n) => n + (n + 1) / 2,
        1 / 3,
      ],
    ].map(([name, label, files, ratio]) => {
      const { parts, fileBytes, readBytes } = storage.shards[name];
      return [
        label,
        number(sum(readBytes) / fileBytes),
        number(files(parts)),
        bytes(files(assumed.shards) * inputBytes * ratio),
      ];
    }),
  );

const scenario = (label, settings) => {
  const started = [1, 2, 3, 4, 5].map((seed) => simulate({ ...run, ...settings, seed }));
  const average = (value) => mean(started.map(value));
  return [
    label,
    ...[250, 1000, 4000, 16_000].flatMap((shards) => {
      const outcomes = [1, 2, 3, 4, 5].map((seed) => simulate({ ...run, ...settings, shards, seed }));
      const makespan = mean(outcomes.map((outcome) => outcome.makespan));
      return [`${duration(makespan)} (${number(mean(outcomes.map(({ ratio }) => ratio)))})`];
    }),
    number(
      average(({ failures }) => failures),
      2,
    ),
    duration(average(({ tail }) => tail)),
  ];
};

const day = 86_400;
const simulations = () =>
  table(
    [
      'time (times the ideal)',
      '250 shards',
      '1,000 shards',
      '4,000 shards',
      '16,000 shards',
      'failures, 1,000',
      'tail, 1,000',
    ],
    [
      scenario('all goes well', {}),
      scenario('1 % of nodes half as fast', { slowShare: 0.01 }),
      scenario('10 % of nodes half as fast', { slowShare: 0.1 }),
      scenario('shards uneven by 10 %', { unevenness: 0.1 }),
      scenario('a node fails every 365 days', { timeBetweenFailures: 365 * day }),
      scenario('every 30 days', { timeBetweenFailures: 30 * day }),
      scenario('every day', { timeBetweenFailures: day }),
      scenario('every day, without resume', { timeBetweenFailures: day, saveInterval: Number.POSITIVE_INFINITY }),
      scenario('10 % slow, every 30 days, uneven by 10 %', {
        slowShare: 0.1,
        timeBetweenFailures: 30 * day,
        unevenness: 0.1,
      }),
    ],
  );

const sampleProcessor = () => {
  const names = { avx2: 'AVX2', avx512f: 'AVX-512', avx_vnni: 'VNNI', avx512_vnni: 'VNNI', amx_int8: 'AMX' };
  const widest = sample.instructions.filter((name, _, all) => name !== 'avx2' || all.length === 1);
  return widest.map((name) => names[name]).join(' and ');
};

const scoringHours = (assumed.rows * seconds('base', 'W2', 'fp32')) / 3600;

const values = {
  flops,
  costs: () => costs(['W1', 'W1r', 'W2']),
  guideCosts: () => costs(['8 candidates of a prompt,', 'the same with `--reserve 64`,', 'texts that share nothing,']),
  billion,
  checks,
  shardCounts,
  startTable,
  saveTable,
  shardReads,
  simulations,
  price: assumed.price,
  rates: table(
    ['GFLOP/s a core', 'fp32', 'int8'],
    [
      ...['W1', 'W1r', 'W2'].map((name) => [
        `AVX-512 with VNNI, ${name}`,
        number(rate(name, 'fp32') / 1e9),
        number(rate(name, 'int8') / 1e9),
      ]),
      ['AVX2, a pack of 256', number(avx2Rate / 1e9), '-'],
    ],
  ),
  rowsTable: table(
    ['a reward of', 'tokens', 'computed', 'saved', 'bytes of input'],
    ['W1', 'W1r', 'W2'].map((name) => {
      const { rewards, tokens, computed, bytes: length } = measured[name];
      return [
        name,
        number(tokens / rewards),
        number(computed / rewards),
        percent(1 - computed / tokens),
        number(length),
      ];
    }),
  ),
  avx2Factor: number(rate('W2', 'fp32') / avx2Rate),
  smallNode: number(small.node * 1e6),
  smallBaseNode: number(small.base * 1e6),
  smallRatio: number(1 / smallRatio),
  sampleProcessor: sampleProcessor(),
  sampleFactor: number(small.base / baseNode),
  smallWindows: smallSample.windows.length,
  windows: sample.windows.length,
  windowRewards: number(rewardsPerWindow),
  windowMean: number(mean(times)),
  windowDeviation: number(deviation(times) / mean(times)),
  windowTail: number(quantile(times, 0.99) / mean(times)),
  sampleKind:
    sample.time === 'processor'
      ? 'processor time, one worker, on a machine with other work'
      : `${sample.workers} workers`,
  level: number(level),
  mapped: bytes(start.mappedBytes),
  mappedAll: bytes(start.mappedBytes * assumed.shards),
  mappedNodes: bytes(start.mappedBytes * assumed.nodes),
  nodes: assumed.nodes,
  coldSeconds: duration((start.mappedBytes * assumed.nodes) / assumed.storage),
  largeNodes: bytes(measured.preparedBytes.large.fp32 * assumed.nodes),
  largeSeconds: duration((measured.preparedBytes.large.fp32 * assumed.nodes) / assumed.storage),
  hashAll: bytes(4 * parametersOf(models.base) * assumed.shards),
  runFileBytes: bytes(save.sketchBytes),
  runFileRate: bytes(save.sketchBytes * assumed.shards),
  outputRate: bytes((assumed.shards * assumed.workers * (measured.W2.bytes + 22)) / seconds('base', 'W2', 'fp32')),
  appends: number((assumed.shards * assumed.workers) / mean(times)),
  inputBytes: bytes(inputBytes),
  outputBytes: bytes(outputBytes),
  merge: duration(run.merge),
  mergeProcessor: number(storage.secondsPerGigabyte.merge),
  gunzip: number(storage.secondsPerGigabyte.gunzip),
  csv: number(storage.secondsPerGigabyte.csv),
  lines: number(storage.secondsPerGigabyte.lines),
  gunzipHours: number(
    (storage.secondsPerGigabyte.gunzip * (inputBytes / 1e9) * (assumed.shards + (assumed.shards + 1) / 2)) / 3600,
  ),
  csvHours: number((storage.secondsPerGigabyte.csv * (inputBytes / 1e9) * ((assumed.shards + 1) / 2)) / 3600),
  scoringHours: number(scoringHours),
  scoringTime: duration((scoringHours * 3600) / (assumed.shards * assumed.workers)),
  scoringMoney: number(scoringHours * assumed.price),
  samples: number(64 * assumed.shards * assumed.shards),
  replay: percent(run.replay),
  storageRate: bytes(assumed.storage),
  clientRate: bytes(assumed.client),
};

/** What a template says, with the values that it names. */
function filled(name) {
  const template = readFileSync(new URL(name, import.meta.url), 'utf8');
  return template.replaceAll(/\{\{(\w+)\}\}/g, (_, key) => {
    if (!(key in values)) throw new Error(`${name}: expected one of ${Object.keys(values).join(', ')}, got ${key}`);
    used.add(key);
    const value = values[key];
    return String(typeof value === 'function' ? value() : value);
  });
}

const used = new Set();
const folder = process.argv[2] ?? fileURLToPath(new URL('.', import.meta.url));
for (const [template, page] of [
  ['scale-page.txt', 'scale.md'],
  ['scale-note.txt', 'design/011-scale.md'],
]) {
  const path = join(folder, page);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, filled(template));
}
const unused = Object.keys(values).filter((key) => !used.has(key));
if (unused.length > 0) throw new Error(`neither template names ${unused.join(', ')}`);
