/** Models from a hub through the real binary: the hub is a double on this machine. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { start } from '../support/binary.js';
import { headsReference, writeHeadedModels } from '../support/headed-models.js';
import { HubFixture } from '../support/hub-fixture.js';
import { texts } from '../support/oracle.js';
import { jsonLines, rewardScore, root } from '../support/run.js';

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

const headed = (await writeHeadedModels()).directory;
const filesIn = (directory: string, edit: Readonly<Record<string, string>> = {}) => ({
  ...Object.fromEntries(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name))])),
  ...edit,
});
const adapterConfig = (name: string, edit: object): string =>
  JSON.stringify({
    ...(JSON.parse(readFileSync(join(headed, name, 'adapter_config.json'), 'utf8')) as object),
    ...edit,
  });
const firstText = { stdin: `${JSON.stringify({ text: texts[0]?.text })}\n` };
const options = ['-q', '-j', '1', '--max-length', String(headsReference.maxLength)];

async function givesReward(model: string, adapter: string, env: Readonly<Record<string, string>>): Promise<void> {
  const { stdout, stderr } = await rewardScore([...options, '-m', model], { ...firstText, env });
  const expected = headsReference.adapters[adapter]?.rewards?.[0]?.[0] as number;
  const got = jsonLines(stdout)[0]?.reward as number;
  assert.ok(Math.abs(got - expected) <= 1e-5 * Math.max(1, Math.abs(expected)), `${expected}, got ${got}; ${stderr}`);
}

test('an adapter by its id: no more is downloaded than it needs, and nothing offline', async () => {
  const config = adapterConfig('llama-patterns', { base_model_name_or_path: join(headed, 'llama-lm') });
  const ofAdapter = filesIn(join(headed, 'llama-patterns'), {
    'adapter_config.json': config,
    'optimizer.pt': 'not wanted',
  });
  const fixture = await HubFixture.start({ files: ofAdapter });
  await givesReward('org/model', 'llama-patterns', fixture.variables);
  assert.deepEqual(readdirSync(fixture.snapshot).sort(), ['adapter_config.json', 'adapter_model.safetensors']);
  fixture.hub.requests.length = 0;
  await givesReward('org/model@main', 'llama-patterns', { ...fixture.variables, HF_HUB_OFFLINE: '1' });
  assert.deepEqual(fixture.hub.requests, []);
});

test('the base of an adapter by its id and revision, with a value head beside the adapter', async () => {
  const fixture = await HubFixture.start({ files: filesIn(join(headed, 'gpt2-lm')) });
  const adapter = join(fixture.cache, 'adapter');
  cpSync(join(headed, 'gpt2-value'), adapter, { recursive: true });
  const named = { base_model_name_or_path: 'org/model', revision: 'v1.0' };
  writeFileSync(join(adapter, 'adapter_config.json'), adapterConfig('gpt2-value', named));
  await givesReward(adapter, 'gpt2-value', fixture.variables);
  assert.ok(fixture.hub.requests.some(({ path }) => path.includes('v1.0')));
});

test('a value head beside the weights is downloaded too', async () => {
  const head = readFileSync(join(headed, 'gpt2-value/value_head.safetensors'));
  const fixture = await HubFixture.start({
    files: { ...filesIn(join(headed, 'gpt2-lm')), 'value_head.safetensors': head },
  });
  const { stdout, stderr } = await rewardScore([...options, '-m', 'org/model'], {
    ...firstText,
    env: fixture.variables,
  });
  const expected = headsReference.valueHeads['gpt2-lm']?.[0]?.[0] as number;
  assert.ok(Math.abs((jsonLines(stdout)[0]?.reward as number) - expected) <= 2e-5, stderr);
});

test('what its small files refuse is not downloaded in full', async () => {
  for (const [files, message] of [
    [
      filesIn(join(headed, 'gpt2-lm'), { 'config.json': '{"architectures":["Gemma2ForSequenceClassification"]}' }),
      /config\.json: Gemma2ForSequenceClassification cannot be scored: Gemma 2 caps/,
    ],
    [
      filesIn(join(headed, 'gpt2-rslora'), { 'adapter_config.json': adapterConfig('gpt2-rslora', { use_dora: true }) }),
      /adapter_config\.json: expected use_dora to be false, got true; merge the adapter into its base with peft/,
    ],
  ] as const) {
    const fixture = await HubFixture.start({ files });
    const { code, stderr } = await rewardScore([...options, '-m', 'org/model'], { ...row, env: fixture.variables });
    assert.equal(code, 1);
    assert.match(stderr, message);
    assert.ok(!fixture.hub.requests.some(({ path }) => path.endsWith('.safetensors')));
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
