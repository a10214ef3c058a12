// Measures what a shard asks of the storage that it shares with a thousand others: docs/scale.md goes by it.
//
//     node bench/storage.mjs [--model DIR] [--out FILE]
//
// Takes strace (Linux). Calls and bytes are counted; what takes time is given in processor seconds, which other work on
// the machine changes little. MODEL's start is looked at, with its prepared form in the cache; all else is done with
// the tiny fixture, as it does not depend on the model.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { createFormat, resultLines } from '../dist/rows/formats/index.js';
import { CsvScanner, fileStart, LARGEST_ROW_BYTES, readRecords } from '../dist/rows/records.js';
import { Input } from '../dist/run/input.js';
import { QuantileSketch } from '../dist/run/quantile-sketch.js';

import { generator, normal } from './random.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { values: flags } = parseArgs({
  options: {
    model: { type: 'string', default: here('.work/models/base') },
    out: { type: 'string', default: here('results/storage.json') },
  },
});
const cache = process.env.REWARD_SCORE_CACHE ?? here('.work/cache');
const program = here('../bin/reward-score.js');
const tiny = here('../fixtures/tiny-gpt2');
const folder = mkdtempSync(join(tmpdir(), 'storage-'));
const place = (name) => join(folder, name);
const env = { ...process.env, REWARD_SCORE_CACHE: cache };
const run = (...args) => execFileSync(process.execPath, [program, '-q', ...args], { env });

