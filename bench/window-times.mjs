// Measures what windows take on a worker: the distribution that docs/scale.md and bench/simulation.mjs go by.
//
//     node bench/window-times.mjs [--model DIR] [--rows FILE.jsonl] [--windows N] [--workers N] [--precision P] [--minutes N] [--time T] [--out FILE]
//
// Windows are cut, handed out and scored as a run does it; one in each worker at a time, so that a window's time is a
// worker's alone. Without --rows, conversations are made up from a seed. The first windows of each worker do not count.
// On a machine that has other work, --time processor (with --workers 1) counts the time that the process was at work
// instead of all that passed.
import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { performance } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cpuIdentity } from '../dist/platform/cpu.js';
import { createFormat, jsonlSettings } from '../dist/rows/formats/index.js';
import { fileStart, LARGEST_ROW_BYTES, readRecords } from '../dist/rows/records.js';
import { groupRecords } from '../dist/run/record-groups.js';
import { scoreInOrder } from '../dist/run/score-in-order.js';
import { cutWindows, groupLimitsFor } from '../dist/run/windows.js';
import { openScorer } from '../dist/scorer/open.js';
import { exponential, generator, normal } from './random.mjs';

const SEED = 9;
/** Of each worker: it allocates, and touches the weights' pages. */
const WARM_UP = 2;
/** Instruction sets that matrices are multiplied with, where a processor has them. */
const INSTRUCTIONS = ['avx2', 'avx512f', 'avx_vnni', 'avx512_vnni', 'amx_int8'];
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string', default: here('.work/models/base') },
    rows: { type: 'string' },
    windows: { type: 'string', default: '400' },
    workers: { type: 'string', default: '2' },
    precision: { type: 'string', default: 'fp32' },
    minutes: { type: 'string', default: '60' },
    time: { type: 'string', default: 'elapsed' },
    out: { type: 'string', default: here('results/window-times.json') },
  },
});
const workers = Number(flags.workers);
const wanted = Number(flags.windows) + WARM_UP * workers;
if (flags.time === 'processor' && workers !== 1) throw new Error('expected --time processor with --workers 1');
process.env.REWARD_SCORE_CACHE ??= here('.work/cache');

const scorer = await openScorer(
  { model: flags.model, workers, precision: flags.precision, offline: true },
  { onNotice: () => undefined },
);
const { parameters } = scorer.identity.model;
const size = scorer.windowSize;
const settings = jsonlSettings('reward');
const task = { format: settings, answer: { kind: 'results' }, maxRowBytes: LARGEST_ROW_BYTES, dryRun: false };
await scorer.load(task, Number.POSITIVE_INFINITY);

const busy = loadavg()[0];
const measured = [];
const last = performance.now() + Number(flags.minutes) * 60_000;
const now = () => (flags.time === 'processor' ? sum(Object.values(process.cpuUsage())) / 1000 : performance.now());
const sum = (values) => values.reduce((total, value) => total + value, 0);
const score = async (window) => {
  const started = now();
  const scored = await scorer.score(window);
  measured.push({ window, stats: scored.stats, milliseconds: now() - started });
  return scored;
};
// One window in each worker at a time.
for await (const _ of scoreInOrder(firstWindows(wanted), { workers, score }, true)) process.stderr.write('.');
process.stderr.write('\n');
await scorer.close();

measured.sort((a, b) => a.window.index - b.window.index);
const columns = ['bytes', 'rows', 'rewards', 'tokens', 'computedTokens', 'milliseconds'];
const windows = measured.slice(WARM_UP * workers).map(({ window, stats, milliseconds }) => {
  const { rows, rewards, tokens, computedTokens } = stats;
  return [window.bytes.length, rows, rewards.length, tokens, computedTokens, Math.round(milliseconds * 10) / 10];
});
const report = {
  date: new Date().toISOString().slice(0, 10),
  rows: flags.rows === undefined ? `made up, seed ${SEED}` : 'from a file',
  parameters,
  precision: flags.precision,
  workers,
  time: flags.time,
  windowBytes: size.bytes,
  cpu: cpus()[0].model,
  instructions: INSTRUCTIONS.filter((name) => cpuIdentity().split(' ').includes(name)),
  cores: cpus().length,
  // Above the workers' number, something else ran on the machine.
  loadAverage: { before: busy, after: loadavg()[0] },
  columns,
};
// A window a line: a new sample is read as a difference.
const head = JSON.stringify(report, null, 2).slice(0, -2);
const lines = windows.map((window) => `    ${JSON.stringify(window)}`).join(',\n');
writeFileSync(flags.out, `${head},\n  "windows": [\n${lines}\n  ]\n}\n`);
process.stderr.write(`${windows.length} windows in ${flags.out}\n`);

/** As a run cuts them. */
async function* firstWindows(count) {
  const bytes = flags.rows === undefined ? Readable.from(conversations(SEED)) : createReadStream(flags.rows);
  const records = readRecords(bytes, createFormat(settings).newScanner(), fileStart, LARGEST_ROW_BYTES);
  let index = 0;
  for await (const window of cutWindows(groupRecords(records, groupLimitsFor(size)), { size })) {
    if (index === count || performance.now() > last) return;
    yield { ...window, index: index++, file: 0 };
  }
}

/** Rows without end: beginnings of dialogues whose turns are about as long as people's (bench/conversations.py). */
function* conversations(seed) {
  const random = generator(seed);
  const words = [...new Set(readFileSync(here('../fixtures/tiny-corpus.txt'), 'utf8').split(/\s+/))];
  // About as words are distributed: the n-th is met 1/n times as often.
  const word = () => words[Math.min(words.length - 1, Math.floor(words.length ** random()) - 1)];
  const sentence = () => {
    const length = Math.min(80, Math.max(1, Math.round(Math.exp(2 + 0.7 * normal(random)))));
    return Array.from({ length }, word).join(' ');
  };
  for (let id = 1; ; id++) {
    const turns = Math.min(22, 3 + Math.floor(exponential(random) * 9));
    const text = Array.from({ length: turns }, (_, i) => `user${(i % 2) + 1}: ${sentence()}\n`).join('');
    yield Buffer.from(`${JSON.stringify({ id, text })}\n`);
  }
}
