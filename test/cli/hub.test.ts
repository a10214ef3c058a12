/** Models from a hub through the real binary: the hub is a double on this machine. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { start } from '../support/binary.js';
import { HubFixture } from '../support/hub-fixture.js';
import { rewardScore, root } from '../support/run.js';

const tiny = join(root, 'fixtures/tiny-gpt2');
const files = Object.fromEntries(readdirSync(tiny).map((name) => [name, readFileSync(join(tiny, name))]));
const row = { stdin: '"hi"\n' };

test('a model by its id: downloaded, scored with, and offline from then on', async () => {
  const fixture = await HubFixture.start({ files });
  const env = fixture.variables;
  const local = await rewardScore(['-q', '-m', tiny, '--to', 'scores'], row);
  const summary = join(fixture.cache, 'summary.json');
  const first = await rewardScore(['-m', 'org/model@v1.0', '--to', 'scores', '--summary', summary], { ...row, env });
  assert.deepEqual([first.code, first.stdout], [0, local.stdout]);
  assert.match(first.stderr, /^reward-score: downloading org\/model@v1\.0 from 127\.0\.0\.1:\d+ into /);
  assert.equal(JSON.parse(readFileSync(summary, 'utf8')).model.revision, fixture.hub.commit);
  fixture.hub.requests.length = 0;
  const again = await rewardScore(['-q', '--offline', '-m', 'org/model@v1.0', '--to', 'scores'], { ...row, env });
  assert.deepEqual([again.code, again.stdout, again.stderr, fixture.hub.requests], [0, local.stdout, '', []]);
  const tokenizer = await rewardScore(['-q', '-m', tiny, '--tokenizer', 'org/model@v1.0', '--to', 'scores'], {
    ...row,
    env,
  });
  assert.deepEqual([tokenizer.code, tokenizer.stdout], [0, local.stdout]);
});

test('what is neither a path nor a model: exit code 2, in one line, before anything is written', async () => {
  const fixture = await HubFixture.start({ files });
  const output = join(fixture.cache, 'out.jsonl');
  for (const [args, message] of [
    [['-m', 'org/typo'], /^reward-score: org\/typo: found neither a directory of that name nor http.*\n$/],
    [['-m', './org/model'], /^reward-score: \.\/org\/model: expected a model directory, found nothing of that name\n$/],
    [['-m', 'org/model', '--offline'], /^reward-score: org\/model: found neither .* --offline forbids more\n$/],
    [['--tokenizer', 'a b'], /a b: found no directory of that name, and it is no Hugging Face id/],
  ] as const) {
    const run = await rewardScore(['-q', ...args, '-o', output], { ...row, env: fixture.variables });
    assert.equal(run.code, 2, run.stderr);
    assert.match(run.stderr, message);
    assert.ok(!readdirSync(fixture.cache).some((name) => name.startsWith('out')));
  }
});

test('a signal ends a download, and the next run goes on with it', async () => {
  const fixture = await HubFixture.start({ files });
  const whole = files['model.safetensors'] as Buffer;
  fixture.hub.intercept = ({ by, range }, response) => {
    if (by !== 'storage' || range !== undefined) return false;
    response.writeHead(200, { 'content-length': whole.length });
    response.write(whole.subarray(0, whole.length / 2), () => child.kill('SIGINT'));
    return true;
  };
  const child = start(['-m', 'org/model', '--to', 'scores'], { env: fixture.variables });
  child.stdin?.end('"hi"\n');
  assert.deepEqual(await once(child, 'close'), [null, 'SIGINT']);
  const run = await rewardScore(['-m', 'org/model', '--to', 'scores'], { ...row, env: fixture.variables });
  assert.equal(run.code, 0, run.stderr);
});
