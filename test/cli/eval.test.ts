/** `eval` in CI: thresholds, exit codes, JUnit, annotations; when it needs a model; another file to compare with. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { start } from '../support/binary.js';
import {
  type EvaluationResult,
  evaluate,
  evaluateJson,
  jsonl,
  numberOf,
  reasonOf,
  resultIn,
} from '../support/evaluation.js';
import { jsonLines, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';
import { testWrongUses } from '../support/wrong-use.js';

const directory = temporaryDirectory();
const labelled = join(root, 'fixtures/labelled.jsonl');
const rows = jsonLines(readFileSync(labelled, 'utf8'));
const file = (name: string, content: string): string => writeFile(directory, name, content);
const missing = join(directory, 'missing');

/** By hand: 3 of the 4 pairs of a good row and a poor one are in order. */
const four = jsonl([
  { reward: 2, label: 1 },
  { reward: 1, label: 0 },
  { reward: 0.5, label: 1 },
  { reward: -1, label: 0 },
]);

describe('thresholds', { concurrency: 2 }, () => {
  const cases: readonly (readonly [args: readonly string[], code: number, said: string | RegExp])[] = [
    [['--fail-under', 'auc=0.75'], 0, ''],
    [['--fail-under', 'auc=0.7'], 0, ''],
    [['--fail-over', 'auc=0.75'], 0, ''],
    [
      ['--fail-under', 'auc=0.751'],
      4,
      /^reward-score: auc 0\.750, 95 % interval 0 to 1\.000, is under 0\.751 \(--fail-under auc=0\.751\)\n$/,
    ],
    [['--fail-over', 'auc=7.4e-1'], 4, /^reward-score: auc 0\.750, .*, is over 0\.74 \(--fail-over auc=0\.74\)\n$/],
    [['--fail-under', 'auc=0.7500001'], 4, /^reward-score: auc 0\.750, .* is under 0\.7500001 /],
    [
      ['--fail-under', 'auc=0.5', '--fail-on-interval'],
      4,
      /^reward-score: auc 0\.750, .*, may be under 0\.5 \(--fail-under auc=0\.5 --fail-on-interval\)\n$/,
    ],
    [['--fail-over', 'auc=0.9', '--fail-on-interval'], 4, /^reward-score: auc 0\.750, .*, may be over 0\.9 /],
    [['--fail-over', 'auc=1', '--fail-on-interval'], 0, ''],
    [['--fail-under', 'auc=0', '--fail-on-interval'], 0, ''],
    [
      ['--fail-under', 'top1=0'],
      4,
      'reward-score: top1 cannot be computed: expected groups of candidates, got none (--fail-under top1=0)\n',
    ],
    [
      ['--fail-over', 'pairwise=1'],
      4,
      /^reward-score: pairwise cannot be computed: expected pairs .* \(--fail-over pairwise=1\)\n$/,
    ],
    [
      ['--fail-under', 'auc=0.7', '--fail-under', 'ap=0.9', '--fail-over', 'mean=-1'],
      4,
      /^reward-score: ap .*\nreward-score: mean .*\n$/,
    ],
  ];
  for (const [args, code, said] of cases) {
    test(args.join(' '), async () => {
      const run = await evaluate(args, { stdin: four });
      if (typeof said === 'string') assert.equal(run.stderr, said);
      else assert.match(run.stderr, said);
      assert.equal(run.code, code);
      assert.equal(run.stdout.match(/^.* (met|missed)$/gm)?.length, args.filter((arg) => arg.includes('=')).length);
    });
  }

  test('a value that rounds to the bound is told in full', async () => {
    const { stderr } = await evaluate(['--fail-under', 'mean=0.667'], {
      stdin: jsonl([1, 1, 0].map((reward) => ({ reward }))),
    });
    assert.match(stderr, /^reward-score: mean 0\.6666666666666666, .* is under 0\.667 /);
  });

  test('JSON has them all, and nothing else is on standard output', async () => {
    const run = await evaluate(['--json', '--fail-under', 'auc=0.9', '--fail-over', 'top1=1'], {
      stdin: four,
      env: { GITHUB_ACTIONS: 'true' },
    });
    const result = resultIn(run.stdout);
    assert.deepEqual(Object.keys(result), [
      'metrics',
      'baselines',
      'slices',
      'thresholds',
      'rows',
      'failed',
      'groups',
      'clusters',
    ]);
    const { metrics, thresholds } = result;
    assert.deepEqual(thresholds, [
      { metric: 'auc', failUnder: 0.9, ...metrics.auc, missed: true },
      { metric: 'top1', failOver: 1, reason: 'expected groups of candidates, got none', missed: true },
    ]);
    assert.equal(numberOf(metrics.auc), 0.75);
  });
});

