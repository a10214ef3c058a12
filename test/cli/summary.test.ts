/** `summary`: what a run did, from its summary or from what stands beside its output, and how far shards are. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, truncateSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { takeClaim } from '../../dist/platform/claim.js';
import { rewardScore, root, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();

const directory = temporaryDirectory();
const at = (name: string): string => join(directory, name);
const input = join(root, 'fixtures/labelled.jsonl');
const score = (...args: readonly string[]) => rewardScore(['-q', '--rescore', input, ...args]);

interface Status {
  readonly path: string;
  readonly phase: string;
  readonly source: string | null;
  readonly model: string | null;
  readonly rows: number | null;
  readonly rewards?: object;
  readonly truncated?: object;
  readonly problem: string | null;
  readonly secondsLeft: number | null;
}

interface Statuses {
  readonly runs: readonly Status[];
  readonly shards: {
    readonly of: number | null;
    readonly missing: readonly number[];
    readonly problems: readonly string[];
  };
  readonly all?: { readonly rows: number };
}

async function summaries(...paths: readonly string[]): Promise<Statuses & { readonly code: number | null }> {
  const run = await rewardScore(['summary', '--json', ...paths]);
  assert.notEqual(run.stdout, '', run.stderr);
  return { ...(JSON.parse(run.stdout) as Statuses), code: run.code };
}

/** A run of which a half is done, as a kill leaves it: the run file says what is safe. */
async function halfDone(name: string): Promise<void> {
  await score('-o', at(name));
  const text = readFileSync(`${at(name)}.run.json`, 'utf8');
  const { digest: _, ...state } = JSON.parse(text) as Record<string, unknown> & { done: object };
  const unfinished = { ...state, finished: null, done: { ...(state.finished as object), bytes: 1000 } };
  const { createHash } = await import('node:crypto');
  const json = JSON.stringify(unfinished);
  const digest = createHash('sha256').update(json).digest('hex');
  writeFile(directory, `${name}.run.json`, `${json.slice(0, -1)},"digest":"${digest}"}\n`);
  writeFile(directory, `${name}.partial`, readFileSync(at(name)));
  rmSync(at(name));
}

test('a finished run: its summary and its run file say the same', async () => {
  const { code } = await score('-o', at('one.jsonl'), '--summary', at('one.json'), '--max-length', '8');
  assert.equal(code, 0);
  const [fromOutput, fromSummary] = [await summaries(at('one.jsonl')), await summaries(at('one.json'))];
  const written = JSON.parse(readFileSync(at('one.json'), 'utf8')) as Status;
  for (const { runs, code } of [fromOutput, fromSummary]) {
    const [run] = runs;
    assert.equal(code, 0);
    assert.equal(run?.phase, 'finished');
    assert.match(run?.model as string, /tiny-gpt2$/);
    assert.deepEqual([run?.rows, run?.rewards, run?.truncated], [written.rows, written.rewards, written.truncated]);
  }
  const { stdout } = await rewardScore(['summary', at('one.jsonl')]);
  assert.match(stdout, /^state {5}finished\n/m);
  assert.match(stdout, /^rows {6}25, 25 cut by [\d,]+ tokens in all\n/m);
  assert.match(stdout, /^rewards {3}25: p01 -?[\d.]+, p99 [\d.]+, median /m);
});

test('shards: which run, which are dead, which are missing', async () => {
  const outputs = [1, 2, 3, 4].map((shard) => at(`s${shard}.jsonl`));
  for (const shard of [1, 2]) await score('--shard', `${shard}/4`, '-o', outputs[shard - 1] as string);
  const some = await summaries(...outputs.slice(0, 2));
  assert.equal(some.code, 3);
  assert.deepEqual(some.shards, { of: 4, missing: [3, 4], problems: [], secondsLeft: null });

  // Of shards that wait for their turn nothing is there: they are told as runs, not as shards without a file.
  const waiting = await summaries(...outputs);
  assert.deepEqual(
    waiting.runs.map(({ phase }) => phase),
    ['finished', 'finished', 'missing', 'missing'],
  );
  assert.deepEqual([waiting.code, waiting.shards.missing], [3, []]);

  for (const shard of [3, 4]) await score('--shard', `${shard}/4`, '-o', outputs[shard - 1] as string);
  const whole = await summaries(...outputs, `${outputs[0]}.run.json`);
  assert.deepEqual([whole.code, whole.runs.length, whole.all?.rows], [0, 4, 25]);

  await score('--shard', '1/3', '-o', at('third.jsonl'));
  await score('--shard', '4/4', '-o', at('again.jsonl'));
  await score('--shard', '3/4', '-o', at('other.jsonl'), '--max-length', '9');
  for (const [other, message] of [
    ['third.jsonl', /is one of 3 shards, and .*s1\.jsonl one of 4/],
    ['again.jsonl', /is shard 4\/4, as .*s4\.jsonl is/],
    ['other.jsonl', /is not of the run that .*s1\.jsonl is of: --max-length was 256 and is 9/],
  ] as const) {
    const { code, shards } = await summaries(
      ...outputs.filter((_, i) => i !== 2 || other === 'again.jsonl'),
      at(other),
    );
    assert.equal(code, 3);
    assert.match(shards.problems.join('\n'), message);
  }
});

