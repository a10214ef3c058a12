/** --logit all: of a model with several labels, a reward for each. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { loadRewardModel } from '../../dist/index.js';
import { copyExportedModel, reference } from '../support/exported-models.js';
import { jsonLines, type RunOptions, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';
import { testWrongUses } from '../support/wrong-use.js';

const directory = temporaryDirectory();
const out = (name: string): string => join(directory, name);

/** A classifier with these labels. */
function classifier(name: string, first: string, second: string): string {
  const file = copyExportedModel(join(directory, name), 'bert');
  const config = join(dirname(file), 'config.json');
  const edited = { ...(JSON.parse(readFileSync(config, 'utf8')) as object), id2label: { 0: first, 1: second } };
  writeFileSync(config, JSON.stringify(edited));
  return file;
}

const model = copyExportedModel(directory, 'bert');
const score = (args: readonly string[], options?: RunOptions) =>
  rewardScore(['-q', '-m', model, '-j', '1', ...args], options);
const all = (args: readonly string[], options?: RunOptions) => score(['--logit', 'all', ...args], options);

const lines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** The reward of each text as `--logit LABEL` spells it, by the label and the text. */
async function rewardsOf(texts: readonly string[], ...args: readonly string[]) {
  const of = async (label: string): Promise<string[]> => {
    const { stdout, code, stderr } = await score([...args, '--logit', label, '--to', 'scores'], {
      stdin: lines(texts.map((text) => ({ text }))),
    });
    assert.equal(code, 0, stderr);
    return stdout.trimEnd().split('\n');
  };
  const [bad, good] = [await of('bad'), await of('good')];
  return new Map(texts.map((text, i) => [text, { bad: bad[i] as string, good: good[i] as string }]));
}

const [first, second, third] = ['I walked by the sea.', 'They hurt.', 'How do your legs feel?'];
const texts = [first, second, third];
const known = await rewardsOf(texts);
const of = (text: string): { readonly bad: string; readonly good: string } => known.get(text) ?? { bad: '', good: '' };
const objectOf = (text: string): string => `{"bad":${of(text).bad},"good":${of(text).good}}`;

