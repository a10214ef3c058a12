/** The records of flags: complete, without contradictions, and each with the right answer to what depends on it. */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { describe, test } from 'node:test';
import { commands } from '../../dist/cli/command-table.js';
import { comparedByContent, decidingFlags } from '../../dist/cli/flags/deciding.js';
import { type CommandName, fieldOf, variableOf } from '../../dist/cli/flags/flag.js';
import { type BestFlags, flagsOf, refusedBy, type ScoreFlags } from '../../dist/cli/flags/flags.js';
import { processContext } from '../../dist/cli/process.js';
import { createProgram } from '../../dist/cli/program.js';

const names = commands.flatMap(({ name }): CommandName[] => (name === 'completion' ? [] : [name]));

describe('records of flags', () => {
  for (const command of names) {
    test(`${command}: no name, short name or field is there twice`, () => {
      const all = [...flagsOf(command), ...refusedBy(command)];
      for (const identities of [
        all.map(({ name }) => name),
        all.flatMap(({ short }) => (short === undefined ? [] : [short])),
        all.map(fieldOf),
      ]) {
        assert.deepEqual(identities, [...new Set(identities)]);
      }
    });

    test(`${command}: only flags with a value have choices, parsers and defaults, and these fit together`, () => {
      for (const { name, value, choices, parse, default: start } of flagsOf(command)) {
        if (value === undefined)
          assert.deepEqual([name, choices, parse, start], [name, undefined, undefined, undefined]);
        if (choices !== undefined && start !== undefined) assert.ok(choices.includes(String(start)), name);
        assert.ok(choices === undefined || parse === undefined, `${name}: choices or a parser`);
      }
    });
  }

  test('a flag excludes flags that there are', () => {
    const all = new Set(names.flatMap((command) => flagsOf(command).map(({ name }) => name)));
    const excluded = names.flatMap((command) => flagsOf(command).flatMap(({ excludes = [] }) => excludes));
    assert.ok(excluded.length > 0);
    for (const name of excluded) assert.ok(all.has(name), name);
  });

  test('every switch of every command has its opposite, which help does not show', () => {
    const { command: program } = createProgram([], processContext());
    for (const name of names) {
      const command = name
        .split(' ')
        .reduce((at, word) => at.commands.find((inner) => inner.name() === word) as typeof at, program);
      const switches = flagsOf(name).filter(({ value }) => value === undefined);
      for (const { name: flag } of switches) {
        const opposite = flag.startsWith('no-') ? flag.slice(3) : `no-${flag}`;
        assert.ok(
          command.options.some(({ long, hidden }) => long === `--${opposite}` && hidden),
          `${name} --${opposite}`,
        );
      }
    }
  });

  test('fields and variables follow from names', () => {
    assert.deepEqual([fieldOf({ name: 'max-row-bytes' }), fieldOf({ name: 'no-cache' })], ['maxRowBytes', 'cache']);
    assert.equal(variableOf({ name: 'no-cache' }), 'REWARD_SCORE_NO_CACHE');
  });
});

/** What depends on each flag of score and best. A new flag fails this test until somebody has thought about it. */
const decisions = {
  reward: [
    ...[
      'model',
      'tokenizer',
      'template',
      'template-date',
      'max-length',
      'truncation-side',
      'user-name',
      'reserve',
      'system',
      'activation',
      'bot-name',
      'last-speaker',
      'head',
      'logit',
    ],
    'precision',
  ],
  output: [
    ...[
      'output',
      'from',
      'to',
      'delimiter',
      'quote',
      'keep',
      'max-row-bytes',
      'reward-field',
      'on-error',
      'errors',
      'shard',
      'stream',
    ],
    ...['text', 'prompt', 'response', 'messages', 'candidates', 'chosen', 'rejected', 'rescore', 'use-rewards'],
  ],
  run: [
    ...['limit', 'max-errors', 'exit-zero', 'resume', 'overwrite', 'dry-run', 'summary', 'strict', 'workers'],
    'output-dir',
    ...['worker-timeout', 'no-cache', 'offline', 'quiet', 'no-progress', 'debug', 'subset', 'split'],
  ],
} as const;

const ofBest = ['group', 'gather', 'response-field', 'top', 'rank', 'pairs', 'min-gap'];