describe('exit codes', { concurrency: 2 }, () => {
  const bad = `${four}{"reward":null,"label":1}\n`;
  const cases: readonly (readonly [code: number, args: readonly string[], stdin: string])[] = [
    [0, [], four],
    [3, [], bad],
    [0, ['--exit-zero'], bad],
    [4, ['--fail-under', 'auc=1'], bad],
    [4, ['--fail-under', 'auc=1', '--exit-zero'], bad],
    [1, ['--on-error', 'fail'], bad],
    [1, ['--max-errors', '1', '--fail-under', 'auc=1'], bad],
    [3, ['--max-errors', '2', '--fail-under', 'auc=0.5'], bad],
    [0, ['--limit', '4'], bad],
  ];
  for (const [code, args, stdin] of cases) {
    test(`${code}: ${args.join(' ')}`, async () => {
      const run = await evaluate(args, { stdin });
      assert.equal(run.code, code, run.stderr);
      assert.equal(run.stdout === '', code === 1);
    });
  }

  test('an interrupted run shows no metrics', async () => {
    const path = join(directory, 'interrupted.xml');
    const child = start(['eval', '-j', '1', '--junit', path, '--fail-under', 'mean=0']);
    child.stdin?.write('{"text":"hello"}\n');
    let printed = '';
    child.stdout?.on('data', (chunk) => {
      printed += chunk;
    });
    // No model is named: that is said when the handlers of signals are in place.
    await once(child.stderr as NodeJS.ReadableStream, 'data');
    child.kill('SIGINT');
    assert.deepEqual(await once(child, 'close'), [null, 'SIGINT']);
    assert.equal(printed, '');
    assert.match(readFileSync(path, 'utf8'), /<error type="run" message="the run was interrupted"\/>/);
  });
});

test('--errors lists bad rows', async () => {
  const path = join(directory, 'errors.jsonl');
  await evaluate(['--errors', path], { stdin: `${four}not JSON\n{"reward":1,"label":"?"}\n` });
  assert.deepEqual(
    jsonLines(readFileSync(path, 'utf8')).map(({ line, code }) => [line, code]),
    [
      [5, 'BAD_JSON'],
      [6, 'BAD_ROW'],
    ],
  );
});