describe('JSON lines have an object of the labels, in their order', () => {
  test('texts, spelled as the rewards of one label', async () => {
    const { stdout, code, stderr } = await all([], { stdin: lines(texts.map((text) => ({ text }))) });
    assert.equal(code, 0, stderr);
    assert.equal(stdout, texts.map((text) => `{"text":${JSON.stringify(text)},"reward":${objectOf(text)}}\n`).join(''));
  });

  test('the numbers of a graph that another tool exported are those of onnxruntime', async () => {
    const { rewards = [] } = reference.models.bert ?? {};
    const args = ['--truncation-side', 'left', '--max-length', '64'];
    const { stdout, code, stderr } = await all(args, { stdin: lines(reference.texts.map((text) => ({ text }))) });
    assert.equal(code, 0, stderr);
    const rows = jsonLines(stdout).map(({ reward }) => reward as Record<string, number>);
    assert.equal(rows.length, reference.texts.length);
    for (const [i, { good = Number.NaN }] of rows.entries()) {
      assert.ok(Math.abs(good - (rewards[i] as number)) < 1e-5, `expected ${rewards[i]}, got ${good}`);
    }
  });

  test('candidates, pairs and bad rows', async () => {
    const rows = [
      { prompt: '', candidates: [first, '', second] },
      { chosen: first, rejected: third },
      { text: '' },
      { text: 1 },
    ];
    const { stdout, code } = await all(['--template', 'none'], { stdin: `${lines(rows)}no JSON\n` });
    assert.equal(code, 3);
    const [candidates, pair, empty, wrong, unparsed] = stdout.split('\n');
    assert.match(candidates as string, /"reward":\[/);
    assert.ok(candidates?.includes(`"reward":[${objectOf(first)},null,${objectOf(second)}],"reward_error":{`));
    assert.ok(pair?.endsWith(`,"reward_chosen":${objectOf(first)},"reward_rejected":${objectOf(third)}}`), pair);
    assert.match(empty as string, /^\{"text":"","reward":null,"reward_error":\{"code":"EMPTY_TEXT"/);
    assert.match(wrong as string, /^\{"text":1,"reward":null,"reward_error":\{"code":"BAD_ROW"/);
    assert.match(unparsed as string, /^\{"reward":null,"reward_error":\{"code":"BAD_JSON"/);
  });

  test('--to scores, --details, text and CSV as input', async () => {
    const stdin = lines([{ text: first }, { text: '' }, { prompt: '', candidates: [second] }]);
    const scores = await all(['--to', 'scores', '--template', 'none'], { stdin });
    assert.equal(scores.stdout, `${objectOf(first)}\nnull\n[${objectOf(second)}]\n`);
    const details = await all(['--details'], { stdin: lines([{ text: first }]) });
    const [row] = jsonLines(details.stdout);
    assert.deepEqual(Object.keys(row ?? {}), [
      'text',
      'reward',
      'reward_tokens',
      'reward_truncated',
      'reward_prompt_tokens',
    ]);
    const text = await all(['--from', 'text'], { stdin: `${second}\n` });
    assert.equal(text.stdout, `{"text":"${second}","reward":${objectOf(second)}}\n`);
    const csv = await all(['--from', 'csv', '--to', 'jsonl'], { stdin: `text\n${second}\n` });
    assert.equal(csv.stdout, text.stdout);
  });
});

describe('--activation', () => {
  test('sigmoid applies to each label, softmax goes over them', async () => {
    const stdin = lines([{ text: first }]);
    const [bad, good] = [Number(of(first).bad), Number(of(first).good)];
    const rewards = async (activation: string): Promise<Record<string, number>> =>
      jsonLines((await all(['--activation', activation], { stdin })).stdout)[0]?.reward as Record<string, number>;
    const near = (got: number | undefined, expected: number): void =>
      assert.ok(Math.abs((got as number) - expected) < 1e-6, `expected ${expected}, got ${got}`);
    const sigmoid = await rewards('sigmoid');
    near(sigmoid.bad, 1 / (1 + Math.exp(-bad)));
    near(sigmoid.good, 1 / (1 + Math.exp(-good)));
    const softmax = await rewards('softmax');
    near(softmax.bad, Math.exp(bad) / (Math.exp(bad) + Math.exp(good)));
    near((softmax.bad as number) + (softmax.good as number), 1);
  });
});

describe('CSV has a column for each label', () => {
  const csv = ['text,id', `${first},1`, ',2', `${second},3`, `${third}`].join('\n');

  test('after those of the input, and its cells are empty in a bad row', async () => {
    const { stdout, code } = await all(['--from', 'csv'], { stdin: `${csv}\n` });
    assert.equal(code, 3);
    assert.deepEqual(stdout.split('\n'), [
      'text,id,reward_bad,reward_good',
      `${first},1,${of(first).bad},${of(first).good}`,
      ',2,,',
      `${second},3,${of(second).bad},${of(second).good}`,
      `${third},,,`,
      '',
    ]);
    const tsv = await all(['--from', 'csv', '--to', 'tsv', '--reward-field', 'r'], { stdin: `text\n${first}\n` });
    assert.equal(tsv.stdout, `text\tr_bad\tr_good\n${first}\t${of(first).bad}\t${of(first).good}\n`);
  });

  test('candidates have an array in each, pairs a column for each of the two', async () => {
    const candidates = JSON.stringify([first, second]).replaceAll('"', '""');
    const several = await all(['--from', 'csv', '--template', 'none'], {
      stdin: `prompt,candidates\n,"${candidates}"\n`,
    });
    const [header, row] = several.stdout.split('\n');
    assert.equal(header, 'prompt,candidates,reward_bad,reward_good');
    assert.ok(row?.endsWith(`,"[${of(first).bad},${of(second).bad}]","[${of(first).good},${of(second).good}]"`), row);
    const pairs = await all(['--from', 'csv', '--template', 'none'], {
      stdin: `chosen,rejected\n${first},${second}\n`,
    });
    assert.deepEqual(pairs.stdout.split('\n'), [
      'chosen,rejected,reward_chosen_bad,reward_chosen_good,reward_rejected_bad,reward_rejected_good',
      `${first},${second},${of(first).bad},${of(first).good},${of(second).bad},${of(second).good}`,
      '',
    ]);
  });

  test('a column that is there is refused, whatever its case, and replaced with --rescore', async () => {
    const stdin = `text,Reward_Good\n${first},7\n`;
    const refused = await all(['--from', 'csv'], { stdin });
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /expected no field reward_good, which the reward is written to/);
    const { stdout } = await all(['--from', 'csv', '--rescore'], { stdin });
    assert.equal(stdout, `text,Reward_Good,reward_bad\n${first},${of(first).good},${of(first).bad}\n`);
  });
});

describe('Parquet has a column of doubles for each label', () => {
  const read = async (path: string): Promise<Record<string, unknown>[]> => {
    const { stdout, stderr } = await score([
      '--logit',
      'bad',
      '--exit-zero',
      '--reward-field',
      'again',
      '--text',
      'text',
      path,
    ]);
    assert.notEqual(stdout, '', stderr);
    return jsonLines(stdout);
  };
  const numbers = (text: string) => ({ reward_bad: Number(of(text).bad), reward_good: Number(of(text).good) });
  const taken = ({ reward_bad, reward_good }: Record<string, unknown>) => ({ reward_bad, reward_good });
  const nothing = { reward_bad: null, reward_good: null };
  const made = out('made.parquet');

  test('made of JSON lines, whose first row may be a bad one', async () => {
    const input = writeFile(directory, 'rows.jsonl', lines([{ text: '' }, { text: first }, { text: second }]));
    const { code, stderr } = await all([input, '-o', made]);
    assert.deepEqual([code, stderr], [3, '']);
    const rows = await read(made);
    assert.deepEqual(rows.map(taken), [nothing, numbers(first), numbers(second)]);
    assert.deepEqual(Object.keys(rows[0] ?? {}).slice(0, 4), ['text', 'reward_bad', 'reward_good', 'reward_error']);
  });

  test('and beside copied columns, where --rescore replaces those that are there', async () => {
    const refused = await all(['--text', 'text', made, '-o', out('again.parquet')]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /expected no field reward_bad/);
    const other = ['--activation', 'sigmoid', '--rescore', '--text', 'text'];
    assert.equal((await all([...other, made, '-o', out('again.parquet')])).code, 3);
    const rows = await read(out('again.parquet'));
    assert.deepEqual(taken(rows[0] ?? {}), nothing);
    const expected = 1 / (1 + Math.exp(-Number(of(first).bad)));
    assert.ok(Math.abs((rows[1]?.reward_bad as number) - expected) < 1e-6);
    const copied = join(root, 'test/oracle/parquet/basic-zstd-v2.parquet');
    assert.equal((await all(['--exit-zero', '--text', 'text', copied, '-o', out('copied.parquet')])).code, 0);
    const [row] = await read(out('copied.parquet'));
    assert.equal(typeof row?.reward_good, 'number');
    assert.ok(!Object.hasOwn(row ?? {}, 'reward'));
  });

  test('and as CSV', async () => {
    const { stdout, code } = await all(['--rescore', '--text', 'text', made, '--to', 'csv']);
    assert.equal(code, 3);
    const [header, , row] = stdout.split('\n');
    assert.equal(header, 'text,reward_bad,reward_good,reward_error');
    assert.equal(row, `${first},${of(first).bad},${of(first).good},`);
  });
});

test('a reward that is there is refused, and replaced with --rescore', async () => {
  const stdin = lines([{ text: first, reward: 7 }]);
  const refused = await all([], { stdin });
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /expected no field reward/);
  const { stdout } = await all(['--rescore'], { stdin });
  assert.equal(stdout, `{"text":"${first}","reward":${objectOf(first)}}\n`);
  const again = await score(['--logit', 'good', '--rescore'], { stdin: stdout });
  assert.equal(again.stdout, `{"text":"${first}","reward":${of(first).good}}\n`);
});

test('a label that is named all is named by its number', async () => {
  const named = classifier('named', 'some', 'all');
  const stdin = lines([{ text: first }]);
  const every = await rewardScore(['-q', '-m', named, '--logit', 'all'], { stdin });
  assert.equal(every.stdout, `{"text":"${first}","reward":{"some":${of(first).bad},"all":${of(first).good}}}\n`);
  const one = await rewardScore(['-q', '-m', named, '--logit', '1'], { stdin });
  assert.equal(one.stdout, `{"text":"${first}","reward":${of(first).good}}\n`);
});

describe('what is told of a run', () => {
  test('the summary counts texts, and has no statistics', async () => {
    const summary = out('summary.json');
    const stdin = lines([{ prompt: '', candidates: [first, second] }, { text: third }, { text: '' }]);
    const { stderr, stdout } = await rewardScore(
      ['-m', model, '-j', '1', '--logit', 'all', '--template', 'none', '--summary', summary],
      { stdin, terminal: { columns: 100 } },
    );
    assert.notEqual(stdout, '');
    assert.doesNotMatch(stderr, /rewards |[▁▂▃▄▅▆▇█]/);
    const told = JSON.parse(readFileSync(summary, 'utf8')) as Record<string, unknown>;
    assert.deepEqual([told.rows, told.rewardsWritten, told.failed], [3, 3, 1]);
    assert.equal((told.scoring as { logit: string }).logit, 'all');
    assert.ok(!Object.hasOwn(told, 'rewards'));
    const shown = await rewardScore(['summary', summary]);
    assert.match(shown.stdout, /^rows +3, 1 bad/m);
  });

  test('a run goes on only with the same --logit', async () => {
    const input = writeFile(directory, 'resumed.jsonl', lines([{ text: first }, { text: '' }, { text: second }]));
    const args = [input, '-o', out('resumed.out.jsonl')];
    assert.equal((await all([...args, '--max-errors', '1'])).code, 1);
    const other = await score(['--logit', 'good', ...args, '--resume']);
    assert.equal(other.code, 2);
    assert.match(other.stderr, /--logit/);
    assert.equal((await all([...args, '--resume'])).code, 3);
    assert.deepEqual(
      readFileSync(out('resumed.out.jsonl'), 'utf8')
        .split('\n')
        .map((line) => /"reward":(null|\{[^}]*\})/.exec(line)?.[1]),
      [objectOf(first), 'null', objectOf(second), undefined],
    );
  });

  test('explain shows each label', async () => {
    const stdin = lines([{ text: first }]);
    const { stdout } = await rewardScore(['explain', '-m', model, '--logit', 'all'], { stdin });
    assert.match(stdout, new RegExp(`^reward +bad ${of(first).bad}, good ${of(first).good}$`, 'm'));
    assert.match(stdout, /^logit +all +--logit$/m);
    const json = await rewardScore(['explain', '-m', model, '--logit', 'all', '--json', '--report', out('page.html')], {
      stdin,
    });
    assert.ok(json.stdout.includes(`"reward":${objectOf(first)}`), json.stdout);
    assert.match(readFileSync(out('page.html'), 'utf8'), /bad [−-]?\d[\d.]*, good [−-]?\d/);
    const scored = (await all([], { stdin })).stdout;
    const carried = await rewardScore(['explain', '-m', model, '--logit', 'all'], { stdin: scored });
    assert.doesNotMatch(carried.stdout, /^carried/m);
  });
});

const labels = '0 (bad), 1 (good)';
const oneNumber = (what: string): string =>
  `expected --logit to be one label with ${what}, for which a reward is one number, got all; the model has ${labels}`;
const candidates = { stdin: lines([{ prompt: 'a', candidates: ['b', 'c'] }]) };
const scored = { stdin: lines([{ text: 'a', label: 1 }]) };
const against = writeFile(directory, 'against.jsonl', lines([{ text: 'a', reward: 1 }]));
const rows = writeFile(directory, 'texts.jsonl', lines([{ text: first }]));
const chosen = ['-m', model, '--logit', 'all'];
const tiny = join(root, 'fixtures/tiny-gpt2');

testWrongUses('where all is no label', directory, [
  {
    args: ['-m', model],
    stderr: `expected --logit to say which label is the reward, or all for a reward of each; the model has ${labels}`,
  },
  { args: ['-m', model, '--logit', '2'], stderr: `expected --logit to be one of ${labels}, or all, got 2` },
  { args: ['-m', tiny, '--logit', 'all'], stderr: 'expected --logit to be one of 0 (LABEL_0), got all' },
  { args: [...chosen, '--min-reward', '1'], stderr: oneNumber('--min-reward') },
  { args: [...chosen, '--top-percent', '5', rows, '-o', out('top.jsonl')], stderr: oneNumber('--top-percent') },
  { args: [...chosen, '--use-rewards'], stderr: oneNumber('--use-rewards') },
  { args: [...chosen, '--report', out('report.html'), rows, '-o', out('report.jsonl')], stderr: oneNumber('--report') },
  { args: ['best', ...chosen], ...candidates, stderr: oneNumber('best') },
  { args: ['eval', ...chosen], ...scored, stderr: oneNumber('eval') },
  { args: ['serve', ...chosen, '--port', '0'], stderr: oneNumber('serve') },
  { args: ['explain', ...chosen, '--trace'], stderr: oneNumber('--trace') },
  { args: ['model', 'check', model, '--logit', 'all', '--against', against], stderr: oneNumber('model check') },
  {
    args: ['-m', classifier('twins', 'same', 'same'), '--logit', 'all'],
    stderr:
      'expected labels of different names with --logit all, got several of the name same: ' +
      '0 (same), 1 (same); name one by its number',
  },
  {
    args: ['-m', classifier('cases', 'Good', 'good'), '--logit', 'all', '--from', 'csv'],
    stdin: 'text\na\n',
    stderr:
      'expected labels that give each column a name of its own (--logit all), got two columns "reward_good"; ' +
      'write JSON lines with --to jsonl',
  },
  {
    args: ['-m', classifier('error', 'good', 'error'), '--logit', 'all', rows, '-o', out('error.parquet')],
    stderr: /got two columns "reward_error"/,
  },
]);

test('the library gives one number for each text', async () => {
  await assert.rejects(loadRewardModel(model, { logit: 'all' }), {
    kind: 'usage',
    message:
      'expected logit to be one label with the library, for which a reward is one number, got all; ' +
      `the model has ${labels}`,
  });
});