describe('what flags decide', () => {
  for (const [command, own, ownOfRun] of [
    ['score', ['details', 'min-reward', 'top-percent'], ['report']],
    ['best', ofBest, []],
  ] as const) {
    test(command, () => {
      for (const decides of ['reward', 'output', 'run'] as const) {
        const found = flagsOf(command).filter((flag) => flag.decides === decides);
        const ofCommand = decides === 'output' ? own : decides === 'run' ? ownOfRun : [];
        const expected = [...decisions[decides], ...ofCommand];
        assert.deepEqual(found.map(({ name }) => name).sort(), expected.sort(), decides);
      }
    });
  }

  test('a flag has one answer in all commands that share its record', () => {
    // merge and model prepare say other things by --strict, --overwrite and --output, and decide as little by them.
    const answers = new Map<string, string>();
    for (const flag of ['score', 'best', 'eval', 'explain', 'serve', 'model check'].flatMap((name) =>
      flagsOf(name as CommandName),
    )) {
      assert.equal(answers.get(flag.name) ?? flag.decides, flag.decides, flag.name);
      answers.set(flag.name, flag.decides);
    }
  });
});

/** score as it is without flags. */
const scoreValues: ScoreFlags = {
  output: '-',
  quote: 'rfc4180',
  maxRowBytes: 1000,
  details: false,
  rewardField: 'reward',
  rescore: false,
  useRewards: false,
  truncationSide: 'left',
  reserve: 0,
  activation: 'none',
  precision: 'fp32',
  onError: 'null',
  exitZero: false,
  resume: false,
  overwrite: false,
  stream: false,
  dryRun: false,
  strict: false,
  workers: 0,
  cache: true,
  offline: false,
  quiet: false,
  progress: true,
  debug: false,
};

const noFields = Object.fromEntries(
  ['text', 'prompt', 'response', 'messages', 'candidates', 'chosen', 'rejected'].map((name) => [`--${name}`, null]),
);

describe('deciding flags', () => {
  test('of score without flags', () => {
    assert.deepEqual(decidingFlags('score', scoreValues, 'reward'), {
      '--template': null,
      '--template-date': null,
      '--max-length': null,
      '--truncation-side': 'left',
      '--user-name': null,
      '--reserve': 0,
      '--system': null,
      '--activation': 'none',
      '--bot-name': null,
      '--last-speaker': null,
      '--head': null,
      '--logit': null,
      '--precision': 'fp32',
    });
    assert.deepEqual(decidingFlags('score', scoreValues, 'output'), {
      '--output': null,
      '--from': null,
      '--to': null,
      '--delimiter': null,
      '--quote': 'rfc4180',
      '--max-row-bytes': 1000,
      '--keep': null,
      '--min-reward': null,
      '--top-percent': null,
      '--details': false,
      ...noFields,
      '--reward-field': 'reward',
      '--rescore': false,
      '--use-rewards': false,
      '--on-error': 'null',
      '--errors': null,
      '--shard': null,
      '--stream': false,
    });
  });

  test('values that are no plain ones are compared by what of them decides', () => {
    const values = { ...scoreValues, output: 'a.JSONL.GZ', errors: 'bad.jsonl', shard: { index: 1, of: 2 } };
    const { '--output': output, '--errors': errors, '--shard': shard } = decidingFlags('score', values, 'output');
    assert.deepEqual([output, errors, shard], ['gzip', resolve('bad.jsonl'), '1/2']);
  });

  test('of best, with its own', () => {
    const { details: _, ...shared } = scoreValues;
    const values: BestFlags = {
      ...shared,
      to: 'csv',
      gather: true,
      responseField: 'r',
      rank: false,
      pairs: true,
      minGap: 0.5,
    };
    const deciding = decidingFlags('best', values, 'output');
    assert.ok(!('--details' in deciding));
    assert.deepEqual(Object.fromEntries(ofBest.map((name) => [name, deciding[`--${name}`]])), {
      group: null,
      gather: true,
      'response-field': 'r',
      top: null,
      rank: false,
      pairs: true,
      'min-gap': 0.5,
    });
  });

  test('flags that name a model or a file of rows are left to whoever reads it', () => {
    assert.deepEqual(comparedByContent('score'), ['--model', '--tokenizer']);
    assert.deepEqual(comparedByContent('best'), ['--model', '--tokenizer']);
    assert.deepEqual(comparedByContent('eval'), ['--baseline', '--model', '--tokenizer']);
  });
});
