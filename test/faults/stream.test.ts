/** --stream as a co-process: each row is answered before the next one is written. A slow reader costs no memory. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { runBinary, start } from '../support/binary.js';
import { jsonlRows } from '../support/fault-runs.js';
import { temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();

const folder = temporaryDirectory();

describe('a row is answered before the next one is written', () => {
  for (const [from, header, row] of [
    ['jsonl', undefined, (i: number) => `{"id":${i},"text":"hello ${i}"}\n`],
    ['csv', 'id,text\n', (i: number) => `${i},hello ${i}\n`],
    ['text', undefined, (i: number) => `hello ${i}\n`],
  ] as const) {
    test(`fifty times, ${from}`, async () => {
      const child = start(['-q', '--stream', '-j', '2', '--from', from]);
      const answers = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
      const ask = async (text: string): Promise<string> => {
        child.stdin?.write(text);
        return (await answers.next()).value as string;
      };
      if (header !== undefined) {
        child.stdin?.write(header);
        assert.equal(await ask(row(0)), 'id,text,reward');
        await answers.next();
      }
      for (let i = 1; i <= 50; i++) assert.match(await ask(row(i)), new RegExp(`hello ${i}\\b.*-?\\d`));
      child.stdin?.write(row(51) + row(52) + row(53));
      for (const i of [51, 52, 53]) assert.match((await answers.next()).value as string, new RegExp(`hello ${i}\\b`));
      child.stdin?.end();
      const [code] = (await once(child, 'close')) as [number];
      assert.equal(code, 0);
    });
  }

  test('refused where rows cannot be answered one by one', async () => {
    for (const flags of [
      ['--resume', '-o', 'x'],
      ['--shard', '1/2', '-o', 'x'],
      ['--on-error', 'skip'],
    ]) {
      const file = writeFile(folder, 'rows.jsonl', '"hi"\n');
      assert.equal((await runBinary(['--stream', file, ...flags])).code, 2);
    }
  });
});

describe('a run that is over ends, though its input may go on', () => {
  for (const [flags, code] of [
    [['--max-errors', '1'], 1],
    [['--on-error', 'fail'], 1],
    [['--limit', '2'], 3],
  ] as const) {
    test(flags.join(' '), { timeout: 60_000 }, async (t) => {
      const child = start(['-q', '--stream', ...flags]);
      t.after(() => child.kill('SIGKILL'));
      child.stdin?.write('"hi"\n""\n');
      assert.deepEqual(await once(child, 'close'), [code, null]);
    });
  }

  test('its reader gone', { timeout: 60_000 }, async (t) => {
    const child = start(['-q', '--stream']);
    t.after(() => child.kill('SIGKILL'));
    child.stdout?.once('data', () => {
      child.stdout?.destroy();
      child.stdin?.write('"hi"\n');
    });
    child.stdin?.write('"hi"\n');
    const [code] = (await once(child, 'exit')) as [number];
    assert.equal(code, 0);
  });
});

test('a reader that sleeps costs no memory', {
  skip: existsSync('/proc/self/status') ? false : 'there is no /proc here',
}, async () => {
  const file = writeFile(folder, 'many.jsonl', jsonlRows(600_000));
  const child = start(['-q', '-j', '1', file]);
  const resident = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024;
  const readable = once(child.stdout as NodeJS.ReadableStream, 'readable');
  await readable;
  const before = resident();
  await asleep(child.pid as number);
  const grown = resident() - before;
  child.kill('SIGKILL');
  assert.ok(grown < 100, `${grown} MB more`);
});

/** Resolves when no thread of a process has anything left to do but wait, at a hundred looks in a row. */
async function asleep(pid: number): Promise<void> {
  for (let quiet = 0, before = ''; quiet < 100; ) {
    await setImmediate();
    const threads = threadsOf(pid);
    const now = String(threads);
    quiet = now === before && threads.every((thread) => thread.startsWith('S')) ? quiet + 1 : 0;
    before = now;
  }
}

/** The state of each thread, and the processor time that it has had. */
const threadsOf = (pid: number): string[] =>
  readdirSync(`/proc/${pid}/task`).map((thread) => {
    try {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return [fields[0], fields[11], fields[12]].join(' ');
    } catch {
      return 'has ended';
    }
  });