describe('a model is loaded when a row needs it', { concurrency: 2 }, () => {
  // By a variable: a flag is refused where rows have rewards.
  const model = { REWARD_SCORE_MODEL: missing };
  const scored: readonly (readonly [what: string, args: readonly string[], stdin: string])[] = [
    ['scored rows', [], four],
    ['scored rows without a text, in CSV', ['--from', 'csv'], 'Reward,Label\n1,yes\n2,no\n'],
    ['scored pairs in CSV', ['--from', 'csv'], 'reward_chosen,reward_rejected\n1,2\n2,1\n'],
    ['scored candidates in CSV', ['--from', 'csv'], 'reward,labels\n"[1,2]","[0,1]"\n"[2,1]","[1,0]"\n'],
    ['bad rows before scored ones', [], `nothing\n${four}`],
    ['no rows', [], ''],
    ['a header and no rows', ['--from', 'csv'], 'reward,label\n'],
  ];
  for (const [what, args, stdin] of scored) {
    test(`none for ${what}`, async () => {
      const run = await evaluate(args, { stdin, env: model });
      assert.equal(run.stderr, '');
      assert.notEqual(run.stdout, '');
      assert.equal(run.code, what.startsWith('bad') ? 3 : 0);
    });
  }

  for (const [what, stdin] of [
    ['the first row', '{"text":"a"}\n'],
    ['a later row', `${four}{"text":"a","label":1}\n`],
  ] as const) {
    test(`one for ${what}`, async () => {
      const run = await evaluate([], { stdin, env: model });
      assert.deepEqual([run.code, run.stdout], [2, '']);
      assert.match(run.stderr, /^reward-score: .*missing: expected a model directory, found nothing of that name\n$/);
    });
  }

  test('rows are mixed: those without a reward are scored', async () => {
    const scoredRow = { text: 'hello', reward: 0.5 };
    const env = { REWARD_SCORE_MODEL: join(root, 'fixtures/tiny-gpt2') };
    const { stdout } = await rewardScore(['-q'], { stdin: jsonl([{ text: 'hello' }]), env });
    const [{ reward = undefined } = {}] = jsonLines(stdout);
    const run = await evaluate(['--json'], { stdin: jsonl([scoredRow, scoredRow, { text: 'hello' }]), env });
    const mixed = JSON.parse(run.stdout) as EvaluationResult;
    assert.equal(mixed.rows, 3);
    assert.ok(Math.abs(numberOf(mixed.metrics.mean) - (1 + (reward as number)) / 3) < 1e-6);
  });
});

/** Tags open and close in order, and what stands in attributes is escaped: the attributes' values, as a parser gives them. */
function readXml(xml: string): { readonly name: string; readonly attributes: Readonly<Record<string, string>> }[] {
  const [declaration, ...rest] = xml.split('\n');
  assert.equal(declaration, '<?xml version="1.0" encoding="UTF-8"?>');
  const body = rest.join('\n');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what XML 1.0 forbids
  assert.doesNotMatch(xml, /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/);
  const tag = /<(\/?)([a-z]+)((?: [a-z]+="(?:[^<>&"\n]|&(?:amp|lt|gt|quot|#\d+);)*")*)(\/?)>/g;
  assert.equal(body.replaceAll(tag, '').trim(), '');
  const open: string[] = [];
  const found = [...body.matchAll(tag)].flatMap(([, closes, name = '', attributes = '', alone]) => {
    if (closes) {
      assert.equal(open.pop(), name);
      return [];
    }
    if (!alone) open.push(name);
    const values = [...attributes.matchAll(/ ([a-z]+)="([^"]*)"/g)].map(([, key, value = '']) => [
      key,
      unescaped(value),
    ]);
    return [{ name, attributes: Object.fromEntries(values) as Record<string, string> }];
  });
  assert.deepEqual(open, []);
  return found;
}

const unescaped = (text: string): string =>
  text
    .replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');

describe('JUnit', { concurrency: 2 }, () => {
  const junit = async (name: string, args: readonly string[], stdin: string) => {
    const path = join(directory, `${name}.xml`);
    await evaluate([...args, '--junit', path], { stdin });
    return readXml(readFileSync(path, 'utf8'));
  };

  test('a test case for the run, and one for each threshold', async () => {
    const [suites, suite, ...cases] = await junit(
      'missed',
      ['--fail-under', 'auc=0.9', '--fail-over', 'auc=0.8'],
      four,
    );
    assert.deepEqual(suites?.attributes, { name: 'reward-score eval', tests: '3', failures: '1', errors: '0' });
    assert.deepEqual(suite?.attributes, { ...suites?.attributes, skipped: '0' });
    assert.deepEqual(
      cases.map(({ name, attributes }) => [name, attributes.name ?? attributes.type]),
      [
        ['testcase', 'all rows are evaluated'],
        ['testcase', 'auc >= 0.9'],
        ['failure', 'threshold'],
        ['testcase', 'auc <= 0.8'],
      ],
    );
    assert.match(cases[2]?.attributes.message ?? '', /^auc 0\.750, 95 % interval 0 to 1\.000, is under 0\.9 /);
  });

  test('bad rows fail the run, unless they are forgiven', async () => {
    const bad = `${four}{}\n`;
    assert.deepEqual((await junit('bad', [], bad)).at(-1)?.attributes, {
      type: 'rows',
      message: '1 of 5 rows are bad',
    });
    assert.equal((await junit('forgiven', ['--exit-zero'], bad)).at(-1)?.name, 'testcase');
  });

  test('an error with anything in it', async () => {
    const hostile = '<b attr="x">&amp;\u0001\ud800]]>\uffff\n';
    const failing = jsonl([{ reward: 1 }, { reward: hostile }]);
    const found = await junit('hostile', ['--on-error', 'fail', '--fail-under', 'auc=1'], failing);
    const { name, attributes } = found.at(-1) ?? {};
    assert.deepEqual([name, attributes?.type, found[0]?.attributes.errors], ['error', 'run', '1']);
    assert.match(
      attributes?.message ?? '',
      /^standard input:2: BAD_ROW: expected reward to be a number, got "<b attr=/,
    );
    assert.match(attributes?.message ?? '', /&amp;/);
  });
});