try {
  const report = {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0].model,
    start: start(),
    save: save(),
    shards: shards(),
    secondsPerGigabyte: { ...(await reading()), merge: merging() },
  };
  writeFileSync(flags.out, `${JSON.stringify(report, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true });
}

/** What one row reads and opens before it is scored, by what it is for. */
function start() {
  const row = place('row.jsonl');
  writeFileSync(row, '{"text":"hello"}\n');
  run('-m', flags.model, '-o', place('first.jsonl'), row); // the model is prepared, its hash remembered
  const calls = trace('-m', flags.model, '-j', '2', '-o', place('row-scored.jsonl'), row);
  const kinds = {
    prepared: cache,
    checkpoint: flags.model,
    program: dirname(dirname(program)),
    input: row,
    output: place('row-scored.jsonl'),
  };
  const found = Object.fromEntries([...Object.keys(kinds), 'system'].map((kind) => [kind, { opens: 0, readBytes: 0 }]));
  let prepared = 0;
  for (const { name, path, result, size } of calls) {
    if (path === undefined || result < 0 || /^\/(?:proc|sys|dev)\//.test(path) || path.startsWith('socket:')) continue;
    const kind = Object.keys(kinds).find((one) => path.startsWith(kinds[one])) ?? 'system';
    if (name === 'openat') found[kind].opens++;
    if (/^(?:read|pread64)$/.test(name)) found[kind].readBytes += result;
    if (name === 'mmap' && path.endsWith('weights.bin')) prepared = Math.max(prepared, size, statSync(path).size);
  }
  return { ...found, mappedBytes: prepared };
}

/** What one save of run.json asks for: the calls of a run divided by how often it saved. */
function save() {
  const rows = place('many.jsonl');
  writeFileSync(
    rows,
    Array.from({ length: 40_000 }, (_, i) => `{"text":"${`row ${i} of many `.repeat(6)}"}\n`).join(''),
  );
  const output = place('many-scored.jsonl');
  const calls = trace('-m', tiny, '-j', '1', '-o', output, rows);
  const about = (pattern) =>
    calls.filter(({ path, result }) => result >= 0 && path !== undefined && pattern.test(path));
  const saves = calls.filter(({ name, path }) => /^rename/.test(name) && /run\.json\.tmp$/.test(path ?? '')).length;
  const count = (found, pattern) => found.filter(({ name }) => pattern.test(name)).length;
  const file = about(/run\.json/);
  const kept = about(/many-scored\.jsonl\.partial$/);
  return {
    saves,
    sketchBytes: sketchBytes(),
    creates: count(file, /^openat$/) / saves,
    renames: 1,
    syncsOfRunFile: count(file, /^fsync$/) / saves,
    syncsOfOutput: count(kept, /^fdatasync$/) / saves,
    syncsOfFolder: calls.filter(({ name, path }) => name === 'fsync' && path === folder).length / saves,
    appendsOfOutput: count(kept, /^p?write(?:64|v)?$/),
  };
}

/** Of the quantile sketch, which most of run.json is: the mean over a shard of a million rewards. */
function sketchBytes() {
  const [sketch, random] = [new QuantileSketch(), generator(1)];
  const sizes = Array.from({ length: 100 }, () => {
    sketch.add(Float32Array.from({ length: 10_000 }, () => normal(random)));
    return JSON.stringify(sketch.state).length;
  });
  return Math.round(sum(sizes) / sizes.length);
}

/** Bytes of the input that each of four shards reads. */
function shards() {
  const parts = 4;
  // Large rows, so that little is scored; many times as large as what a shard reads before its part to find a border.
  const lines = Array.from({ length: 800 }, (_, i) => [`row ${i}`, randomBytes(75_000).toString('base64')]);
  const jsonl = lines.map(([text, other]) => `{"text":"${text}","other":"${other}"}\n`).join('');
  const files = {
    'rows.jsonl': jsonl,
    'rows.jsonl.gz': gzipSync(jsonl, { level: 1 }),
    'rows.csv': `text,other\n${lines.map((cells) => `${cells.join(',')}\n`).join('')}`,
  };
  return Object.fromEntries(
    Object.entries(files).map(([name, content]) => {
      const file = place(name);
      writeFileSync(file, content);
      const read = Array.from({ length: parts }, (_, i) => {
        const calls = trace(
          '-m',
          tiny,
          '-j',
          '1',
          '--shard',
          `${i + 1}/${parts}`,
          '-o',
          place(`part${i}-${name}`),
          file,
        );
        return sum(
          calls
            .filter(({ path, result }) => path === file && result > 0)
            .map(({ name, result }) => (/read/.test(name) ? result : 0)),
        );
      });
      return [name, { parts, fileBytes: statSync(file).size, readBytes: read }];
    }),
  );
}

/** Of unpacked input: what passing over it costs, before any of it is scored. */
async function reading() {
  const line = (i) => `{"text":"${noise(i)}","id":${i}}\n`;
  const text = Array.from({ length: 300_000 }, (_, i) => line(i)).join('');
  writeFileSync(place('long.jsonl'), text);
  writeFileSync(place('long.jsonl.gz'), gzipSync(text));
  writeFileSync(place('long.csv'), text.replaceAll('"', "'").replaceAll(',', ';'));
  const scan = async (name, scanner) => {
    let records = 0;
    const bytes = new Input(place(name), process).content(0);
    for await (const { ends } of readRecords(bytes, scanner, fileStart, LARGEST_ROW_BYTES)) records += ends.length;
    if (records !== 300_000) throw new Error(`${name}: expected 300000 records, got ${records}`);
  };
  const newLines = () => createFormat(resultLines('reward')).newScanner();
  const works = {
    lines: () => scan('long.jsonl', newLines()),
    csv: () => scan('long.csv', new CsvScanner(',')),
    gunzip: () => new Input(place('long.jsonl.gz'), process).measure(),
  };
  const found = {};
  for (const [name, work] of Object.entries(works)) {
    await work(); // compiled
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    found[name] = ((user + system) * 1000) / text.length;
  }
  return found;
}

/** Of output: two shards of large rows joined. */
function merging() {
  const row = `{"text":"a row","other":"${'x'.repeat(1e6)}"}\n`;
  writeFileSync(place('large.jsonl'), row.repeat(100));
  const parts = [1, 2].map((i) => {
    run('-m', tiny, '-j', '1', '--shard', `${i}/2`, '-o', place(`large${i}.jsonl`), place('large.jsonl'));
    return place(`large${i}.jsonl`);
  });
  const usage = place('usage');
  const timed = (...args) => {
    const script = `process.on('exit', () => {
      const { userCPUTime, systemCPUTime } = process.resourceUsage();
      require('node:fs').writeFileSync(${JSON.stringify(usage)}, String((userCPUTime + systemCPUTime) / 1e6));
    });`;
    writeFileSync(place('usage.cjs'), script);
    execFileSync(process.execPath, ['--require', place('usage.cjs'), program, ...args], { env });
    return Number(readFileSync(usage, 'utf8'));
  };
  const took = timed('merge', ...parts, '-o', place('joined.jsonl'), '-q') - timed('--version');
  return (took * 1e9) / statSync(place('joined.jsonl')).size;
}

/** 200 letters that pack about as text does. */
function noise(seed) {
  let state = seed + 1;
  return Array.from({ length: 40 }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (
      ['over', 'some', 'that', 'with', 'from', 'have', 'this', 'will', 'your', 'what'][state % 10] +
      ' abcdefghij'[state % 11]
    );
  }).join('');
}

/** Calls of the program, with the path of the file that each is about. */
function trace(...args) {
  const log = place('trace');
  const traced = 'openat,read,pread64,write,pwrite64,mmap,fsync,fdatasync,rename,renameat2';
  const command = ['-f', '-y', '-s', '0', '-e', `trace=${traced}`, '-o', log, process.execPath, program, '-q', ...args];
  execFileSync('strace', command, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const unfinished = new Map();
  const calls = [];
  for (const raw of readFileSync(log, 'latin1').split('\n')) {
    const [, thread, rest] = /^(\d+) +(.*)$/.exec(raw) ?? [];
    if (rest === undefined) continue;
    let line = rest;
    // A call that others came between is told in two parts.
    if (line.endsWith('<unfinished ...>')) {
      unfinished.set(thread, line.slice(0, -'<unfinished ...>'.length));
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(line);
    if (resumed !== null) line = (unfinished.get(thread) ?? '') + resumed[1];
    const [, name, given, result] = /^(\w+)\((.*)\) += (-?\w+)/.exec(line) ?? [];
    if (name === undefined) continue;
    const quoted = /"([^"]*)"/.exec(given)?.[1];
    const opened = /= \d+<([^>]*)>$/.exec(line)?.[1];
    const held = /^[^"]*?<([^>]*)>/.exec(given)?.[1];
    const path = name === 'openat' ? (opened ?? quoted) : /^rename/.test(name) ? quoted : held;
    calls.push({ name, path, result: Number(result), size: name === 'mmap' ? Number(given.split(', ')[1]) : 0 });
  }
  return calls;
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
