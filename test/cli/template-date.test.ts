/** Templates that print the date: one day for a run, for what goes on with it, and for all of its shards. */
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadRewardModel } from '../../dist/index.js';
import { type RunOptions, rewardScore, root, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();
const directory = temporaryDirectory();
const dated = writeFile(directory, 'dated.jinja', '{{ strftime_now("%d %B %Y") }}\n{{ messages[0].content }}');
const row = '{"prompt":"hello","response":" there"}\n';
const rows = writeFile(directory, 'rows.jsonl', row.repeat(3));

/** Two zones of which one is always a day ahead. */
const [east, west] = [{ env: { TZ: 'Pacific/Kiritimati' } }, { env: { TZ: 'Pacific/Midway' } }];

const dayIn = ({ env }: typeof east): string => new Intl.DateTimeFormat('en-CA', { timeZone: env.TZ }).format();

let made = 0;
const fresh = (name = 'jsonl'): string => join(directory, `${++made}.${name}`);

const score = (more: readonly string[], options: RunOptions = {}, template = dated) =>
  rewardScore(['-j', '1', '--no-progress', '--template', template, ...more], options);

/** The rewards of the rows where the template has the day written out. */
async function rewardsOn(day: string): Promise<string> {
  const { stdout } = await score(['-q', rows, '--template-date', day]);
  return stdout;
}

describe('a run', () => {
  test('has the local day on which it began, and says how it is repeated', async () => {
    const found: string[] = [];
    for (const zone of [east, west]) {
      const before = dayIn(zone);
      const run = await score([rows], zone);
      const [, day = ''] = /the template prints the date.*--template-date (\S+) repeats them/.exec(run.stderr) ?? [];
      assert.ok([before, dayIn(zone)].includes(day), run.stderr);
      assert.equal(run.stdout, await rewardsOn(day));
      found.push(run.stdout);
    }
    assert.notEqual(found[0], found[1]);
  });

  test('has the day that a flag or a variable names, of which nothing need be said', async () => {
    const text = writeFile(directory, 'text.jinja', '26 July 2024\n{{ messages[0].content }}');
    const expected = (await score(['-q', rows], {}, text)).stdout;
    for (const [args, env] of [
      [['--template-date', '2024-07-26'], {}],
      [[], { REWARD_SCORE_TEMPLATE_DATE: '2024-07-26' }],
    ] as const) {
      const run = await score([rows, '--strict', ...args], { env });
      assert.equal(run.stdout, expected, run.stderr);
      assert.doesNotMatch(run.stderr, /prints the date/);
    }
  });

  test('of a template that prints no date has none', async () => {
    const plain = writeFile(directory, 'plain.jinja', '{# strftime_now #}{{ messages[0].content }}');
    const summary = fresh('json');
    const run = await score([rows, '--strict', '--shard', '1/2', '-o', fresh(), '--summary', summary], {}, plain);
    assert.equal(run.code, 0, run.stderr);
    const { scoring } = JSON.parse(readFileSync(summary, 'utf8')) as { scoring: object };
    assert.ok(!('templateDate' in scoring));
  });

  test('writes the day into its summary', async () => {
    const summary = fresh('json');
    await score(['-q', rows, '--template-date', '2024-07-26', '--summary', summary]);
    const { scoring } = JSON.parse(readFileSync(summary, 'utf8')) as { scoring: { templateDate: string } };
    assert.equal(scoring.templateDate, '2024-07-26');
  });

  test('is refused without a day under --strict, and with one that there is not', async () => {
    const strict = await score([rows, '--strict']);
    assert.deepEqual([strict.code, strict.stdout], [2, '']);
    assert.match(strict.stderr, /the template prints the date.*\(--strict\)/);
    const wrong = await score([rows, '--template-date', '2023-02-29']);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /Expected a day as YYYY-MM-DD/);
  });

  test('of rows by a directive that strftime does not have is one of bad rows', async () => {
    const template = writeFile(directory, 'unknown.jinja', '{{ strftime_now("%Q") }}');
    const run = await score(['-q', rows, '--template-date', '2024-07-26'], {}, template);
    assert.equal(run.code, 3);
    assert.match(run.stdout, /"code":"TEMPLATE_ERROR","message":"[^"]*strftime_now\(\) has no directive %Q/);
  });
});

interface RunFile {
  readonly fingerprint: { readonly '--template-date': string };
}