describe('annotations on GitHub', { concurrency: 2 }, () => {
  const env = { GITHUB_ACTIONS: 'true' };
  const hostile = '::error::%0A 100 %\r\n,:';
  const path = file('a,b%:c.jsonl', `${four}${jsonl([{ reward: 1, label: hostile }])}`);
  const expected = [
    '::error title=eval auc::auc 0.750, 95 %25 interval 0 to 1.000, is under 0.8 (--fail-under auc=0.8)',
    `::warning file=${path.replaceAll(':', '%3A').replace('a,b%', 'a%2Cb%25')},line=5,title=bad row%3A BAD_ROW::` +
      'expected label to be a number, true, false, yes or no, got "::error::%250A 100 %25\\r\\n,:"; ' +
      '--positive takes any label',
  ];

  test('are on standard output, after the tables', async () => {
    const { stdout } = await evaluate(['--fail-under', 'auc=0.8', path], { env });
    assert.deepEqual(stdout.split('\n').slice(-3), [...expected, '']);
    assert.equal(stdout.match(/^::/gm)?.length, 2);
  });

  test('and beside JSON on standard error', async () => {
    const { stdout, stderr } = await evaluate(['--json', '--fail-under', 'auc=0.8', path], { env });
    assert.ok(JSON.parse(stdout));
    assert.deepEqual(stderr.split('\n').slice(0, 2), expected);
  });

  test('but nowhere else', async () => {
    for (const GITHUB_ACTIONS of ['', 'false']) {
      const { stdout, stderr } = await evaluate(['--fail-under', 'auc=0.8', path], { env: { GITHUB_ACTIONS } });
      assert.doesNotMatch(stdout + stderr, /^::/m);
    }
  });
});

