/** examples/slurm on a Slurm of two nodes: whatever happens to nodes and jobs, the merged bytes are those of one run. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { jsonlRows } from '../support/fault-runs.js';
import { rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';
import { Latch, missing } from './latch.js';
import { type Job, SlurmCluster, slurmPrograms } from './slurm-cluster.js';

const skip = missing(...slurmPrograms) ?? false;
const example = (name: string): string => join(root, 'examples/slurm', name);

const folder = temporaryDirectory();
const input = writeFile(folder, 'chats.jsonl', jsonlRows(60_000));
/** One worker, so that of the windows before the one at which a run stops some are done. */
const flags = ['-m', join(root, 'fixtures/tiny-gpt2'), '-j', '1', input];
const whole = join(folder, 'whole.jsonl');
const latch = new Latch(folder);
let cluster: SlurmCluster;

before(async () => {
  if (skip) return;
  const run = await rewardScore(['-q', ...flags, '-o', whole]);
  assert.equal(run.code, 3, run.stderr);
  cluster = await SlurmCluster.start(folder, latch.bin);
});
after(() => cluster?.stop());

interface Submitted {
  readonly array: string;
  readonly merge: string;
}

async function submit(
  shards: number,
  output: string,
  args: readonly string[] = flags,
  variables: Readonly<Record<string, string>> = {},
): Promise<Submitted> {
  const told = await cluster.commandWith(variables, example('submit.sh'), `${shards}`, output, ...args);
  const [, array = '', merge = ''] = /^shards: job (\d+)\nmerge: job (\d+)\n$/.exec(told) ?? assert.fail(told);
  return { array, merge };
}

const logOf = (name: string): string => {
  const path = join(folder, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};

/** Waits for a job's end. */
function ended(id: string): Promise<Job> {
  return cluster.until(`job ${id} to end`, async () => {
    const [job] = await cluster.jobs(id);
    return !['PENDING', 'RUNNING', 'COMPLETING', 'CONFIGURING'].includes(job?.JobState ?? '') && job;
  });
}

/** The shard that is stopped in the middle, and what is known of it. */
async function stopped({ array }: Submitted, output: string) {
  const pid = await latch.stopped();
  const shard = /--shard (\d+)\//.exec(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '))?.[1] ?? '';
  const state = JSON.parse(readFileSync(join(`${output}.shards`, `${shard}-out.jsonl.run.json`), 'utf8')) as {
    done: { windows: number };
    finished: unknown;
  };
  assert.ok(state.done.windows > 0 && state.finished === null, 'it is in the middle');
  const log = `reward-score-${array}_${shard}.log`;
  const job = async (): Promise<Job> => {
    const job = (await cluster.jobs(array)).find(({ ArrayTaskId }) => ArrayTaskId === shard);
    return job ?? assert.fail(`shard ${shard} is no job`);
  };
  return { pid, log, job };
}

async function assertMerged({ merge }: Submitted, output: string): Promise<void> {
  const { JobState } = await ended(merge);
  assert.equal(JobState, 'COMPLETED', logOf(`reward-score-merge-${merge}.log`));
  assert.ok(readFileSync(output).equals(readFileSync(whole)), 'the merged bytes are those of one run');
}

const outputIn = (name: string): string => join(folder, name, 'out.jsonl');

describe('Slurm', { skip }, () => {
  test('a node loses its power: its shard goes on on the other one', async () => {
    latch.arm('score:3:SIGSTOP');
    const output = outputIn('power');
    const run = await submit(3, output);
    const { pid, log, job } = await stopped(run, output);
    const node = cluster.cutPowerAt(pid);
    await assertMerged(run, output);
    const { Restarts, BatchHost } = await job();
    assert.equal(Restarts, '1');
    assert.notEqual(BatchHost, node);
    assert.match(logOf(log), /going on after [\d,]+ rows that are done/);
    await cluster.restart(node);
  });

  test('the time is up: the run ends in good order, and goes on', async () => {
    latch.arm('score:3:SIGSTOP');
    const output = outputIn('time');
    // Slurm looks at limits twice a minute, and tells a job that would be out of time before its next look.
    const run = await submit(2, output, flags, { SBATCH_TIMELIMIT: '1', SBATCH_SIGNAL: 'B:USR1@1' });
    const { pid, log, job } = await stopped(run, output);
    await cluster.until('the signal', () => logOf(log).includes('the time is nearly up'));
    process.kill(pid, 'SIGCONT');
    await assertMerged(run, output);
    assert.equal((await job()).Restarts, '1');
    assert.match(logOf(log), /SIGTERM: finishing the rows in work[\s\S]*back into the queue[\s\S]*going on after/);
  });

  test('preempted: the run is told once, and goes on', async () => {
    latch.arm('score:3:SIGSTOP');
    const output = outputIn('preempted');
    const run = await submit(2, output);
    const { log, job } = await stopped(run, output);
    await cluster.command('scontrol', 'requeue', (await job()).JobId as string);
    await assertMerged(run, output);
    assert.equal((await job()).Restarts, '1');
    assert.match(
      logOf(log),
      /SIGTERM: finishing the rows in work[\s\S]*--resume goes on from there[\s\S]*going on after/,
    );
  });

  test('a shard that fails takes the merge out of the queue', async () => {
    const output = outputIn('failing');
    const run = await submit(2, output, ['-m', './no-such-model', input]);
    assert.equal((await ended(run.merge)).JobState, 'CANCELLED');
    const [shard] = await cluster.jobs(run.array);
    assert.deepEqual([shard?.JobState, shard?.ExitCode], ['FAILED', '2:0']);
    assert.ok(!existsSync(output));
  });

  test('a merge refuses a shard that is missing, whoever started it', async () => {
    const output = outputIn('time');
    rmSync(output);
    rmSync(join(`${output}.shards`, '2-out.jsonl'));
    const told = await cluster.command('sbatch', '--parsable', example('merge.sbatch'), '2', output);
    const id = told.trim();
    const { JobState, ExitCode } = await ended(id);
    assert.deepEqual([JobState, ExitCode], ['FAILED', '2:0']);
    assert.match(logOf(`reward-score-merge-${id}.log`), /2-out\.jsonl/);
    assert.ok(!existsSync(output));
  });

  test('submit.sh says what it expects', async () => {
    await assert.rejects(cluster.command(example('submit.sh'), 'many', 'out.jsonl'), /expected SHARDS OUTPUT/);
  });
});
