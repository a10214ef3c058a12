/** Signals at every stage of a run, once and twice, and what a shell sees of them. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, test } from 'node:test';
import { runBinary } from '../support/binary.js';
import { hurried, jsonlRows } from '../support/fault-runs.js';
import { temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();

const folder = temporaryDirectory();
const input = writeFile(folder, 'rows.jsonl', jsonlRows(17_000));
const output = join(folder, 'out.jsonl');
const args = ['-q', '-j', '1', input, '-o', output];

beforeEach(() => {
  for (const path of [output, `${output}.partial`, `${output}.run.json`]) rmSync(path, { force: true });
});

async function goOn(): Promise<void> {
  const run = await runBinary([...args, '--resume']);
  assert.equal(run.code, 3, run.stderr);
  assert.ok(readFileSync(output).equals((await runBinary(['-q', input])).bytes));
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  describe(signal, () => {
    for (const [what, env] of [
      ['while the model is prepared', { FAULT_WORKER: `prepare:0:${signal}` }],
      ['while the model is loaded', { FAULT_WORKER: `load:0:${signal}` }],
      ['while windows are scored', { FAULT_WORKER: `score:1:${signal}` }],
      ['twice while windows are scored', { FAULT_WORKER: `score:1:${signal}:twice` }],
      ['while the input is read', { FAULT_READ: `rows.jsonl:300000:${signal}` }],
    ] as const) {
      test(what, async () => {
        const run = await runBinary(args, hurried(env));
        assert.deepEqual([run.code, run.signal], [null, signal], run.stderr);
        assert.match(run.stderr, new RegExp(`^reward-score: ${signal}: finishing the rows in work`));
        await goOn();
      });
    }

    test('while a resumed run passes over what is done', async () => {
      await runBinary(args, hurried({ FAULT_KILL: '20:half' }));
      const run = await runBinary([...args, '--resume'], hurried({ FAULT_READ: `rows.jsonl:100000:${signal}` }));
      assert.deepEqual([run.code, run.signal], [null, signal], run.stderr);
      await goOn();
    });
  });
}
