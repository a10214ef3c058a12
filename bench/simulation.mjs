// Simulates a run in shards on many nodes: stragglers, failures, requeues, and the merge at the end. Seeded.
//
//     node bench/simulation.mjs ['{"shards": 4000, "slowShare": 0.1}']
//
// A shard is a number of windows, whose times are drawn from those that were measured (bench/window-times.mjs). Shards
// wait in a queue for the slots of nodes. A node that fails ends what runs on it; those shards go back to the queue,
// and go on where they last saved. Prints what came of it as JSON.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { exponential, generator, normal } from './random.mjs';

/** Seconds, where nothing else is said. `windowTimes`: of one worker on a node of usual speed. */
export const defaults = {
  seed: 1,
  shards: 1000,
  /** Of the whole run. */
  windows: 150_000_000,
  windowTimes: [1],
  workersPerShard: 4,
  nodes: 125,
  slotsPerNode: 8,
  /** From the start of a shard to its first window, where its node's page cache holds the model, and where not. */
  warmStart: 1,
  coldStart: 1,
  slowShare: 0,
  /** Of a slow node, against the others. */
  slowSpeed: 0.5,
  /** Deviation of the shards' sizes, in mean sizes: rows of a file that is not shuffled are not alike everywhere. */
  unevenness: 0,
  /** Mean time between two failures of one node. */
  timeBetweenFailures: Number.POSITIVE_INFINITY,
  /** Until a node that failed is back, and until the scheduler has put its shards into the queue again. */
  repair: 1800,
  requeue: 60,
  /** Of a shard's work, all that was done since a multiple of so many seconds is lost. Infinite: there is no resume. */
  saveInterval: 1,
  /** Reading again what is done, in seconds of each second that it took to score: a resumed shard compares it. */
  replay: 0,
  merge: 0,
};

/** Beyond so many draws, their sum is drawn from the normal distribution that it has come to. */
const EXACT_DRAWS = 1024;

export function simulate(given = {}) {
  const settings = { ...defaults, ...given };
  const { shards, nodes: nodeCount, slotsPerNode, workersPerShard } = settings;
  const random = generator(settings.seed);
  const nodes = Array.from({ length: nodeCount }, () => newNode(settings, random));
  const jobs = shardSizes(settings, random).map((work) => ({ work, done: 0 }));
  const ideal =
    sum(jobs.map(({ work }) => work)) / (slotsPerNode * workersPerShard * sum(nodes.map(({ speed }) => speed)));

  const events = new Heap();
  for (let slot = 0; slot < slotsPerNode; slot++) for (const node of nodes) events.push(0, { free: node });
  const queue = [...jobs];
  const idle = [];
  const counts = { finished: 0, failures: 0, lostWork: 0, starts: 0 };
  let time = 0;
  let firstIdle; // when a slot found the queue empty for good
  while (counts.finished < shards) {
    let event;
    [time, event] = events.pop();
    if (event.job !== undefined) {
      if (event.job.done >= event.job.work) counts.finished++;
      else queue.push(event.job);
    }
    if (event.free !== undefined) idle.push(event.free);
    if (queue.length > 0) firstIdle = undefined;
    while (queue.length > 0 && idle.length > 0) {
      const node = idle.shift();
      const up = node.upFrom(time);
      // Its next chance comes when it is repaired.
      if (up > time) events.push(up, { free: node });
      else attempt(queue.shift(), node, time, settings, random, events, counts);
    }
    if (queue.length === 0 && idle.length > 0) firstIdle ??= time;
  }
  const makespan = time + settings.merge;
  return { makespan, ideal, ratio: makespan / ideal, tail: time - (firstIdle ?? time), ...counts };
}

