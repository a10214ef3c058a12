/** Outputs of the rows with the best rewards, made when all of a run is there. */
import { createReadStream } from 'node:fs';
import { framesOf } from '../rows/reward-filter.js';
import { AppendedFile } from './appended-file.js';
import { containerOfName } from './containers.js';
import { type Assemble, plainEncoder } from './output.js';
import type { RunStatistics } from './statistics.js';

/** Bytes of records that are compressed together. */
const BATCH_BYTES = 1 << 16;

/**
 * Keeps the rows whose reward is among the best of so many percent of those that have one, in their order; rows with the
 * reward of the last one that is kept are kept too. A number is held in memory for each row.
 *
 * @param output the path whose name says the container
 */
export const planBestRows =
  (output: string, percent: number): Assemble =>
  async (work, target, statistics) => {
    const file = await AppendedFile.open(target);
    try {
      const sink = {
        get position() {
          return file.position;
        },
        write: async (bytes: Uint8Array) => {
          await file.write(bytes);
          return true;
        },
      };
      const encoder = containerOfName(output)?.encoder(sink) ?? plainEncoder(sink);
      let batch: Buffer[] = [];
      let length = 0;
      for await (const bytes of bestRowsOf(work, percent, statistics)) {
        batch.push(bytes);
        length += bytes.length;
        if (length < BATCH_BYTES) continue;
        await encoder.append(Buffer.concat(batch));
        batch = [];
        length = 0;
      }
      await encoder.append(Buffer.concat(batch));
      await encoder.finish();
      await file.sync();
      return file.position;
    } finally {
      await file.close();
    }
  };

/**
 * Yields what was written of the rows that are kept, and sets in the statistics how many they are.
 *
 * @param work the frames that were written
 * @param placeholder what stands in the place of a row that is not kept; undefined: nothing does
 */
export async function* bestRowsOf(
  work: string,
  percent: number,
  statistics: RunStatistics,
  placeholder?: Buffer,
): AsyncGenerator<Buffer> {
  const least = leastKept(await rewardsOf(work), percent);
  let kept = 0;
  for await (const { reward, bytes } of framesOf(createReadStream(work) as AsyncIterable<Buffer>)) {
    const isDropped = reward < least;
    if (!isDropped && !Number.isNaN(reward)) kept++;
    if (!isDropped) yield bytes;
    else if (placeholder !== undefined) yield placeholder;
  }
  statistics.keepOnly(kept);
}

async function rewardsOf(work: string): Promise<Float64Array> {
  let rewards = new Float64Array(1024);
  let count = 0;
  for await (const { reward } of framesOf(createReadStream(work) as AsyncIterable<Buffer>)) {
    if (Number.isNaN(reward)) continue;
    if (count === rewards.length) {
      const more = new Float64Array(2 * count);
      more.set(rewards);
      rewards = more;
    }
    rewards[count++] = reward;
  }
  return rewards.subarray(0, count).sort();
}

/** @param rewards in ascending order */
function leastKept(rewards: Float64Array, percent: number): number {
  // Percent times a count may come out a little above a whole number.
  const kept = Math.ceil((rewards.length * percent) / 100 - 1e-9);
  return rewards[rewards.length - kept] ?? Number.POSITIVE_INFINITY;
}