describe('--resume', () => {
  /** A finished run of a day ago, whose input has grown since. */
  async function begun(zone: RunOptions, more: readonly string[] = []) {
    const input = writeFile(directory, `grown-${++made}.jsonl`, row.repeat(2));
    const output = fresh();
    const run = await score(['-q', input, '-o', output, ...more], zone);
    assert.equal(run.code, 0, run.stderr);
    appendFileSync(input, row);
    return { input, output };
  }

  test('goes on with the day on which the run began, without a word and without a flag', async () => {
    const { input, output } = await begun(west);
    const { fingerprint } = JSON.parse(readFileSync(`${output}.run.json`, 'utf8')) as RunFile;
    const run = await score([input, '-o', output, '--resume'], east);
    assert.equal(run.code, 0, run.stderr);
    assert.doesNotMatch(run.stderr, /prints the date/);
    assert.equal(readFileSync(output, 'utf8'), await rewardsOn(fingerprint['--template-date']));
  });

  test('refuses another day by name', async () => {
    const { input, output } = await begun(west, ['--template-date', '2024-07-26']);
    for (const [args, env] of [
      [['--template-date', '2024-07-27'], {}],
      [[], { REWARD_SCORE_TEMPLATE_DATE: '2024-07-27' }],
    ] as const) {
      const run = await score(['-q', input, '-o', output, '--resume', ...args], { env });
      assert.equal(run.code, 2);
      assert.match(run.stderr, /--template-date was 2024-07-26 and is 2024-07-27/);
    }
  });
});

describe('shards', () => {
  const shard = (index: number, more: readonly string[], output = fresh()) =>
    score(['-q', rows, '-o', output, '--shard', `${index}/2`, ...more]).then((run) => ({ run, output }));

  test('must be given the day', async () => {
    const { run } = await shard(1, []);
    assert.equal(run.code, 2);
    assert.match(run.stderr, /expected --template-date YYYY-MM-DD with --shard: the template prints the date/);
  });

  test('go on with theirs, and are not joined with those of another', async () => {
    const one = await shard(1, ['--template-date', '2024-07-26']);
    const two = await shard(2, ['--template-date', '2024-07-26']);
    assert.equal((await shard(1, ['--resume'], one.output)).run.code, 0);
    const merged = fresh();
    assert.equal((await rewardScore(['merge', one.output, two.output, '-o', merged])).code, 0);
    assert.equal(readFileSync(merged, 'utf8'), await rewardsOn('2024-07-26'));
    const other = await shard(2, ['--template-date', '2024-07-27']);
    const run = await rewardScore(['merge', one.output, other.output, '-o', fresh()]);
    assert.equal(run.code, 2);
    assert.match(run.stderr, /--template-date was 2024-07-26 and is 2024-07-27/);
  });
});

test('serve must be given the day', async () => {
  const run = await rewardScore(['serve', '--port', '0', '--template', dated]);
  assert.equal(run.code, 2, run.stderr);
  assert.match(run.stderr, /expected --template-date YYYY-MM-DD with serve: the template prints the date/);
});

test('best and eval have the flag', async () => {
  const candidates = '{"prompt":"p","candidates":[" a"," b"],"label":[1,0]}\n';
  const dates = ['--template', dated, '--template-date', '2024-07-26', '-q', '-j', '1'];
  for (const command of ['best', 'eval']) {
    const run = await rewardScore([command, ...dates], { stdin: candidates });
    assert.equal(run.code, 0, run.stderr);
  }
});

describe('model check', () => {
  const model = join(root, 'fixtures/tiny-gpt2');
  const check = (against: string, more: readonly string[], options: RunOptions = {}) =>
    rewardScore(['model', 'check', model, '--against', against, '-j', '1', '--template', dated, ...more], options);

  test('has the day of the run that wrote the rewards', async () => {
    const output = fresh();
    await score(['-q', rows, '-o', output], west);
    const run = await check(output, [], east);
    assert.equal(run.code, 0, run.stdout + run.stderr);
    assert.doesNotMatch(run.stderr, /prints the date/);
  });

  test('or the one of its flag, and says which was another', async () => {
    const output = fresh();
    await score(['-q', rows, '-o', output, '--template-date', '2024-07-26']);
    const run = await check(output, ['--template-date', '1999-12-05']);
    assert.equal(run.code, 3);
    assert.match(run.stderr, /--template-date was 2024-07-26 and is 1999-12-05/);
  });
});

test('the library has the option, and refuses what is no day', async () => {
  const options = { template: dated, workers: 1 };
  const model = join(root, 'fixtures/tiny-gpt2');
  await using loaded = await loadRewardModel(model, { ...options, templateDate: '2024-07-26' });
  const [result] = await loaded.score([JSON.parse(row) as object]);
  assert.ok(result?.ok);
  const [first = ''] = (await rewardsOn('2024-07-26')).split('\n');
  assert.equal(Math.fround(result.reward as number), Math.fround((JSON.parse(first) as { reward: number }).reward));
  await assert.rejects(
    loadRewardModel(model, { ...options, templateDate: '30.11.2026' }),
    /expected .* to be a day as YYYY-MM-DD, got "30\.11\.2026"/,
  );
});
