// Scores rows through the library in a process of its own: loads, warms up, and writes rewards and seconds.
//
//     node bench/score.mjs TASK.json RESULT.json
//
// TASK: {"model", "rows": JSONL file, "options": of loadRewardModel}. RESULT: {"rewards", "loadSeconds", "seconds"}.
import { readFileSync, writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { loadRewardModel } from '../dist/index.js';

const [taskFile, resultFile] = process.argv.slice(2);
const { model: directory, rows: rowsFile, options } = JSON.parse(readFileSync(taskFile, 'utf8'));
const rows = readFileSync(rowsFile, 'utf8').trimEnd().split('\n').map(JSON.parse);

const started = performance.now();
const model = await loadRewardModel(directory, options);
const loaded = performance.now();

// A field that nobody reads makes each row larger than any window: one for each worker, twice.
const filler = 'x'.repeat(2 ** 18);
const form = { prompt: 'User: Are you warm?\nBot:', response: ' Not yet, but I will be by the end of this sentence.' };
const warmUp = Array.from({ length: 2 * options.workers }, () => ({ ...form, filler }));
await model.score(warmUp);

const warm = performance.now();
const results = await model.score(rows);
const ended = performance.now();
await model.close();

const rewards = results.flatMap((result) => {
  if (!result.ok) throw new Error(`${result.code}: ${result.message}`);
  return result.reward;
});
const seconds = (ended - warm) / 1000;
writeFileSync(resultFile, JSON.stringify({ rewards, loadSeconds: (loaded - started) / 1000, seconds }));
