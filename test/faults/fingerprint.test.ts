/** A run that was killed is gone on with as it was begun: what changed meanwhile is refused by name, and the day is kept. */
import assert from 'node:assert/strict';
import { appendFileSync, cpSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { runBinary } from '../support/binary.js';
import { hurried } from '../support/fault-runs.js';
import { rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';

const folder = temporaryDirectory();
const model = join(folder, 'model');
cpSync(join(root, 'fixtures/tiny-gpt2'), model, { recursive: true });
const template = writeFile(folder, 'dated.jinja', '{{ strftime_now("%d %B") }} {{ messages[0].content }}');
const rows = Array.from({ length: 17_000 }, (_, i) => `{"prompt":"hello ${i % 50}","response":" and ${i % 7}"}\n`);
const input = writeFile(folder, 'rows.jsonl', rows.join(''));
const output = join(folder, 'out.jsonl');
const args = ['-q', '-j', '1', '-m', model, '--template', template, input, '-o', output];

/** Two zones of which one is always a day ahead. */
const [west, east] = [{ TZ: 'Pacific/Midway' }, { TZ: 'Pacific/Kiritimati' }];

before(async () => {
  const run = await runBinary(args, hurried({ ...west, FAULT_KILL: '20:half' }));
  assert.equal(run.signal, 'SIGKILL', run.stderr);
  const { done } = JSON.parse(readFileSync(`${output}.run.json`, 'utf8')) as { done: { windows: number } };
  assert.ok(done.windows > 0, 'some of the work is done');
});

/** Changes a file, and afterwards takes the change back. */
async function whileChanged<T>(
  path: string,
  change: (content: Buffer) => Uint8Array,
  work: () => Promise<T>,
): Promise<T> {
  const content = readFileSync(path);
  const { atime, mtime } = statSync(path);
  writeFileSync(path, change(content));
  utimesSync(path, atime, mtime);
  try {
    return await work();
  } finally {
    writeFileSync(path, content);
  }
}

const withLastByte = (content: Buffer): Buffer => Buffer.concat([content.subarray(0, -1), Buffer.from([1])]);
const longer = (content: Buffer): Buffer => Buffer.concat([content, Buffer.from('\n')]);

describe('refused, and nothing is touched', () => {
  const refused = async (named: RegExp, more: readonly string[] = [], env: Readonly<Record<string, string>> = {}) => {
    const partial = readFileSync(`${output}.partial`);
    const run = await rewardScore([...args, '--resume', ...more], { env: { ...east, ...env } });
    assert.equal(run.code, 2, run.stderr);
    assert.match(run.stderr, named);
    assert.ok(readFileSync(`${output}.partial`).equals(partial));
  };

  for (const [name, path, change, named] of [
    ['tokenizer_config.json', join(model, 'tokenizer_config.json'), longer, /: tokenizer_config\.json was /],
    [
      'weights of the same size, time and inode',
      join(model, 'model.safetensors'),
      withLastByte,
      /: model\.safetensors was /,
    ],
    ['a Jinja file', template, longer, /: the text of the template was /],
  ] as const) {
    test(name, () => whileChanged(path, change, () => refused(named)));
  }

  test('a flag, a variable and the day', async () => {
    await refused(/--max-length was 256 and is 99/, ['--max-length', '99']);
    await refused(/--activation was none and is sigmoid/, [], { REWARD_SCORE_ACTIVATION: 'sigmoid' });
    await refused(/--template-date was .+ and is 1999-12-05/, ['--template-date', '1999-12-05']);
  });
});

test('gone on with on another day, it is the run of the first one', async () => {
  const { fingerprint } = JSON.parse(readFileSync(`${output}.run.json`, 'utf8')) as {
    fingerprint: { '--template-date': string };
  };
  appendFileSync(input, rows.slice(0, 100).join(''));
  const run = await rewardScore([...args, '--resume'], { env: east });
  assert.equal(run.code, 0, run.stderr);
  const whole = await rewardScore([...args.slice(0, -2), '--template-date', fingerprint['--template-date']]);
  assert.ok(readFileSync(output).equals(whole.bytes));
});
