/** What a journal saves, and that it saves nothing of a run that another process has taken over. */
import assert from 'node:assert/strict';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { claimOutput } from '../../dist/run/claim-output.js';
import { Journal } from '../../dist/run/journal.js';
import { openOutput } from '../../dist/run/output.js';
import { readRunFile, runFileOf, startOfRun } from '../../dist/run/run-file.js';
import { RunStatistics } from '../../dist/run/statistics.js';
import { WindowHash } from '../../dist/run/window-hash.js';
import { temporaryDirectory } from '../support/run.js';

const folder = temporaryDirectory();
const streams = { stdin: new PassThrough(), stdout: new PassThrough() };

async function begin(name: string) {
  const path = join(folder, name);
  const claim = await claimOutput(path);
  const output = await openOutput(path, streams);
  const state = startOfRun({ fingerprint: {}, runtimes: [], inputs: [], shard: null, limit: null });
  const stats = new RunStatistics();
  const journal = new Journal({ path, claim, output, errors: undefined, stats, state, hash: new WindowHash() });
  const pass = async (row: string): Promise<void> => {
    await output.write(Buffer.from(row));
    await journal.passed({ index: 0, file: 0, byte: 0, line: 1, bytes: Buffer.from(row), open: false });
  };
  return { path, claim, output, journal, pass };
}

test('what is saved is where the file ends, and the same file is gone on with', async () => {
  const { path, claim, output, journal, pass } = await begin('saved.jsonl');
  await pass('one\n');
  await journal.save();
  await output.write(Buffer.from('half a window'));
  await output.abandon();
  const state = readRunFile(path);
  assert.ok(state !== undefined && state.done.output.bytes === 4);
  const resumed = await openOutput(path, streams, state.done.output);
  assert.equal(resumed.position, 4);
  await resumed.abandon();
  claim.release();
});

test('a run whose claim was taken over saves nothing', async () => {
  const { path, claim, output, journal, pass } = await begin('lost.jsonl');
  await pass('one\n');
  writeFileSync(join(folder, 'other'), '{}');
  renameSync(join(folder, 'other'), `${path}.run.lock`);
  await assert.rejects(journal.save(), /lost\.jsonl\.run\.lock, was removed or taken over by another process/);
  assert.ok(!existsSync(runFileOf(path)));
  await output.abandon();
  claim.release();
  assert.ok(existsSync(`${path}.run.lock`));
});

test('an output is claimed once', async () => {
  const path = join(folder, 'claimed.jsonl');
  const claim = await claimOutput(path);
  await assert.rejects(claimOutput(path), {
    kind: 'usage',
    message: `${path}.run.json: process ${process.pid} is still at work on ${path}`,
  });
  claim.release();
  (await claimOutput(path)).release();
});
