/** `best`: winners, ranks and pairs of groups, through the real binary. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Run } from '../support/in-process.js';
import { jsonLines, rewardScore, temporaryDirectory, writeFile } from '../support/run.js';

const directory = temporaryDirectory();

const lines = (rows: readonly unknown[]): string =>
  rows.map((row) => `${typeof row === 'string' ? row : JSON.stringify(row)}\n`).join('');

const best = (rows: readonly unknown[] | string, ...flags: string[]): Promise<Run> =>
  rewardScore(['best', '-q', '-j', '1', ...flags], { stdin: typeof rows === 'string' ? rows : lines(rows) });

async function written(rows: readonly unknown[] | string, ...flags: string[]): Promise<Record<string, unknown>[]> {
  const run = await best(rows, ...flags);
  assert.equal(run.code, 0, run.stderr);
  return jsonLines(run.stdout);
}

const prompt = 'User: What does the keeper keep?\nBot: ';
const candidates = ['Bees.', 'Nothing at all, I am afraid.', 'Two goats and a diary.', 'Why do you ask?'];

describe('rows with candidates', () => {
  test('get the response with the highest of their rewards', async () => {
    const row = { id: 12345678901234567890n.toString(), prompt, candidates };
    const scored = jsonLines((await rewardScore(['-q', '-j', '1'], { stdin: lines([row]) })).stdout);
    const rewards = scored[0]?.reward as number[];
    const winner = rewards.indexOf(Math.max(...rewards));
    const second = Math.max(...rewards.filter((_, i) => i !== winner));

    const { stdout } = await best([row]);

    const margin = Math.fround(Math.fround(rewards[winner] as number) - Math.fround(second));
    const [got] = jsonLines(stdout) as [Record<string, unknown>];
    assert.deepEqual(Object.keys(got), [
      ...Object.keys(row),
      'reward',
      'response',
      'best_index',
      'best_reward',
      'reward_margin',
    ]);
    assert.deepEqual(
      { ...got, reward_margin: Math.fround(got.reward_margin as number) },
      {
        ...row,
        reward: rewards,
        response: candidates[winner],
        best_index: winner,
        best_reward: rewards[winner],
        reward_margin: margin,
      },
    );
    assert.ok(stdout.startsWith(JSON.stringify(row).slice(0, -1)), 'the bytes of the row stay');
  });

  test('that are scored already are not scored again', async () => {
    const row = { candidates: ['a', { text: 'b' }, 'c'], prompt: 'p', reward: [0.5, 2, 1] };
    assert.deepEqual(await written([row]), [
      { ...row, response: 'b', best_index: 1, best_reward: 2, reward_margin: 1 },
    ]);
  });

  test('of equal ones the first wins, and a lone one has no margin', async () => {
    const rows = [
      { prompt: 'p', candidates: ['a', 'b', 'c'], reward: [1, 2, 2] },
      { prompt: 'p', candidates: ['a'], reward: [-3] },
    ];
    const [tie, lone] = await written(rows);
    assert.deepEqual([tie?.best_index, tie?.reward_margin], [1, 0]);
    assert.deepEqual([lone?.best_index, lone?.best_reward, lone?.reward_margin], [0, -3, null]);
  });

  test('are listed by rank', async () => {
    const row = { prompt: 'p', candidates: ['a', 'b', 'c'], reward: [1, 3, 2] };
    const all = await written([row], '--rank');
    assert.deepEqual(
      all.map(({ response, rank, best_index: index, best_reward: reward, reward_margin: margin }) => [
        response,
        rank,
        index,
        reward,
        margin,
      ]),
      [
        ['b', 1, 1, 3, 1],
        ['c', 2, 2, 2, 1],
        ['a', 3, 0, 1, null],
      ],
    );
    assert.deepEqual(await written([row], '--top', '2'), all.slice(0, 2));
  });

  test('with more or fewer rewards than candidates are bad ones, for pairs too', async () => {
    const rows = [[], [1], [1, 2, 3]].map((reward) => ({ prompt: 'p', candidates: ['a', 'b'], reward }));
    const { code, stdout } = await best(rows);
    assert.equal(code, 3);
    for (const [i, got] of jsonLines(stdout).entries()) {
      const message = `expected reward to have 2 numbers, one for each candidate, got ${i === 2 ? 3 : i}`;
      assert.deepEqual(got, { ...rows[i], reward_error: { code: 'BAD_ROW', message } });
    }
    const pairs = await best(rows, '--pairs');
    assert.deepEqual([pairs.code, pairs.stdout], [3, '']);
  });

  test('of which one failed keep the reason that is there, once', async () => {
    const reason = { code: 'EMPTY_TEXT', message: 'the text is empty', index: 1 };
    const row = { prompt: 'p', candidates: ['a', ''], reward: [1, null], reward_error: reason };
    const { code, stdout } = await best([row]);
    assert.equal(code, 3);
    assert.equal(stdout.split('"reward_error"').length, 2, stdout);
    assert.deepEqual(jsonLines(stdout)[0]?.reward_error, reason);
  });

  test('name another field for the text', async () => {
    const row = { prompt: 'p', candidates: ['a', 'b'], response: 'an old one', reward: [1, 2] };
    const { code, stdout } = await best([row]);
    assert.equal(code, 3);
    assert.match(
      stdout,
      /"code":"FIELD_EXISTS","message":"the row has a field response already; name another with --resp/,
    );
    assert.equal((await written([row], '--response-field', 'winner'))[0]?.winner, 'b');
  });

  test('without a candidate that can be scored are bad ones; with some, those are chosen among', async () => {
    const rows = [
      { prompt: 'p', candidates: ['', ''] },
      { prompt, candidates: ['', 'Bees.'] },
      { prompt: 'p', text: 'no candidates' },
      'not JSON',
    ];
    const { code, stdout } = await best(rows);
    assert.equal(code, 3);
    const [none, one, text, bad] = jsonLines(stdout) as Record<string, { code: string; index?: number }>[];
    assert.deepEqual(
      [none?.reward, none?.reward_error?.code, none?.best_index],
      [[null, null], 'EMPTY_TEXT', undefined],
    );
    assert.deepEqual([one?.best_index, one?.response, one?.reward_error?.index], [1, 'Bees.', 0]);
    assert.equal(text?.reward_error?.code, 'BAD_ROW');
    assert.equal(bad?.reward_error?.code, 'BAD_JSON');
    const skipped = await best(rows, '--on-error', 'skip');
    assert.equal(jsonLines(skipped.stdout).length, 1);
  });
});

describe('rows that --group joins', () => {
  const rows = [
    { q: 1, text: 'a', reward: 0.5 },
    { q: 1, text: 'b', reward: 1.5 },
    { q: 'x', text: 'c', reward: -1 },
    { q: 2, text: 'd', reward: 3 },
    { q: 2, text: 'e', reward: 2 },
    { q: 2, text: 'f', reward: 2.5 },
  ];

  test('give the winners, as they stand', async () => {
    assert.deepEqual(await written(rows, '--group', 'q'), [
      { ...rows[1], best_index: 1, reward_margin: 1 },
      { ...rows[2], best_index: 0, reward_margin: null },
      { ...rows[3], best_index: 0, reward_margin: 0.5 },
    ]);
  });

  test('as CSV too, with the same columns for every record', async () => {
    const csv = `q,text,reward\r\n${rows.map(({ q, text, reward }) => `${q},"${text}, said so",${reward}\r\n`).join('')}`;
    const { code, stdout } = await best(csv, '--from', 'csv', '--group', 'q');
    assert.equal(code, 0);
    assert.equal(
      stdout,
      'q,text,reward,best_index,reward_margin\r\n1,"b, said so",1.5,1,1\r\nx,"c, said so",-1,0,\r\n2,"d, said so",3,0,0.5\r\n',
    );
    const other = await best(csv.replace('q,text,reward', 'Q, Text ,REWARD'), '--from', 'csv', '--group', 'q');
    assert.equal(other.stdout.split('\r\n').slice(1).join(), stdout.split('\r\n').slice(1).join());
    const none = await best(csv, '--from', 'csv', '--group', 'question');
    assert.equal(none.code, 2);
    assert.match(none.stderr, /:1: expected a column question \(--group\), got "q", "text", "reward"$/m);
    const scored = await best('q,text\n1,a\n1,b\n', '--from', 'csv', '--group', 'q', '--rank');
    assert.match(
      scored.stdout,
      /^q,text,reward,best_index,reward_margin,rank\n1,[ab],[-.\d]+,[01],[.\d]+,1\n1,[ab],[-.\d]+,[01],,2\n$/,
    );
  });

  test('inside objects', async () => {
    const nested = rows.map(({ q, ...row }) => ({ ...row, meta: { q } }));
    assert.equal((await written(nested, '--group', 'meta.q')).length, 3);
  });

  test('all of them by rank, those that cannot be scored last', async () => {
    const { stdout, code } = await best([{ q: 1, text: '' }, ...rows.slice(0, 2)], '--group', 'q', '--rank');
    assert.equal(code, 3);
    assert.deepEqual(
      jsonLines(stdout).map(({ text, reward, rank }) => [text, reward, rank]),
      [
        ['b', 1.5, 1],
        ['a', 0.5, 2],
        ['', null, undefined],
      ],
    );
  });

  test('a row without the field is a bad one, alone', async () => {
    const { stdout, code } = await best([rows[0], { text: 'z', reward: 9 }, rows[1]], '--group', 'q');
    assert.equal(code, 3);
    const [first, bad, last] = jsonLines(stdout) as Record<string, { message: string }>[];
    assert.deepEqual([first?.text, last?.text], ['a', 'b']);
    assert.equal(bad?.reward_error?.message, 'expected a field q (--group), got none');
  });

  test('a value that is nested too deeply makes its row a bad one, and the run goes on', async () => {
    const deep = `{"q":${'['.repeat(20_000)}${']'.repeat(20_000)},"text":"z","reward":9}`;
    const { stdout, code } = await best([deep, rows[0], rows[1]], '--group', 'q');
    assert.equal(code, 3);
    const [bad, winner] = stdout.split('\n');
    assert.match(bad as string, /"message":"expected a value of at most 1000 levels in the field q \(--group\)/);
    assert.equal(JSON.parse(winner as string).text, 'b');
  });

  test('a column that is always the same ends the run before it is in memory', async () => {
    const { stderr, code } = await best('{"q":1,"text":"a","reward":1}\n'.repeat(100_001), '--group', 'q');
    assert.equal(code, 1);
    assert.match(
      stderr,
      /standard input:100001: expected at most 100,000 rows and 64 MiB in a group, got more with the/,
    );
  });

  test('an id that comes back is told of, once', async () => {
    const args = ['best', '--no-progress', '-j', '1', '--group', 'q'];
    const { stderr, code } = await rewardScore(args, { stdin: lines([...rows, ...rows]) });
    assert.equal(code, 0);
    const told = stderr.split('\n').filter((line) => line.includes('was there before'));
    assert.deepEqual(told.length, 1);
    assert.match(told[0] as string, /standard input:7: the group 1 was there before, with others in between/);
    assert.doesNotMatch((await rewardScore(args, { stdin: lines(rows) })).stderr, /was there before/);
  });

  test('however many, in windows of whole groups, in any number of workers and chunks', async () => {
    const group = fc.record({
      rewards: fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 9 }),
      padding: fc.constantFrom(0, 10, 3000),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(group, { minLength: 1, maxLength: 300, size: 'max' }),
        fc.integer({ min: 1, max: 3 }),
        async (groups, workers) => {
          const all = groups.flatMap(({ rewards, padding }, q) =>
            rewards.map((reward, i) => ({ q, text: `${i}${'x'.repeat(padding)}`, reward })),
          );
          const run = await rewardScore(['best', '-q', '-j', String(workers), '--group', 'q'], { stdin: lines(all) });
          assert.equal(run.code, 0, run.stderr);
          const expected = groups.map(({ rewards }) => rewards.indexOf(Math.max(...rewards)));
          assert.deepEqual(
            jsonLines(run.stdout).map(({ best_index: index }) => index),
            expected,
          );
        },
      ),
      { numRuns: 5 },
    );
  });
});

describe('--pairs', () => {
  test('are best against worst, and those that are nearer than the gap are left out', async () => {
    const messages = [{ role: 'user', content: 'hi' }];
    const rows = [
      { prompt: 'p', candidates: ['a', 'b', 'c'], reward: [1, 3, 2], other: 1 },
      { messages, candidates: ['d', 'e'], reward: [0.25, 0] },
      { prompt: 'p', candidates: ['f', 'g'], reward: [1, 1] },
      { prompt: 'p', candidates: ['h'], reward: [1] },
    ];
    const all = [
      { prompt: 'p', chosen: 'b', rejected: 'a', score_chosen: 3, score_rejected: 1 },
      { messages, chosen: 'd', rejected: 'e', score_chosen: 0.25, score_rejected: 0 },
    ];
    assert.deepEqual(await written(rows, '--pairs'), all);
    assert.deepEqual(await written(rows, '--pairs', '--min-gap', '1'), all.slice(0, 1));
  });

  test('of rows that --group joins', async () => {
    const rows = [
      { q: 1, prompt: 'p', response: 'a', reward: 0 },
      { q: 1, prompt: 'p', response: 'b', reward: 1 },
    ];
    assert.deepEqual(await written(rows, '--pairs', '--group', 'q'), [
      { prompt: 'p', chosen: 'b', rejected: 'a', score_chosen: 1, score_rejected: 0 },
    ]);
  });

  test('carry values of any depth', async () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const messages = `[{"role":"user","content":"Hi","extra":${deep}}]`;
    const { stdout, code } = await best([`{"messages":${messages},"candidates":["a","b"],"reward":[1,2]}`], '--pairs');
    assert.equal(code, 0);
    const scores = '"score_chosen":2,"score_rejected":1';
    assert.equal(stdout, `{"messages":${messages},"chosen":"b","rejected":"a",${scores}}\n`);
  });

  test('can be scored as pairs', async () => {
    const pairs = (await best([{ prompt, candidates }], '--pairs')).stdout;
    const { stdout, code } = await rewardScore(['-q', '-j', '1'], { stdin: pairs });
    assert.equal(code, 0);
    const [pair] = jsonLines(stdout) as [Record<string, number>];
    assert.ok(Math.abs((pair.reward_chosen as number) - (pair.score_chosen as number)) < 1e-6);
    assert.ok(Math.abs((pair.reward_rejected as number) - (pair.score_rejected as number)) < 1e-6);
  });
});

describe('the account', () => {
  test('says what choosing gained, by the number of candidates', async () => {
    const summary = join(directory, 'summary.json');
    const rows = [
      { prompt: 'p', candidates: ['a', 'b', 'c', 'd'], reward: [1, 2, 3, 4] },
      { prompt: 'p', candidates: ['a', 'b'], reward: [5, 5] },
      { prompt: 'p', candidates: ['a'], reward: [7] },
    ];
    const args = ['best', '--no-progress', '-j', '1', '--summary', summary];
    const { stderr } = await rewardScore(args, { stdin: lines(rows) });
    // All pairs of 1, 2, 3, 4 have a best of 20/6 on average.
    assert.deepEqual(JSON.parse(readFileSync(summary, 'utf8')).best, {
      groups: 3,
      ties: 1,
      gains: [
        { candidates: 1, groups: 3, best: (2.5 + 5 + 7) / 3, first: 13 / 3, random: (2.5 + 5 + 7) / 3 },
        { candidates: 2, groups: 2, best: (20 / 6 + 5) / 2, first: 3, random: 3.75 },
        { candidates: 4, groups: 1, best: 4, first: 1, random: 2.5 },
      ],
    });
    assert.match(stderr, /3 groups, 1 with a tie for the best/);
    assert.match(stderr, /^reward-score: +2 +2 +4\.167 +3\.000 +3\.750$/m);
  });

  test('bad rows are listed, and give up at their limit', async () => {
    const rows = [
      { prompt: 'p', candidates: ['a', 'b'], reward: [1, 2] },
      { prompt: 'p', text: 'x' },
      { prompt: 'p', candidates: ['a', 'b'], reward: [1, 2] },
      { prompt: 'p', text: 'x' },
      { prompt: 'p', candidates: ['a', 'b'], reward: [1, 2] },
    ];
    const errors = join(directory, 'errors.jsonl');
    const run = await best(rows, '--errors', errors);
    assert.equal(run.code, 3);
    assert.deepEqual(
      jsonLines(readFileSync(errors, 'utf8')).map(({ line, code }) => [line, code]),
      [
        [2, 'BAD_ROW'],
        [4, 'BAD_ROW'],
      ],
    );
    const gaveUp = await best(rows, '--max-errors', '2');
    assert.equal(gaveUp.code, 1);
    assert.equal(jsonLines(gaveUp.stdout).length, 4);
  });

  test('a run goes on, and shards are joined, to the same bytes', async () => {
    const rows = Array.from({ length: 4000 }, (_, i) => ({
      q: Math.floor(i / 7),
      text: `${i} ${'x'.repeat(200)}`,
      reward: (i * 7919) % 13,
    }));
    const input = writeFile(directory, 'groups.jsonl', lines(rows));
    const whole = await rewardScore(['best', '-q', '--group', 'q', input]);
    assert.equal(jsonLines(whole.stdout).length, Math.ceil(4000 / 7));
    const parts: string[] = [];
    for (const shard of ['1/3', '2/3', '3/3']) {
      const output = join(directory, `part-${shard[0]}.jsonl`);
      assert.equal((await rewardScore(['best', '-q', '--group', 'q', '--shard', shard, '-o', output, input])).code, 0);
      parts.push(output);
    }
    const joined = await rewardScore(['merge', '-q', ...parts, '-o', '-']);
    assert.equal(joined.stdout, whole.stdout);
    const [first] = parts as [string];
    const again = await rewardScore([
      'best',
      '-q',
      '--group',
      'q',
      '--rank',
      '--shard',
      '1/3',
      '-o',
      first,
      '--resume',
      input,
    ]);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /--rank was false and is true/);
  });
});