describe('--baseline', { concurrency: 2 }, () => {
  const worse: readonly Record<string, unknown>[] = rows.map((row, i) => ({
    ...row,
    reward: (i % 3) - (row.reward as number),
  }));
  const other = file('other.jsonl', jsonl(worse));

  test('the difference is that of the two files, with an interval of its own', async () => {
    const args = ['--group', 'question'];
    const [with_, own, others] = await Promise.all([
      evaluateJson([...args, '--baseline', other], rows),
      evaluateJson(args, rows),
      evaluateJson(args, worse),
    ]);
    const { difference: _, comparison, ...rest } = with_;
    assert.deepEqual(rest, own);
    // The rows are in another order there, so that the ends of intervals are others.
    assert.equal(numberOf(comparison?.own.auc), numberOf(own.metrics.auc));
    assert.equal(numberOf(comparison?.baseline.auc), numberOf(others.metrics.auc));
    for (const name of [
      'auc',
      'ap',
      'accuracy',
      'brier',
      'log_loss',
      'ece',
      'top1',
      'lift',
      'spearman',
      'kendall',
      'mean',
      'std',
    ]) {
      const difference = numberOf(own.metrics[name]) - numberOf(others.metrics[name]);
      assert.ok(Math.abs(numberOf(with_.difference?.[name]) - difference) < 1e-12, name);
    }
    const same = await evaluateJson([...args, '--baseline', labelled], rows);
    assert.deepEqual(same.difference?.auc, { value: 0, low: 0, high: 0, n: rows.length });
    assert.match(reasonOf(same.difference?.pairwise), /^expected pairs/);
  });

  test('rows are matched by their order, or by a field', async () => {
    const shuffled = file('shuffled.jsonl', jsonl(worse.toReversed()));
    const csv = file('other.csv', `ID,reward\n${worse.map(({ id, reward }) => `${id},${reward}\n`).join('')}`);
    const expected = await evaluate(['--json', '--baseline', other, labelled]);
    for (const [path, same] of [
      [shuffled, true],
      [csv, true],
      [shuffled, false],
    ] as const) {
      const run = await evaluate(['--json', '--baseline', path, ...(same ? ['--id', 'id'] : []), labelled]);
      assert.equal(isDeepStrictEqual(resultIn(run.stdout), resultIn(expected.stdout)), same, run.stderr);
    }
  });

  test('pairs too', async () => {
    const pairs = [
      [1, 2],
      [2, 1],
      [3, 1],
    ].map(([reward_chosen, reward_rejected]) => ({ reward_chosen, reward_rejected }));
    const path = file('pairs.jsonl', jsonl(pairs.toReversed().map((pair) => ({ ...pair, reward_rejected: 2.5 }))));
    const { difference } = await evaluateJson(['--baseline', path], pairs);
    assert.ok(Math.abs(numberOf(difference?.pairwise) - 1 / 3) < 1e-12);
  });

  test('a row that is bad in one of the two is not compared', async () => {
    const path = file('holes.jsonl', jsonl(worse.map((row, i) => (i === 1 ? { ...row, reward: null } : row))));
    const run = await evaluate(['--baseline', path], { stdin: jsonl(rows.map((row, i) => (i === 0 ? {} : row))) });
    assert.match(
      run.stdout,
      new RegExp(`^2 rows of ${rows.length} are bad or not in the baseline: not compared$`, 'm'),
    );
    assert.match(run.stdout, new RegExp(`^auc .* ${rows.length - 1} `, 'm'));
    assert.match(run.stdout, /^against the baseline .*holes\.jsonl, row by row$/m);
  });

  const one = file('one.jsonl', '{"id":1,"reward":1}\n');
  const twice = file('twice.jsonl', '{"id":1,"reward":1}\n{"id":1,"reward":2}\n');
  const unscored = file('unscored.jsonl', '{"id":1,"text":"a"}\n');
  const strange = file('strange.jsonl', '{"id":"x","reward":1}\n');
  const stdin = '{"id":1,"reward":1}\n{"id":2,"reward":3}\n';
  const same = '{"id":1,"reward":[1,2]}\n';
  testWrongUses('what cannot be compared', directory, [
    {
      args: ['eval', '-q', '--baseline', one],
      stdin,
      stderr: `${one}: expected as many rows as the input has, got 1 row, and the input has more; match them by --id FIELD`,
    },
    {
      args: ['eval', '-q', '--baseline', twice],
      stdin: '{"id":1,"reward":1}\n',
      stderr: `${twice}: expected as many rows as the input has, 1, got 2; match them by --id FIELD`,
    },
    {
      args: ['eval', '-q', '--baseline', twice, '--id', 'id'],
      stdin,
      stderr: `${twice}:2: expected ids that differ (--id), got "1" again`,
    },
    {
      args: ['eval', '-q', '--baseline', unscored],
      stdin,
      stderr: `${unscored}: expected scored rows for --baseline, got some without reward; score it first, or --reward-field`,
    },
    {
      args: ['eval', '-q', '--baseline', strange, '--id', 'id'],
      stdin,
      stderr: `${strange}: expected rewards of the input's rows, found none with its ids`,
    },
    {
      args: ['eval', '-q', '--baseline', one],
      stdin: same,
      stderr: `${one}: expected 2 rewards for the input's row of line 1, got 1`,
    },
    { args: ['eval', '--baseline', missing], stderr: `${missing}: expected a file, found none of that name` },
  ]);
});

