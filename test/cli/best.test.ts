/** `best`: winners, ranks and pairs of groups, through the real binary. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { Run } from '../support/in-process.js';
import { jsonLines, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';

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
    assert.match(none.stderr, /:1: expected a field "question" \(--group\), got \["q","text","reward"\]$/m);
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
    const { stdout, code } = await best(
      [{ q: 1, text: '', reward: null }, ...rows.slice(0, 2)],
      '--group',
      'q',
      '--rank',
    );
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

  test('a first row without the field ends the run before a model is opened', async () => {
    const env = { REWARD_SCORE_MODEL: join(directory, 'missing') };
    const args = ['best', '-q', '--group', 'qq'];
    const { code, stdout, stderr } = await rewardScore(args, { stdin: lines([{ text: 'a', q: 1 }]), env });
    assert.deepEqual([code, stdout], [2, '']);
    assert.equal(
      stderr,
      'reward-score: standard input:1: expected a field "qq" (--group), got ["text","q"]; did you mean q?\n',
    );
  });

  test('inside the cells of a column', async () => {
    const csv = 'text,Meta,reward\na,"{""q"":1}",1\nb,"{""q"":1}",2\n';
    const { code, stdout } = await best(csv, '--from', 'csv', '--group', 'meta.q');
    assert.equal(code, 0);
    assert.match(stdout, /^text,Meta,reward,best_index,reward_margin\nb,.*,2,1,1\n$/);
  });

  test('a row without the field is a bad one, alone, and the group around it is one', async () => {
    const between = [{ text: 'z', reward: 9 }, 'not JSON'];
    const { stdout, code } = await best([rows[0], ...between, rows[1], rows[2]], '--group', 'q');
    assert.equal(code, 3);
    const [winner, bad, worse, other, ...more] = jsonLines(stdout) as Record<string, { message: string }>[];
    assert.deepEqual([winner?.text, winner?.best_index, other?.text, more], ['b', 1, 'c', []]);
    assert.equal(bad?.reward_error?.message, 'expected a field q (--group), got none');
    assert.match(worse?.reward_error?.message ?? '', /got no valid JSON/);
  });

  test('rows of several prompts are no group', async () => {
    const messages = (content: string, extra: object = {}) => [{ role: 'user', content, ...extra }];
    const several = [
      { q: 1, prompt: 'p', response: 'a', reward: 1 },
      { q: 1, prompt: 'other', response: 'b', reward: 2 },
      { q: 1, prompt: 'p', response: '', reward: null },
      { q: 2, messages: messages('p', { at: 1 }), response: 'c', reward: 3 },
      { q: 2, messages: messages('p', { at: 2 }), response: 'd', reward: 4 },
      { q: 3, messages: [...messages('p'), { role: 'assistant', content: 'e' }], reward: 5 },
      { q: 3, messages: [...messages('o'), { role: 'assistant', content: 'f' }], reward: 6 },
    ];
    const errors = join(directory, 'several.jsonl');
    const { stdout, code } = await best(several, '--group', 'q');
    assert.equal(code, 3);
    const [bad, good, last, ...more] = jsonLines(stdout) as Record<string, unknown>[];
    const message = (q: number) => `expected rows of one prompt in the group ${q} (--group), got several prompts`;
    assert.deepEqual(bad, { ...several[0], reward_error: { code: 'BAD_ROW', message: message(1) } });
    assert.deepEqual([good?.response, good?.best_index, more], ['d', 1, []]);
    assert.deepEqual(last?.reward_error, { code: 'BAD_ROW', message: message(3) });
    await best(several, '--group', 'q', '--errors', errors);
    assert.deepEqual(
      jsonLines(readFileSync(errors, 'utf8')).map(({ line }) => line),
      [1, 2, 3, 6, 7],
    );
    const pairs = await best(several, '--group', 'q', '--pairs');
    assert.deepEqual([pairs.code, jsonLines(pairs.stdout).length], [3, 1]);
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

  test('an id that comes back ends the run, naming both lines', async () => {
    const { stderr, code } = await best([...rows, rows[2], rows[3]], '--group', 'q');
    assert.equal(code, 1);
    assert.equal(
      stderr,
      'reward-score: standard input:7: the group "x" was there before, at standard input:3, with others in between: ' +
        'sort the rows by q, or hold them in memory with --gather\n',
    );
    const first = writeFile(directory, 'first.jsonl', lines(rows));
    const none = writeFile(directory, 'none.jsonl', '');
    const second = writeFile(directory, 'second.jsonl', lines(['', rows[5]]));
    // A group ends with its file, so that the next file may not begin with the same.
    for (const [files, before] of [
      [[first, none, second], `${first}:4`],
      [[none, second, first], `${second}:2`],
    ] as const) {
      const again = await best('', '--group', 'q', ...files);
      assert.equal(again.code, 1);
      assert.match(again.stderr, new RegExp(`the group 2 was there before, at ${before}, with others`));
    }
  });

  test('an id that comes back ends a shard too, whatever files and blocks the others take', async () => {
    const row = (q: number) => ({ q, text: `${q} ${'x'.repeat(300)}`, reward: 1 });
    const names = ['a', 'b', 'c'].map((name, i) =>
      writeFile(directory, `${name}.jsonl`, lines(Array.from({ length: 2000 }, (_, k) => row(i * 2000 + k)))),
    );
    const last = writeFile(directory, 'd.jsonl', lines([row(7)]));
    const output = join(directory, 'shard.jsonl');
    const runShard = (shard: string) =>
      best('', '--group', 'q', ...names, last, '--shard', shard, '-o', output, '--overwrite');
    assert.equal((await runShard('1/4')).code, 0);
    const { code, stderr } = await runShard('4/4');
    assert.equal(code, 1);
    assert.match(stderr, /d\.jsonl:1: the group 7 was there before, at .*a\.jsonl:8, with others in between/);
  });

  test('an id that comes back is known to a run that goes on', async () => {
    const row = (q: number) => ({ q, text: 'x'.repeat(300), reward: 1 });
    const input = writeFile(
      directory,
      'returns.jsonl',
      lines([...Array.from({ length: 1000 }, (_, q) => row(q)), row(3)]),
    );
    const output = join(directory, 'returned.jsonl');
    const args = ['best', '-q', '--group', 'q', input, '-o', output];
    assert.equal((await rewardScore([...args, '--limit', '900'])).code, 0);
    const { code, stderr } = await rewardScore([...args, '--resume']);
    assert.equal(code, 1);
    assert.match(stderr, /returns\.jsonl:1001: the group 3 was there before, at .*returns\.jsonl:4, /);
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

describe('--gather', () => {
  const gathered = (rows: readonly unknown[] | string, ...flags: string[]) =>
    best(rows, '--group', 'q', '--gather', ...flags);

  test('gives of rows in any order what --group gives of them sorted, byte for byte', async () => {
    const group = fc.record({
      texts: fc.array(fc.constantFrom('', 'a', 'b c', 'd'.repeat(700)), { minLength: 1, maxLength: 6 }),
      id: fc.constantFrom('number', 'string', 'nested'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(group, { minLength: 1, maxLength: 40, size: 'max' }),
        fc.infiniteStream(fc.nat()),
        fc.constantFrom([], ['--rank'], ['--pairs']),
        fc.constantFrom('jsonl', 'csv'),
        async (groups, order, flags, form) => {
          const all = groups.flatMap(({ texts, id }, g) => {
            const q = id === 'number' ? g : id === 'string' ? `${g}` : [g, 'x'];
            return texts.map((text) => ({ q, prompt: `${g}`, response: text }));
          });
          const shuffled = all.map((row) => ({ row, at: order.next().value as number })).sort((a, b) => a.at - b.at);
          const rows = shuffled.map(({ row }) => row);
          const first = new Map<string, number>();
          for (const [i, { q }] of rows.entries()) if (!first.has(JSON.stringify(q))) first.set(JSON.stringify(q), i);
          const place = (row: (typeof rows)[number]): number => first.get(JSON.stringify(row.q)) as number;
          const sorted = [...rows].sort((a, b) => place(a) - place(b));
          const cell = (value: unknown): string =>
            `"${(typeof value === 'string' ? value : JSON.stringify(value)).replaceAll('"', '""')}"`;
          const written = (list: typeof rows): string =>
            form === 'jsonl'
              ? lines(list)
              : `q,prompt,response\r\n${list.map(({ q, prompt: text, response }) => `${[q, text, response].map(cell).join(',')}\r\n`).join('')}`;
          // In CSV a number and the same digits in quotes are one id.
          fc.pre(form === 'jsonl' || new Set(groups.map(({ id }) => id)).size === 1);
          const args = ['--from', form, '-m', join(root, 'fixtures/tiny-gpt2'), ...flags];
          const expected = await best(written(sorted), '--group', 'q', ...args);
          const got = await gathered(written(rows), ...args);
          assert.equal(got.stdout, expected.stdout);
          assert.deepEqual([got.code, got.stderr], [expected.code, expected.stderr]);
        },
      ),
      { numRuns: 12 },
    );
  });

  const rows = [
    { q: 1, text: 'a', reward: 0.5 },
    { q: 2, text: 'd', reward: 3 },
    { q: 1, text: 'b', reward: 1.5 },
    { text: 'z', reward: 9 },
    { q: 2, text: 'e', reward: 4 },
  ];

  test('says of bad rows where they stand, in every file', async () => {
    const errors = join(directory, 'gathered-errors.jsonl');
    const summary = join(directory, 'gathered.json');
    const one = writeFile(directory, 'one.jsonl', `${lines(rows.slice(0, 2))}\n\n{"q":2}`);
    const two = writeFile(directory, 'two.jsonl.gz', gzipSync(`not JSON\n${lines(rows.slice(2)).trimEnd()}`));
    const run = await best('', '--group', 'q', '--gather', one, two, '--errors', errors, '--summary', summary);
    assert.equal(run.code, 3);
    assert.deepEqual(
      jsonLines(run.stdout).map(({ text, best_index: index }) => [text, index]),
      [
        ['b', 1],
        ['e', 2],
        [undefined, undefined],
        ['z', undefined],
      ],
    );
    assert.deepEqual(
      jsonLines(readFileSync(errors, 'utf8')).map(({ file, line, byte }) => [file, line, byte]),
      [
        [one, 5, lines(rows.slice(0, 2)).length + 2],
        [two, 1, 0],
        [two, 3, 'not JSON\n'.length + lines([rows[2]]).length],
      ],
    );
    const {
      inputs,
      rows: count,
      firstFailures,
    } = JSON.parse(readFileSync(summary, 'utf8')) as {
      inputs: { rows: number }[];
      rows: number;
      firstFailures: { file: string; line: number }[];
    };
    assert.deepEqual([inputs.map((input) => input.rows), count], [[3, 4], 7]);
    assert.deepEqual([firstFailures[0]?.file, firstFailures[0]?.line], [one, 5]);
    const gaveUp = await best('', '--group', 'q', '--gather', one, two, '--max-errors', '2');
    assert.match(gaveUp.stderr, /two\.jsonl\.gz:1: BAD_JSON: .*; gave up there \(--max-errors 2\)/);
  });

  test('goes on to the same bytes, and refuses to where the beginning is another now', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => ({
      q: i % 700,
      text: `${i} ${'x'.repeat(200)}`,
      reward: i === 2650 ? null : (i * 7919) % 13,
    }));
    const input = writeFile(directory, 'mixed.jsonl', lines(many));
    const output = join(directory, 'gathered.jsonl');
    const args = ['best', '-q', '--group', 'q', '--gather', input, '-o', output];
    const whole = await rewardScore(['best', '-q', '--group', 'q', '--gather', input]);
    assert.equal(whole.code, 3);
    assert.equal(jsonLines(whole.stdout).length, 700);
    // The bad row ends the first run, which is gone on with.
    const failed = await rewardScore([...args, '--on-error', 'fail']);
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /mixed\.jsonl:2651: BAD_ROW/);
    const rest = await rewardScore([...args, '--resume'].filter((arg) => arg !== '-q'));
    assert.equal(rest.code, 3);
    assert.match(rest.stderr, /going on after [\d,]+ rows that are done/);
    assert.equal(readFileSync(output, 'utf8'), whole.stdout);
    assert.equal((await rewardScore([...args, '--resume'])).code, 3);
    writeFile(directory, 'mixed.jsonl', lines([...many, { q: 'new', text: 'y', reward: 1 }]));
    assert.equal((await rewardScore([...args, '--resume'])).code, 3);
    assert.equal(jsonLines(readFileSync(output, 'utf8')).length, 701);
    assert.ok(readFileSync(output, 'utf8').startsWith(whole.stdout));
    writeFile(
      directory,
      'mixed.jsonl',
      lines([...many, { q: 'new', text: 'y', reward: 1 }, { q: 0, text: 'y', reward: 99 }]),
    );
    const other = await rewardScore([...args, '--resume']);
    assert.equal(other.code, 2);
    assert.match(other.stderr, /cannot go on: the input's beginning is not what it was/);
  });

  test('refuses what it cannot do, by name', async () => {
    const file = writeFile(directory, 'some.jsonl', lines(rows));
    for (const [args, says] of [
      [['--gather', file], 'expected --gather with --group FIELD'],
      [
        ['--gather', '--group', 'q', '--shard', '1/2', '-o', join(directory, 'x'), file],
        'expected --gather without --shard: the rows of a group may stand in several shares',
      ],
    ] as const) {
      const { code, stderr } = await best('', ...args);
      assert.deepEqual([code, stderr], [2, `reward-score: ${says}\n`]);
    }
    const unclosed = await gathered('q,text,reward\n1,a,1\n2,"b', '--from', 'csv');
    assert.equal(unclosed.code, 1);
    assert.match(unclosed.stderr, /standard input:3: expected a closing quote, got the end of the file: with --gather/);
    const large = await gathered('{"q":1,"text":"a","reward":1}\n'.repeat(100_001));
    assert.equal(large.code, 1);
    assert.match(large.stderr, /standard input:100001: expected at most 100,000 rows and 64 MiB in a group/);
  });

  test('holds rows over the size limit too, and reads as many as --limit says', async () => {
    const long = { q: 1, text: 'x'.repeat(3000), reward: 7 };
    const { stdout, code } = await gathered([rows[0], long, rows[1], rows[2]], '--max-row-bytes', '1000');
    assert.equal(code, 3);
    const [first, tooLong, second] = jsonLines(stdout) as Record<string, { code: string }>[];
    assert.deepEqual([first?.text, tooLong?.reward_error?.code, second?.text], ['b', 'ROW_TOO_LARGE', 'd']);
    const two = await gathered([rows[0], '', rows[1], rows[2]], '--limit', '2');
    assert.deepEqual(
      jsonLines(two.stdout).map(({ text }) => text),
      ['a', 'd'],
    );
  });
});

describe('--pairs', () => {
  const messages = [{ role: 'user', content: 'hi' }];
  const message = (content: string) => [{ role: 'assistant', content }];

  test('are best against worst, with the other fields of the row to the byte', async () => {
    const rows = [
      '{"n":12345678901234567890, "prompt":"p","candidates":["a","b","c"],"reward":[1,3,2], "other":1.50}',
      JSON.stringify({ messages, candidates: ['d', { text: 'e' }], reward: [0.25, 0], reward_tokens: [1, 2] }),
    ];
    const { stdout, code } = await best(lines(rows), '--pairs');
    assert.equal(code, 0);
    const scores = '"score_chosen":3,"score_rejected":1';
    assert.equal(
      stdout.split('\n')[0],
      `{"n":12345678901234567890, "other":1.50,"prompt":"p","chosen":"b","rejected":"a",${scores}}`,
    );
    assert.deepEqual(jsonLines(stdout)[1], {
      prompt: messages,
      chosen: message('d'),
      rejected: message('e'),
      score_chosen: 0.25,
      score_rejected: 0,
    });
  });

  test('are counted, and so are groups without one, by the reason', async () => {
    const summary = join(directory, 'pairs.json');
    const rows = [
      { prompt: 'p', candidates: ['a', 'b', 'c'], reward: [1, 3, 2] },
      { prompt: 'p', candidates: ['a', 'b'], reward: [0, 0.25] },
      { prompt: 'p', candidates: ['f', 'g'], reward: [1, 1] },
      { prompt: 'p', candidates: ['f', 'f'], reward: [5, 1] },
      { prompt: 'p', candidates: ['h'], reward: [1] },
      { prompt: 'p', candidates: ['h', ''], reward: [1, null] },
      { prompt: 'p', candidates: ['a', 'b'], reward: [1, 3] },
    ];
    const args = ['best', '--no-progress', '--pairs', '--min-gap', '0.5', '--summary', summary];
    const { stdout, stderr } = await rewardScore(args, { stdin: lines(rows) });
    assert.equal(jsonLines(stdout).length, 2);
    const { pairs } = (JSON.parse(readFileSync(summary, 'utf8')) as { best: { pairs: unknown } }).best;
    assert.deepEqual(pairs, { written: 2, lone: 2, equalTexts: 1, equalRewards: 1, belowMinGap: 1 });
    assert.match(
      stderr,
      /^reward-score: 2 pairs; groups that gave none: 2 with one candidate, 1 with equal texts, 1 with equal rewards, 1 with less than --min-gap$/m,
    );
    const one = await rewardScore(args, { stdin: lines(rows.slice(1, 3).concat(rows.slice(6))) });
    assert.match(one.stderr, /: 1 pair; groups that gave none: 1 with equal rewards, 1 with less than --min-gap$/m);
    const alone = await rewardScore(args, { stdin: lines(rows.slice(6)) });
    assert.match(alone.stderr, /: 1 group, 0 with a tie for the best\n(.*\n)+.*: 1 pair\n/);
    assert.equal((await written(rows.slice(0, 3), '--pairs')).length, 2);
    // The gap is that of float32 numbers, whether they were just computed or read: 0.3 - 0.1 is less than 0.2 in doubles.
    const near = [{ prompt: 'p', candidates: ['a', 'b'], reward: [0.3, 0.1] }];
    assert.equal(
      (await written(near, '--pairs', '--min-gap', String(Math.fround(Math.fround(0.3) - Math.fround(0.1))))).length,
      1,
    );
  });

  test('of rows that --group joins have the fields of the better one', async () => {
    const rows = [
      { q: 1, prompt: 'p', response: 'a', reward: 0, seed: 5 },
      { q: 1, prompt: 'p', response: 'b', reward: 1, seed: 6 },
      { q: 2, messages: [...messages, { role: 'assistant', content: 'c' }], reward: 2 },
      { q: 2, messages: [...messages, { role: 'assistant', content: 'd' }], reward: 1 },
      { q: 3, text: 'e', reward: 1 },
      { q: 3, text: 'f', reward: 0 },
    ];
    assert.deepEqual(await written(rows, '--pairs', '--group', 'q'), [
      { q: 1, seed: 6, prompt: 'p', chosen: 'b', rejected: 'a', score_chosen: 1, score_rejected: 0 },
      { q: 2, prompt: messages, chosen: message('c'), rejected: message('d'), score_chosen: 2, score_rejected: 1 },
      { q: 3, chosen: 'e', rejected: 'f', score_chosen: 1, score_rejected: 0 },
    ]);
  });

  test('of CSV are JSON lines', async () => {
    const csv = 'Id,Prompt,Candidates,Reward\n7,p,"[""a"",""b""]","[1,2]"\n';
    const { stdout, code } = await best(csv, '--from', 'csv', '--pairs');
    assert.equal(code, 0);
    assert.equal(stdout, '{"Id":"7","prompt":"p","chosen":"b","rejected":"a","score_chosen":2,"score_rejected":1}\n');
  });

  test('are messages where texts were read as messages', async () => {
    const row = { prompt: 'hello', candidates: ['a', 'b'] };
    const model = ['-m', join(root, 'fixtures/tiny-gpt2')];
    const [text] = await written([row], '--pairs', ...model);
    assert.deepEqual([text?.prompt, typeof text?.chosen], ['hello', 'string']);
    const [chat] = await written([row], '--pairs', ...model, '--template', 'chatml');
    assert.deepEqual(chat?.prompt, [{ role: 'user', content: 'hello' }]);
    assert.deepEqual(
      [chat?.chosen, chat?.rejected].map((side) => (side as { role: string }[])[0]?.role),
      ['assistant', 'assistant'],
    );
  });

  test('name roles as trainers do, whatever authors are called', async () => {
    const context = [
      { speaker: 'system', text: 'be brief' },
      { speaker: 'Anna', text: 'hi' },
      { speaker: 'Bo', text: 'ho' },
      { speaker: 'Human', text: 'hm' },
      { speaker: 'gpt', text: 'he' },
    ];
    const answer = (text: string) => [...context, { speaker: 'Anna', text: 'well' }, { speaker: 'Bo', text }];
    const row = { messages: context, candidates: [answer('x'), answer('y')], reward: [1, 2] };
    const [pair] = await written([row], '--pairs');
    assert.deepEqual(pair, {
      prompt: [
        { role: 'system', content: 'be brief' },
        { role: 'user', content: 'hi' },
        { role: 'assistant', content: 'ho' },
        { role: 'user', content: 'hm' },
        { role: 'assistant', content: 'he' },
        { role: 'user', content: 'well' },
      ],
      chosen: message('y'),
      rejected: message('x'),
      score_chosen: 2,
      score_rejected: 1,
    });
  });

  test('another field of one of their names is refused', async () => {
    const row = { prompt: 'p', candidates: ['a', 'b'], reward: [1, 2] };
    const says = (name: string) =>
      `expected no field ${name} beside those that a pair is made of, as --pairs writes one of that name; rename it`;
    for (const [other, flags] of [
      [{ ...row, chosen: 'x' }, []],
      [{ ...row, score_chosen: 1 }, []],
      [{ messages, prompt: 5, candidates: ['a', 'b'], reward: [1, 2] }, ['--messages', 'messages']],
    ] as const) {
      const { code, stdout, stderr } = await best([other, row], '--pairs', ...flags);
      const name = Object.keys(other).find(
        (key) => /chosen|^prompt$/.test(key) && (flags.length > 0 || key !== 'prompt'),
      ) as string;
      assert.deepEqual([code, stdout, stderr], [2, '', `reward-score: standard input:1: ${says(name)}\n`]);
    }
    const errors = join(directory, 'pair-errors.jsonl');
    const later = await best([row, { ...row, rejected: 'x' }], '--pairs', '--errors', errors);
    assert.deepEqual([later.code, jsonLines(later.stdout).length], [3, 1]);
    const [{ code, message: why } = {}] = jsonLines(readFileSync(errors, 'utf8'));
    assert.deepEqual([code, why], ['BAD_ROW', says('rejected')]);
  });

  test('carry values of any depth', async () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const row = `{"messages":[{"role":"user","content":"Hi","extra":${deep}}],"deep":${deep},"candidates":["a","b"],"reward":[1,2]}`;
    const { stdout, code } = await best([row], '--pairs');
    assert.equal(code, 0);
    const pair = '"prompt":[{"role":"user","content":"Hi"}],"chosen":[{"role":"assistant","content":"b"}]';
    assert.ok(stdout.startsWith(`{"deep":${deep},${pair},"rejected":`));
  });

  test('whose texts cannot be read are bad rows', async () => {
    const row = { prompt: 'p', candidates: [5, 'b'], reward: [1, 2] };
    const { code, stdout } = await best([row], '--pairs');
    assert.deepEqual([code, stdout], [3, '']);
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
