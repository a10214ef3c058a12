/** Rewards that rows have already: refused, replaced (--rescore), completed (--use-rewards), or taken as they are. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { flagsOf } from '../../dist/cli/flags/flags.js';
import { evaluate, jsonl } from '../support/evaluation.js';
import { jsonLines, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';

const directory = temporaryDirectory();
const tiny = join(root, 'fixtures/tiny-gpt2');
const model = ['-m', tiny];
const quick = ['-q', '-j', '1'];
const score = (stdin: string, ...args: string[]) => rewardScore([...quick, ...model, ...args], { stdin });

/** Rewards of the tiny model. */
async function rewardsOf(...rows: readonly object[]): Promise<unknown[]> {
  const { stdout, stderr } = await score(jsonl(rows), '--reward-field', 'own');
  assert.equal(stderr, '');
  return jsonLines(stdout).map((row) => row.own ?? [row.own_chosen, row.own_rejected]);
}

describe('score', () => {
  test('refuses them in the first row, and in a header', async () => {
    for (const [args, stdin] of [
      [[], '{"text":"a","reward":1}\n'],
      [['--from', 'csv'], 'text,Reward\na,1\n'],
    ] as const) {
      const { code, stderr, stdout } = await score(stdin, ...args);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(
        stderr,
        /standard input:1: expected no field reward, .*--reward-field, .*--rescore, .*--use-rewards\n$/,
      );
    }
  });

  test('and names the same ways out for a later row', async () => {
    const first = await score('{"text":"b","reward":1}\n');
    const later = await score('{"text":"a"}\n{"text":"b","reward":1}\n');
    const [, { reward_error: error } = {}] = jsonLines(later.stdout) as { reward_error?: { message: string } }[];
    assert.equal(
      error?.message,
      'the row has a field reward already; name another with --reward-field, replace what is there with --rescore, ' +
        'or keep it and score the other rows with --use-rewards',
    );
    assert.equal(first.stderr.split('; ')[1], `${error?.message.split('; ')[1]}\n`);
  });

  test('gives them no number in a later row, whatever is wrong with it', async () => {
    const rows = [
      '{"text":"a"}',
      '{"text":"b", "reward" : 5 , "n":1.0}',
      '{"text":5,"reward":5}',
      '{"id":7,"reward_chosen":1,"reward_rejected":0}',
      '{"chosen":"a","rejected":"b","reward_chosen":1,"reward_rejected":0}',
      '{"text":"b","reward":5,"reward":6}',
      '{"chosen":"a","rejected":"b","reward_rejected":0}',
    ];
    const { code, stdout } = await score(`${rows.join('\n')}\n`);
    assert.equal(code, 3);
    const written = stdout.split('\n');
    assert.ok(written[1]?.startsWith('{"text":"b", "reward" : null , "n":1.0,"reward_error":{"code":"FIELD_EXISTS"'));
    assert.ok(written[2]?.startsWith('{"text":5,"reward":null,"reward_error":{"code":"BAD_ROW"'));
    assert.ok(written[3]?.startsWith('{"id":7,"reward_chosen":null,"reward_rejected":null,"reward_error"'), written[3]);
    assert.ok(
      written[4]?.startsWith('{"chosen":"a","rejected":"b","reward_chosen":null,"reward_rejected":null,"reward_error"'),
    );
    assert.ok(written[5]?.startsWith('{"text":"b","reward":null,"reward":null,"reward_error"'));
    const both = '{"chosen":"a","rejected":"b","reward_rejected":null,"reward_chosen":null,"reward_error"';
    assert.ok(written[6]?.startsWith(both), written[6]);
  });

  test('--rescore replaces them in their place, and takes an older reason away', async () => {
    const [a, pair, candidates] = await rewardsOf(
      { text: 'a' },
      { chosen: 'a', rejected: 'b' },
      { prompt: 'p', candidates: ['a', 'b'] },
    );
    const [chosen, rejected] = pair as number[];
    const reason = '"reward_error":{"code":"EMPTY_TEXT","message":"x"}';
    const rows = [
      ['{"reward" : 5.0, "text":"a", "n":1.50}', `{"reward" : ${a}, "text":"a", "n":1.50}`],
      [`{"text":"a","reward":null,${reason}}`, `{"text":"a","reward":${a}}`],
      [`{${reason}, "text":"a"}`, `{ "text":"a","reward":${a}}`.replace('{ ', '{')],
      [
        '{"chosen":"a","reward_rejected":1,"rejected":"b"}',
        `{"chosen":"a","reward_rejected":${rejected},"rejected":"b","reward_chosen":${chosen}}`,
      ],
      [
        '{"prompt":"p","reward":3,"candidates":["a","b"]}',
        `{"prompt":"p","reward":[${candidates}],"candidates":["a","b"]}`,
      ],
      ['"a"', `{"text":"a","reward":${a}}`],
    ] as const;
    const { code, stdout, stderr } = await score(`${rows.map(([line]) => line).join('\n')}\n`, '--rescore');
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      stdout.split('\n').slice(0, -1),
      rows.map(([, line]) => line),
    );
  });

  test('--rescore gives a row that fails null and its own reason', async () => {
    const reason = '"reward_error":{"code":"BAD_ROW","message":"old","index":3}';
    const { stdout } = await score(`{"text":"","reward":5,${reason}, "z":1}\n`, '--rescore');
    const message = '"reward_error":{"code":"EMPTY_TEXT","message":"text is empty"}';
    assert.equal(stdout, `{"text":"","reward":null,${message}, "z":1}\n`);
    const { stdout: without } = await score(
      `{"text":"","reward":5,${reason}, "z":1}\n`,
      '--rescore',
      '--errors',
      join(directory, 'e'),
    );
    assert.equal(without, '{"text":"","reward":null, "z":1}\n');
  });

  test('--rescore replaces the details too, and twice changes nothing', async () => {
    const input = '{"reward":1,"reward_tokens":2,"text":"a b c","reward_truncated":3}\n';
    const once = await score(input, '--rescore', '--details', '--max-length', '2');
    const [row] = jsonLines(once.stdout) as [Record<string, unknown>];
    assert.deepEqual(Object.keys(row), ['reward', 'reward_tokens', 'text', 'reward_truncated', 'reward_prompt_tokens']);
    assert.equal(row.reward_tokens, 2);
    assert.ok((row.reward_truncated as number) > 0);
    const twice = await score(once.stdout, '--rescore', '--details', '--max-length', '2');
    assert.equal(twice.stdout, once.stdout);
  });

  test('--rescore replaces cells of CSV and TSV in their column, and none in others', async () => {
    const [a] = await rewardsOf({ text: 'a, "b"' });
    const csv =
      '\ufefftext, Reward ,id\r\n"a, ""b""",5,"1"\r\n"a, ""b""","5",x\r\n"",7,y\r\n"a, ""b"""\r\nq,6,w,more\r\n';
    const { code, stdout } = await score(csv, '--from', 'csv', '--rescore');
    assert.equal(code, 3);
    assert.equal(
      stdout,
      `\ufefftext, Reward ,id\r\n"a, ""b""",${a},"1"\r\n"a, ""b""",${a},x\r\n"",,y\r\n"a, ""b""",,\r\nq,,w,more\r\n`,
    );
    const tsv = await score(csv, '--from', 'csv', '--to', 'tsv', '--rescore');
    assert.equal(tsv.stdout.split('\r\n')[1], `"a, ""b"""\t${a}\t1`);
    const json = await score(csv, '--from', 'csv', '--to', 'jsonl', '--rescore');
    assert.deepEqual(jsonLines(json.stdout)[0], { text: 'a, "b"', ' Reward ': a, id: '1' });
    const reasons = await score('text,reward,reward_error\n"a, ""b""",,old\n', '--from', 'csv', '--rescore');
    assert.equal(reasons.stdout, `text,reward,reward_error\n"a, ""b""",${a},\n`);
    const pairs = await score('chosen,reward_rejected,rejected\na,1,b\n', '--from', 'csv', '--rescore');
    assert.match(pairs.stdout, /^chosen,reward_rejected,rejected,reward_chosen\na,-?[\d.e-]+,b,-?[\d.e-]+\n$/);
  });

  test('of CSV in JSON lines, rewards that are taken are numbers', async () => {
    const [b] = await rewardsOf({ text: 'b' });
    const csv = 'id,text,reward\n1,a, 1.50\n2,b,\n3,b,high\n';
    const topped = await score(csv, '--from', 'csv', '--to', 'jsonl', '--use-rewards');
    assert.deepEqual(topped.stdout.split('\n'), [
      '{"id":"1","text":"a","reward":1.50}',
      `{"id":"2","text":"b","reward":${b}}`,
      `{"id":"3","text":"b","reward":${b}}`,
      '',
    ]);
    const lists = 'prompt,candidates,reward\np,"[""a"",""b""]","[1, 2.0]"\n';
    const { stdout } = await best(lists, '--from', 'csv', '--to', 'jsonl');
    assert.match(stdout, /"reward":\[1, 2\.0\],"response":"b"/);
  });

  test('--use-rewards tops up a file: finite ones stay to the byte, the others are scored', async () => {
    const [b, pair, candidates] = await rewardsOf(
      { text: 'b' },
      { chosen: 'a', rejected: 'b' },
      { prompt: 'p', candidates: ['a', 'b', 'c'] },
    );
    const reason = '"reward_error":{"code":"NON_FINITE","message":"x"}';
    const rows = [
      ['{"text":"a","reward":1.50 }', '{"text":"a","reward":1.50 }'],
      ['{"id":7,"reward":0.12345678901234567}', '{"id":7,"reward":0.12345678901234567}'],
      ['{"text":"b"}', `{"text":"b","reward":${b}}`],
      [`{"text":"b","reward":null,${reason}}`, `{"text":"b","reward":${b}}`],
      ['{"text":"b","reward":"NaN"}', `{"text":"b","reward":${b}}`],
      ['{"text":"b","reward":1e400}', `{"text":"b","reward":${b}}`],
      [
        '{"chosen":"a","rejected":"b","reward_rejected":0.1}',
        `{"chosen":"a","rejected":"b","reward_rejected":0.1,"reward_chosen":${(pair as number[])[0]}}`,
      ],
      [
        `{"prompt":"p","candidates":["a","b","c"],"reward":[0.1234567890123,null,2],${reason}}`,
        `{"prompt":"p","candidates":["a","b","c"],"reward":[0.1234567890123,${(candidates as number[])[1]},2]}`,
      ],
    ] as const;
    const { code, stdout, stderr } = await score(`${rows.map(([line]) => line).join('\n')}\n`, '--use-rewards');
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      stdout.split('\n').slice(0, -1),
      rows.map(([, line]) => line),
    );
    const csv = await score('text,reward\na,1.50\nb,\n', '--from', 'csv', '--use-rewards');
    assert.equal(csv.stdout, `text,reward\na,1.50\nb,${b}\n`);
    const fresh = await score('text\nb\n', '--from', 'csv', '--use-rewards');
    assert.equal(fresh.stdout, `text,reward\nb,${b}\n`);
  });

  test('--use-rewards: a pair carries its rewards in two fields, and a text in one', async () => {
    const [a, pair] = await rewardsOf({ text: 'a' }, { chosen: 'a', rejected: 'b' });
    const [chosen, rejected] = pair as number[];
    const ofPair = `"reward_chosen":${chosen},"reward_rejected":${rejected}`;
    const rows = [
      ['{"chosen":"a","rejected":"b","reward":3}', `{"chosen":"a","rejected":"b","reward":3,${ofPair}}`],
      [
        '{"chosen":"a","rejected":"b","reward":3,"reward_chosen":2.0,"reward_rejected":1}',
        '{"chosen":"a","rejected":"b","reward":3,"reward_chosen":2.0,"reward_rejected":1}',
      ],
      [
        '{"text":"a","reward_chosen":2,"reward_rejected":1}',
        `{"text":"a","reward_chosen":2,"reward_rejected":1,"reward":${a}}`,
      ],
      [
        '{"text":"a","reward":3.0,"reward_chosen":2,"reward_rejected":1}',
        '{"text":"a","reward":3.0,"reward_chosen":2,"reward_rejected":1}',
      ],
      ['{"id":7,"reward_chosen":2,"reward_rejected":1}', '{"id":7,"reward_chosen":2,"reward_rejected":1}'],
    ] as const;
    const lines = `${rows.map(([line]) => line).join('\n')}\n`;
    const { code, stdout, stderr } = await score(lines, '--use-rewards');
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      stdout.trimEnd().split('\n'),
      rows.map(([, line]) => line),
    );
    const scores = await score(lines, '--use-rewards', '--to', 'scores');
    assert.deepEqual(scores.stdout.split('\n'), [`[${pair}]`, '[2,1]', `${a}`, '3', '[2,1]', '']);
    for (const [format, delimiter] of [
      ['csv', ','],
      ['tsv', '\t'],
    ] as const) {
      const table = (...records: readonly (readonly unknown[])[]): string =>
        records.map((cells) => `${cells.join(delimiter)}\n`).join('');
      const header = ['chosen', 'rejected', 'reward'];
      const run = await score(table(header, ['a', 'b', 3]), '--from', format, '--use-rewards');
      assert.equal(run.stdout, table([...header, 'reward_chosen', 'reward_rejected'], ['a', 'b', 3, chosen, rejected]));
    }
  });

  test('--use-rewards: neither a string nor a list is the number of a text, but a cell is', async () => {
    const [a] = await rewardsOf({ text: 'a' });
    for (const reward of ['"3"', '[3]', '[1,2]', '{}', 'true']) {
      const row = `{"text":"a","reward":${reward}}\n`;
      const { code, stdout, stderr } = await score(row, '--use-rewards');
      assert.deepEqual([code, stdout], [0, `{"text":"a","reward":${a}}\n`], stderr);
      assert.equal((await score(row, '--use-rewards', '--to', 'scores')).stdout, `${a}\n`);
      assert.equal((await score(row, '--use-rewards', '--min-reward', '2')).stdout, '');
    }
    const csv = await score('text,reward\na,3\na,[3]\na,"[1,2]"\n', '--from', 'csv', '--use-rewards');
    assert.equal(csv.stdout, `text,reward\na,3\na,${a}\na,${a}\n`);
    const candidates = { prompt: 'p', candidates: ['a', 'b'], reward: '[1,2]' };
    const { stdout } = await score(jsonl([candidates]), '--use-rewards');
    const message = 'expected reward to have 2 numbers, one for each candidate, got "[1,2]"';
    assert.deepEqual(jsonLines(stdout), [{ ...candidates, reward: null, reward_error: { code: 'BAD_ROW', message } }]);
    const cell = 'prompt,candidates,reward\np,"[""a"",""b""]","[1,2]"\n';
    assert.equal((await score(cell, '--from', 'csv', '--use-rewards')).stdout, cell);
  });

  test('a row that is scored does not say that an earlier run failed', async () => {
    const [a] = await rewardsOf({ text: 'a' });
    const reason = '"reward_error":{"code":"X","message":"old"}';
    const empty = '"reward_error":{"code":"EMPTY_TEXT","message":"text is empty"}';
    const rows = [
      [`{${reason}, "text":"a" , "n":1.50}`, `{ "text":"a" , "n":1.50,"reward":${a}}`.replace('{ ', '{')],
      [`{"text":"","n":1e0,${reason}}`, `{"text":"","n":1e0,${empty},"reward":null}`],
      ['{"text":"a","reward_error":null}', `{"text":"a","reward_error":null,"reward":${a}}`],
    ] as const;
    const lines = `${rows.map(([line]) => line).join('\n')}\n`;
    for (const flags of [[], ['--rescore'], ['--use-rewards']]) {
      const { code, stdout } = await score(lines, ...flags);
      assert.equal(code, 3);
      assert.deepEqual(
        stdout.trimEnd().split('\n'),
        rows.map(([, line]) => line),
      );
      const listed = await score(lines, ...flags, '--errors', join(directory, 'older'));
      assert.equal(listed.stdout.split('\n')[1], '{"text":"","n":1e0,"reward":null}');
      const csv = await score('reward_error,text\nold,a\nold,""\n,a\n', '--from', 'csv', ...flags);
      const cell = `"${empty.slice(empty.indexOf('{')).replaceAll('"', '""')}"`;
      assert.equal(csv.stdout, `reward_error,text,reward\n,a,${a}\n${cell},"",\n,a,${a}\n`);
      const asLines = await score('reward_error,text\nold,a\n', '--from', 'csv', '--to', 'jsonl', ...flags);
      assert.equal(asLines.stdout, `{"text":"a","reward":${a}}\n`);
    }
    const topped = await score(`{"text":"a","reward":null,${reason}}\n{"text":"a","reward":1.0}\n`, '--use-rewards');
    assert.equal(topped.stdout, `{"text":"a","reward":${a}}\n{"text":"a","reward":1.0}\n`);
    const [group] = jsonLines((await best(`{"prompt":"p","candidates":["a"],${reason}}\n`, ...model)).stdout);
    assert.deepEqual([group?.best_index, group?.reward_error], [0, undefined]);
  });

  test('--use-rewards needs to know which rewards are whose', async () => {
    const row = { prompt: 'p', candidates: ['a', 'b'] };
    for (const [reward, got] of [
      [[1], '1'],
      [[1, 2, 3], '3'],
      [0.5, '0.5'],
    ] as const) {
      const { code, stdout } = await score(jsonl([{ ...row, reward }]), '--use-rewards');
      assert.equal(code, 3);
      const message = `expected reward to have 2 numbers, one for each candidate, got ${got}`;
      assert.deepEqual(jsonLines(stdout), [{ ...row, reward: null, reward_error: { code: 'BAD_ROW', message } }]);
    }
    const unnamed = await rewardScore([...quick, '--use-rewards'], { stdin: jsonl([row]) });
    assert.equal(unnamed.code, 2);
    assert.match(unnamed.stderr, /expected --model with --use-rewards: the bundled model does not score/);
  });

  test('details of a reward that is taken are not known', async () => {
    const rows = jsonl([{ text: 'a', reward: 1 }, { text: 'b' }, { text: 'c', reward: 1, reward_tokens: 9 }]);
    const { stdout } = await score(rows, '--use-rewards', '--details');
    const [taken, scored, own] = jsonLines(stdout);
    const unknown = { reward_tokens: null, reward_truncated: null, reward_prompt_tokens: null };
    assert.deepEqual(taken, { text: 'a', reward: 1, ...unknown });
    assert.deepEqual([scored?.reward_tokens, scored?.reward_truncated], [1, 0]);
    assert.deepEqual(own, { text: 'c', reward: 1, ...unknown, reward_tokens: 9 });
  });

  test('a scored file is scored again, and topped up, to its own bytes', async () => {
    const text = fc.constantFrom('', 'a', 'b "c"\n', '\u2028', 'd'.repeat(300));
    const row = fc.oneof(
      fc.record({ text, x: fc.jsonValue() }),
      fc.record({ x: fc.jsonValue(), chosen: text, rejected: text }),
      fc.record({ prompt: text, candidates: fc.array(text, { maxLength: 4 }), x: fc.jsonValue() }),
      fc.constantFrom('nonsense', '"bare"', '[1]', ' {"text" : "a" , "n":1e400 } '),
    );
    const file = fc.array(row, { minLength: 1, maxLength: 30, size: 'max' });
    await fc.assert(
      fc.asyncProperty(file, fc.constantFrom([], ['--details']), async (rows, details) => {
        const lines = rows.map((each) => `${typeof each === 'string' ? each : JSON.stringify(each)}\n`).join('');
        const first = await score(lines, ...details);
        // What could not be read stands in its record, which is a row without a text then.
        const readable = first.stdout.replaceAll(/^\{"reward":null,.*\n/gm, '');
        const completed = await score(readable, '--use-rewards', ...details);
        assert.equal(completed.stdout, readable, completed.stderr);
        // Rows stand in other windows now, where rewards may be rounded differently.
        const again = await score(readable, '--rescore', ...details);
        const rounded = (text: string): string => text.replaceAll(/-?\d+\.\d+/g, (number) => Number(number).toFixed(4));
        assert.equal(rounded(again.stdout), rounded(readable), again.stderr);
      }),
      { numRuns: 8 },
    );
  });

  test('both flags exclude each other, in each command', async () => {
    for (const command of ['score', 'best', 'eval']) {
      const { code, stderr } = await rewardScore([command, '--rescore', '--use-rewards'], { stdin: '{"text":"a"}\n' });
      assert.deepEqual([code, stderr], [2, 'reward-score: expected --rescore or --use-rewards, got both\n']);
    }
  });

  test('an interrupted top-up goes on to the same bytes', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => ({
      text: `${i} ${'x'.repeat(500)}`,
      ...(i % 3 > 0 && { reward: i }),
    }));
    const input = writeFile(directory, 'gaps.jsonl', jsonl(rows));
    const output = join(directory, 'topped.jsonl');
    const args = [...quick, ...model, '--use-rewards', input, '-o', output];
    assert.equal((await rewardScore([...args, '--limit', '31'])).code, 0);
    assert.equal((await rewardScore([...args, '--resume'])).code, 0);
    const whole = await rewardScore([...quick, ...model, '--use-rewards', input]);
    assert.equal(readFileSync(output, 'utf8'), whole.stdout);
    assert.ok(!whole.stdout.includes('null'));
  });
});