const names = 'auc, ap, accuracy, brier, log_loss, ece, pairwise, top1, lift, spearman, kendall, mean, std';
const invalid = (option: string, value: string, expected: string): string =>
  `option '${option}' argument '${value}' is invalid. ${expected}`;
const csv = file('columns.csv', 'reward,label,topic\n1,1,a\n');
const candidates = file(
  'mixed.jsonl',
  jsonl([
    { reward_chosen: 1, reward_rejected: 0 },
    { candidates: [{ text: 'a', label: 1 }], reward: [1] },
  ]),
);

testWrongUses('eval: wrong use', directory, [
  ...['output x', 'to jsonl', 'details', 'resume', 'overwrite', 'shard 1/2', 'stream', 'dry-run'].map((flag) => ({
    args: ['eval', ...`--${flag}`.split(' '), labelled],
    stderr: `expected eval without --${flag.split(' ')[0]}: it writes no rows`,
  })),
  ...['auk=1', '=1', 'AUC=1', 'auc =1'].map((value) => ({
    args: ['eval', '--fail-under', value],
    stderr: invalid('--fail-under <name=number>', value, `Expected one of ${names} before the =.`),
  })),
  ...['auc=', 'auc=x', 'auc=NaN', 'auc=1e999'].map((value) => ({
    args: ['eval', '--fail-over', value],
    stderr: invalid('--fail-over <name=number>', value, 'Expected a number after the =.'),
  })),
  {
    args: ['eval', '--fail-under', 'auc'],
    stderr: invalid(
      '--fail-under <name=number>',
      'auc',
      'Expected NAME=NUMBER, as auc=0.8, or for a slice auc[source=web]=0.8.',
    ),
  },
  {
    args: ['eval', '--bootstrap', '99'],
    stderr: invalid('--bootstrap <number>', '99', 'Expected a whole number from 100 to 1000000.'),
  },
  {
    args: ['eval', '--fail-on-interval', labelled],
    stderr: 'expected --fail-on-interval with --fail-under or --fail-over',
  },
  { args: ['eval', '--id', 'id', labelled], stderr: 'expected --id with --baseline FILE' },
  { args: ['eval', '--positive', ' '], stderr: invalid('--positive <label>', ' ', 'Expected a label.') },
  {
    args: ['eval', '--positive', '1'],
    stderr: 'expected a field label or labels for --positive, found neither; name another by --label-field',
  },
  ...['label-field', 'group', 'by'].map((flag) => ({
    args: ['eval', `--${flag}`, 'Nope', csv],
    stderr: `${csv}:1: expected a field "Nope" (--${flag}), got ["reward","label","topic"]`,
  })),
  ...['label-field', 'group', 'by', 'cluster', 'id'].map((flag) => ({
    args: ['eval', '--baseline', labelled, `--${flag}`, 'rewrd', labelled],
    stderr: new RegExp(
      `labelled\\.jsonl:1: expected a field "rewrd" \\(--${flag}\\), got \\["id",.*; did you mean reward\\?$`,
      'm',
    ),
  })),
  {
    args: ['eval', '--baseline', csv, '--id', 'id', labelled],
    stderr: `${csv}:1: expected a field "id" (--id), got ["reward","label","topic"]`,
  },
  {
    args: ['eval', '--label-field', 'candidates.lable', candidates],
    stderr: `${candidates}:2: expected a field "candidates.lable" (--label-field), got ["candidates","reward"]`,
  },
  {
    args: ['eval', '--junit', labelled, labelled],
    stderr: `${labelled}: expected --junit to be another file than the input`,
  },
  {
    args: ['eval', '--junit', join(directory, 'x'), '--summary', join(directory, 'x'), labelled],
    stderr: `${join(directory, 'x')}: expected --summary to be another file than --junit`,
  },
  { args: ['eval', '--nope'], stderr: "unknown option '--nope'; reward-score eval --help lists them" },
  { args: ['eval', '-', '-'], stderr: 'expected standard input (-) once at most' },
]);

test('what is refused leaves no file behind', () => {
  assert.equal(existsSync(join(directory, 'x')), false);
});