/** Runs a shard on a slot until it is finished or the node fails. */
function attempt(job, node, from, settings, random, events, counts) {
  counts.starts++;
  const pace = node.speed * settings.workersPerShard;
  const ready =
    from + (node.cold(from) ? settings.coldStart : settings.warmStart) + (settings.replay * job.done) / pace;
  const end = ready + (job.work - job.done) / pace;
  const failure = node.failureAfter(from);
  if (failure >= end) {
    job.done = job.work;
    events.push(end, { job, free: node });
    return;
  }
  counts.failures++;
  // Shards do not save at the same moment: how long ago the last time was is anything up to the interval.
  const spent = Math.max(0, failure - ready);
  const kept = Math.max(0, spent - settings.saveInterval * random());
  const saved = Number.isFinite(settings.saveInterval) ? kept : 0;
  counts.lostWork += (spent - saved) * pace;
  job.done += saved * pace;
  events.push(failure + settings.requeue, { job });
  events.push(node.upFrom(failure), { free: node });
}

function newNode({ slowShare, slowSpeed, timeBetweenFailures, repair }, random) {
  const outages = []; // [failure, back], as far as they were asked about
  const reach = (time) => {
    while ((outages.at(-1)?.[1] ?? -1) <= time) {
      const failure = (outages.at(-1)?.[1] ?? 0) + timeBetweenFailures * exponential(random);
      outages.push([failure, failure + repair]);
    }
  };
  let loadedAt = -1; // when a shard read the model there from where it is stored
  return {
    speed: random() < slowShare ? slowSpeed : 1,
    failureAfter(time) {
      reach(time);
      return outages.find(([failure]) => failure > time)?.[0] ?? Number.POSITIVE_INFINITY;
    },
    /** When it runs, from `time` on. */
    upFrom(time) {
      reach(time);
      return outages.find(([failure, back]) => failure <= time && time < back)?.[1] ?? time;
    },
    /** Whether a shard that starts now has to read the model from where it is stored. */
    cold(time) {
      const lost = loadedAt < 0 || outages.some(([, back]) => loadedAt < back && back <= time);
      if (lost) loadedAt = time;
      return loadedAt === time; // those that start together read it together
    },
  };
}

/** Of each shard, in seconds of one worker. */
function shardSizes({ shards, windows, windowTimes, unevenness }, random) {
  const mean = sum(windowTimes) / windowTimes.length;
  const variance = sum(windowTimes.map((time) => (time - mean) ** 2)) / windowTimes.length;
  const draw = () => windowTimes[Math.floor(random() * windowTimes.length)];
  return Array.from({ length: shards }, (_, i) => {
    // As blocksOf of src/run/shards.ts divides them.
    const count = Math.floor(((i + 1) * windows) / shards) - Math.floor((i * windows) / shards);
    const time =
      count <= EXACT_DRAWS
        ? sum(Array.from({ length: count }, draw))
        : count * mean + Math.sqrt(count * variance) * normal(random);
    return time * (unevenness === 0 ? 1 : Math.max(0.1, 1 + unevenness * normal(random)));
  });
}

const sum = (values) => values.reduce((total, value) => total + value, 0);

/** Events, the earliest first; of those at one time, in the order in which they came. */
class Heap {
  #entries = [];
  #count = 0;

  push(time, event) {
    const entries = this.#entries;
    entries.push([time, this.#count++, event]);
    for (let i = entries.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!isBefore(entries[i], entries[parent])) break;
      [entries[i], entries[parent]] = [entries[parent], entries[i]];
      i = parent;
    }
  }

  pop() {
    const entries = this.#entries;
    const [time, , event] = entries[0];
    const last = entries.pop();
    if (entries.length > 0) entries[0] = last;
    for (let i = 0; ; ) {
      const [left, right] = [2 * i + 1, 2 * i + 2];
      const child = right < entries.length && isBefore(entries[right], entries[left]) ? right : left;
      if (child >= entries.length || !isBefore(entries[child], entries[i])) break;
      [entries[i], entries[child]] = [entries[child], entries[i]];
      i = child;
    }
    return [time, event];
  }
}

const isBefore = ([time, count], [other, otherCount]) => time < other || (time === other && count < otherCount);

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const sample = JSON.parse(readFileSync(new URL('results/window-times.json', import.meta.url), 'utf8'));
  const at = sample.columns.indexOf('milliseconds');
  const windowTimes = sample.windows.map((window) => window[at] / 1000);
  const settings = { windowTimes, ...JSON.parse(process.argv[2] ?? '{}') };
  process.stdout.write(`${JSON.stringify(simulate(settings), null, 2)}\n`);
}