describe('a run that is not finished', () => {
  const claimAt = (name: string) => `${at(name)}.run.lock`;
  const elsewhere = JSON.stringify({ host: 'another-machine', pid: 7, id: 'a-b-c' });

  test('is dead where nobody is at work on it, and runs where a process is, here or elsewhere', async () => {
    await halfDone('half.jsonl');
    const phase = async (): Promise<readonly [string | undefined, string | null | undefined, number | null]> => {
      const { runs, code } = await summaries(at('half.jsonl'));
      return [runs[0]?.phase, runs[0]?.problem, code];
    };
    assert.deepEqual(await phase(), ['dead', 'no process is at work on it; start it again with --resume', 3]);

    const taken = await takeClaim(claimAt('half.jsonl'));
    assert.ok('claim' in taken);
    assert.deepEqual(await phase(), ['running', null, 0]);
    const { runs } = await summaries(at('half.jsonl'));
    assert.ok((runs[0]?.secondsLeft as number) > 0);
    taken.claim.release();

    writeFile(directory, 'half.jsonl.run.lock', elsewhere);
    assert.deepEqual(await phase(), ['running', null, 0]);
    const old = new Date(Date.now() - 60_000);
    utimesSync(claimAt('half.jsonl'), old, old);
    const [dead, problem, code] = await phase();
    assert.deepEqual([dead, code], ['dead', 3]);
    assert.match(
      problem as string,
      /^process 7 of another-machine has given no sign of life for \d+ s; start it again/,
    );
  });

  test('or its output is lost, or its run file is damaged', async () => {
    await score('-o', at('lost.jsonl'));
    truncateSync(at('lost.jsonl'), 10);
    assert.equal((await summaries(at('lost.jsonl'))).runs[0]?.phase, 'lost');
    writeFile(directory, 'lost.jsonl.run.json', '{"form":2}');
    const { runs, code } = await summaries(at('lost.jsonl'));
    assert.deepEqual([runs[0]?.phase, code], ['damaged', 3]);
  });
});

test('what is no run is refused', async () => {
  for (const [file, message] of [
    [input, /expected a summary, or an output with its .*\.run\.json beside it/],
    [at('nothing.jsonl'), /expected a summary, or an output that a run has begun to write, found neither/],
  ] as const) {
    const { code, stderr } = await rewardScore(['summary', file]);
    assert.equal(code, 2);
    assert.match(stderr, message);
  }
});

test('a person who watches sees how rewards are spread and what was cut, in two lines that fit', async () => {
  const args = ['-j', '1', '--rescore', '--max-length', '60', input, '-o', '/dev/null'];
  const env = { HF_HUB_DISABLE_PROGRESS_BARS: '1' };
  for (const columns of [50, 80, 120]) {
    const { stderr, code } = await rewardScore(args, { env, terminal: { columns } });
    assert.equal(code, 0);
    const [rewards = '', cut = ''] = stderr.trimEnd().split('\n').slice(-2);
    assert.match(rewards, /^reward-score: rewards -[\d.]+ [▁▂▃▄▅▆▇█]{12} [\d.]+/);
    assert.ok([...rewards].length <= columns, rewards);
    assert.match(cut, /^reward-score: cut: \d+ % of the rows, \d+ % of all tokens$/);
  }
  const quiet = await rewardScore(['-q', ...args], { env, terminal: { columns: 80 } });
  const noTerminal = await rewardScore(args);
  assert.equal(quiet.stderr, '');
  assert.doesNotMatch(noTerminal.stderr, /rewards -|% of all tokens/);
});