const scored = [
  { prompt: 'p', candidates: ['a', 'b'], reward: [2, 1] },
  { prompt: 'p', candidates: ['a', 'b'], reward: [1, 2] },
];
const gap = { prompt: 'p', candidates: ['a', 'b'] };
const environment = { REWARD_SCORE_MODEL: tiny };
const best = (stdin: string, ...args: string[]) => rewardScore(['best', ...quick, ...args], { stdin });

describe('best and eval take them as they are', () => {
  const values: Readonly<Record<string, string>> = {
    model: tiny,
    tokenizer: tiny,
    template: 'chatml',
    'template-date': '2026-11-30',
    'last-speaker': 'any',
    'bot-name': 'Eliza',
    'user-name': 'Anna',
    system: 'none',
    'max-length': '7',
    'truncation-side': 'right',
    reserve: '1',
    activation: 'sigmoid',
    head: 'token:5',
    logit: '0',
    precision: 'int8',
  };
  const settings = flagsOf('best').filter(({ decides }) => decides === 'reward');

  for (const { name } of settings) {
    test(`--${name} would not decide them, and is refused`, async () => {
      assert.ok(Object.hasOwn(values, name), `no value for --${name}`);
      for (const command of ['best', 'eval']) {
        const { code, stdout, stderr } = await rewardScore([command, ...quick, `--${name}`, values[name] as string], {
          stdin: jsonl(scored),
        });
        assert.deepEqual([code, stdout], [2, '']);
        assert.equal(
          stderr,
          `reward-score: standard input:1: expected no --${name} beside the field reward, whose rewards are taken as they are; ` +
            'score all rows with --rescore, or those without a finite one with --use-rewards\n',
        );
      }
    });
  }

  test('a setting of the environment alone is told of', async () => {
    const env = { ...environment, REWARD_SCORE_MAX_LENGTH: '7' };
    for (const command of ['best', 'eval']) {
      const summary = join(directory, `environment-${command}.json`);
      const args = [command, '-j', '1', '--no-progress', '--summary', summary];
      const run = await rewardScore(args, { stdin: jsonl(scored), env });
      const { notices } = JSON.parse(readFileSync(summary, 'utf8')) as { notices: object };
      assert.deepEqual(notices, { REWARDS_FROM_ENVIRONMENT: 1 });
      assert.equal(run.code, 0, run.stderr);
      assert.match(
        run.stderr,
        /standard input:1: the rewards in the field reward are taken as they are, whatever REWARD_SCORE_MODEL, REWARD_SCORE_MAX_LENGTH says/,
      );
      const strict = await rewardScore([command, ...quick, '--strict'], { stdin: jsonl(scored), env });
      assert.equal(strict.code, 2);
    }
    const { stderr } = await rewardScore(['best', '-j', '1', '--no-progress'], { stdin: jsonl([gap]), env });
    assert.doesNotMatch(stderr, /taken as they are/);
  });

  test('no model is named then, or prepared, or told of', async () => {
    const summary = join(directory, 'none.json');
    const run = await rewardScore(['best', '--no-progress', '--strict', '--summary', summary], {
      stdin: jsonl(scored),
    });
    assert.equal(run.code, 0, run.stderr);
    assert.doesNotMatch(run.stderr, /model/);
    const { model: named, scoring } = JSON.parse(readFileSync(summary, 'utf8')) as Record<string, unknown>;
    assert.deepEqual([named, scoring], [null, null]);
  });

  test('the bundled model never fills gaps', async () => {
    for (const flags of [[], ['--use-rewards']]) {
      const { code, stdout } = await best(jsonl([scored[0], gap]), ...flags);
      assert.equal(code, 3);
      const [first, second] = jsonLines(stdout) as Record<string, unknown>[];
      assert.equal(first?.best_index, 0);
      const message =
        'expected a field reward, as the first row has one, got none; to have a model score such rows, name it with --model ' +
        'beside --use-rewards';
      assert.deepEqual(second, { ...gap, reward: null, reward_error: { code: 'BAD_ROW', message } });
      const evaluated = await evaluate(['--json', ...flags], { stdin: jsonl([scored[0], gap]) });
      assert.equal(evaluated.code, 3);
      assert.equal((JSON.parse(evaluated.stdout) as { failed: number }).failed, 1);
    }
  });

  test('nor does any model score rows beside those that carry another', async () => {
    for (const env of [{}, environment]) {
      const { code, stdout } = await rewardScore(['best', ...quick], { stdin: jsonl([gap, scored[0]]), env });
      assert.equal(code, 3);
      const [first, second] = jsonLines(stdout) as Record<string, { code?: string }>[];
      assert.ok(Array.isArray(first?.reward));
      assert.deepEqual([second?.reward, second?.reward_error?.code], [null, 'FIELD_EXISTS']);
      const evaluated = await evaluate(['--json'], { stdin: jsonl([gap, scored[0]]), env });
      assert.equal(evaluated.code, 3);
      assert.equal((JSON.parse(evaluated.stdout) as { failed: number }).failed, 1);
    }
    for (const command of ['best', 'eval']) {
      const { code, stdout, stderr } = await rewardScore([command, ...quick, '--use-rewards'], {
        stdin: jsonl([gap, scored[0]]),
      });
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, /^reward-score: standard input:1: expected --model with --use-rewards: the bundled model/);
    }
  });

  test('a row without candidates has no reward, whatever it carries', async () => {
    const empty = { prompt: 'p', candidates: [], reward: [] };
    const error = { code: 'EMPTY_TEXT', message: 'candidates is empty' };
    for (const [flags, reward] of [
      [[], []],
      [['--rescore', ...model], null],
      [['--use-rewards', ...model], null],
    ] as const) {
      const { code, stdout } = await best(jsonl([empty]), ...flags);
      assert.equal(code, 3);
      assert.deepEqual(jsonLines(stdout), [{ ...empty, reward, reward_error: error }]);
    }
    const bare = await best(jsonl([{ text: 'a', reward: [] }]));
    assert.equal(bare.code, 3);
    assert.match(bare.stdout, /"reward_error":{"code":"BAD_ROW","message":"expected reward to be a number, got \[\]"/);
    for (const row of [empty, { text: 'a', reward: [] }]) {
      const evaluated = await evaluate(['--json'], { stdin: jsonl([{ ...gap, reward: [1, 2] }, row]) });
      assert.equal(evaluated.code, 3);
      const { rows, failed } = JSON.parse(evaluated.stdout) as { rows: number; failed: number };
      assert.deepEqual([rows, failed], [2, 1]);
    }
  });

  test('one of the environment does, and --use-rewards with a model', async () => {
    const [expected] = await rewardsOf(gap);
    for (const [args, env] of [
      [[], environment],
      [[...model, '--use-rewards'], {}],
    ] as const) {
      const { code, stdout, stderr } = await rewardScore(['best', ...quick, ...args], {
        stdin: jsonl([scored[0], gap]),
        env,
      });
      assert.equal(code, 0, stderr);
      assert.deepEqual(
        jsonLines(stdout).map(({ reward }) => reward),
        [[2, 1], expected],
      );
    }
  });

  test('--use-rewards completes the candidates of a row', async () => {
    const [expected] = await rewardsOf(gap);
    const row = { ...gap, reward: [null, 1000], reward_error: { code: 'NON_FINITE', message: 'x', index: 0 } };
    const { code, stdout } = await best(jsonl([row]), ...model, '--use-rewards');
    assert.equal(code, 0);
    assert.deepEqual(
      jsonLines(stdout).map(({ reward, best_index: index, reward_error: error }) => [reward, index, error]),
      [[[(expected as number[])[0], 1000], 1, undefined]],
    );
  });

  test('--rescore scores all, in the place of what was there', async () => {
    const [expected] = await rewardsOf(gap);
    const [winner] = (await best(jsonl([gap]), ...model)).stdout.split('\n').map((line) => line && JSON.parse(line));
    const { code, stdout } = await best(
      '{"reward":[8,9], "prompt":"p","candidates":["a","b"]}\n',
      ...model,
      '--rescore',
    );
    assert.equal(code, 0);
    assert.ok(stdout.startsWith(`{"reward":[${expected}], "prompt":"p","candidates":["a","b"],"response"`), stdout);
    assert.equal(JSON.parse(stdout).best_index, winner.best_index);
    const csv = await best('q,reward,text\n1,7,a\n1,8,b\n', '--from', 'csv', '--group', 'q', ...model, '--rescore');
    const texts = await rewardsOf({ text: 'a' }, { text: 'b' });
    const [, row = ''] = csv.stdout.split('\n');
    assert.equal(row.split(',')[1], String(Math.max(...(texts as number[]))));
    const rows = [
      { text: 'a', reward: 100 },
      { text: 'b', reward: -100 },
    ];
    const mean = await evaluate(['--json', '--rescore', ...model], { stdin: jsonl(rows) });
    const { metrics } = JSON.parse(mean.stdout) as { metrics: { mean: { value: number } } };
    const [a = 0, b = 0] = texts as number[];
    assert.ok(Math.abs(metrics.mean.value - (a + b) / 2) < 1e-6);
  });

  test('a later reward beside a model that scores is none of its own', async () => {
    const { code, stdout } = await best(jsonl([gap, { ...gap, reward: [1, 9] }]), ...model);
    assert.equal(code, 3);
    const [first, second] = jsonLines(stdout) as Record<string, { code?: string }>[];
    assert.ok(Array.isArray(first?.reward));
    assert.deepEqual(
      [second?.reward, second?.reward_error?.code, second?.best_index],
      [null, 'FIELD_EXISTS', undefined],
    );
    const evaluated = await evaluate(['--json', ...model], { stdin: jsonl([{ text: 'a' }, { text: 'b', reward: 1 }]) });
    assert.equal((JSON.parse(evaluated.stdout) as { failed: number }).failed, 1);
  });

  test('a run without a model goes on, and is merged', async () => {
    const rows = Array.from({ length: 3000 }, (_, i) => ({ ...gap, id: `${i} ${'x'.repeat(60)}`, reward: [i % 7, 3] }));
    const input = writeFile(directory, 'many.jsonl', jsonl(rows));
    const whole = await best('', input);
    assert.equal(whole.code, 0, whole.stderr);
    const output = join(directory, 'best.jsonl');
    const args = ['best', ...quick, input, '-o', output];
    assert.equal((await rewardScore([...args, '--limit', '1500'])).code, 0);
    assert.equal((await rewardScore([...args, '--resume'])).code, 0);
    assert.equal(readFileSync(output, 'utf8'), whole.stdout);
    const parts = [1, 2].map((index) => join(directory, `part-${index}.jsonl`));
    for (const [i, part] of parts.entries()) {
      assert.equal((await rewardScore(['best', ...quick, input, '-o', part, '--shard', `${i + 1}/2`])).code, 0);
    }
    assert.equal((await rewardScore(['merge', '-q', ...parts, '-o', '-'])).stdout, whole.stdout);
    const other = await rewardScore([...args, '--resume'], { env: environment });
    assert.equal(other.code, 2);
    assert.match(other.stderr, /the rewards that rows have was take only and is take/);
  });
});
