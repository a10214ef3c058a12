/** The commands of examples/shell/README.md, as they are written there. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { stepsOf } from '../support/documents.js';
import { jsonlRows } from '../support/fault-runs.js';
import { environment, jsonLines, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';
import { Latch, missing } from './latch.js';

const name = 'examples/shell/README.md';
const blocks = stepsOf({ name, text: readFileSync(join(root, name), 'utf8') }).map(({ commands }) =>
  commands.join('\n'),
);

/** The block that uses these. */
function block(...parts: readonly string[]): string {
  const found = blocks.filter((commands) => parts.every((part) => commands.includes(part)));
  assert.equal(found.length, 1, `${name}: ${parts}`);
  return found[0] as string;
}

const folder = temporaryDirectory();
const at = (path: string): string => join(folder, path);
const latch = new Latch(folder);
const model = join(root, 'fixtures/tiny-gpt2');
const files = ['a.jsonl', 'b b.jsonl', 'c.jsonl'];
let whole: Buffer;

before(async () => {
  mkdirSync(at('chats'));
  for (const [i, file] of files.entries()) writeFile(folder, `chats/${file}`, jsonlRows(500, 500 * i));
  writeFile(folder, 'chats.jsonl', jsonlRows(80_000));
  writeFile(folder, 'machines', '1/:\n');
  symlinkSync(model, at('gpt2-reward-model'));
  whole = (await rewardScore(['-q', '-m', model, at('chats.jsonl')])).bytes;
});

function shell(commands: string) {
  return spawnSync('bash', ['-c', `set -o pipefail\n${commands}`], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...environment(), HOME: folder, PATH: `${latch.bin}${delimiter}${process.env.PATH}` },
  });
}

function succeed(commands: string): void {
  const { status, stderr } = shell(commands);
  assert.equal(status, 0, `${commands}\n${stderr}`);
}

async function assertEachScored(): Promise<void> {
  for (const file of files) {
    const alone = await rewardScore(['-q', '-m', model, at(`chats/${file}`)]);
    assert.ok(readFileSync(at(`scored/${file}`)).equals(alone.bytes), file);
  }
}

describe('GNU parallel', { skip: missing('parallel') ?? false }, () => {
  test('a file each', async () => {
    succeed(block('find', 'parallel'));
    await assertEachScored();
  });

  test('a shard each, on machines; one is killed, and tried again', () => {
    const commands = block('parallel', '--shard');
    latch.arm('score:0:SIGKILL');
    const once = commands.split('\n')[0]?.replace('--retries 3', '--retries 1').replaceAll('shard{}', 'once{}');
    assert.equal(shell(once as string).status, 1, 'one is killed');
    latch.arm('score:0:SIGKILL');
    succeed(commands);
    assert.ok(readFileSync(at('scored.jsonl')).equals(whole));
  });

  test('blocks of a pipe', () => {
    succeed(block('parallel', '--pipe'));
    const [rows, expected] = [jsonLines(readFileSync(at('piped.jsonl'), 'utf8')), jsonLines(whole.toString())];
    assert.equal(rows.length, expected.length);
    for (const [i, { reward, ...row }] of rows.entries()) {
      const { reward: wanted, ...wantedRow } = expected[i] as Record<string, unknown>;
      assert.deepEqual(row, wantedRow);
      if (wanted === null) assert.equal(reward, null);
      else assert.ok(Math.abs(Number(reward) - Number(wanted)) <= 1e-5 * Math.max(1, Math.abs(Number(wanted))));
    }
  });
});

describe('xargs', { skip: missing('xargs') ?? false }, () => {
  test('a file each', async () => {
    rmSync(at('scored'), { recursive: true, force: true });
    mkdirSync(at('scored'));
    succeed(block('find', 'xargs'));
    await assertEachScored();
  });

  test('a shard each; one is killed, and the same line goes on', () => {
    const commands = block('xargs', '--shard');
    latch.arm('score:0:SIGKILL');
    assert.equal(shell(commands).status, 125);
    succeed(commands);
    assert.ok(readFileSync(at('again.jsonl')).equals(whole));
  });
});
