/** `eval --report`: the page that a run writes. What is on it, and how it looks in a browser, is tested in test/report. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { change, count, decimal, plain } from '../../dist/report/html/numbers.js';
import { jsonLines, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';

const directory = temporaryDirectory();
const labelled = join(root, 'fixtures/labelled.jsonl');
const rows = jsonLines(readFileSync(labelled, 'utf8'));
const lines = (all: readonly object[]): string => all.map((row) => `${JSON.stringify(row)}\n`).join('');

async function report(input: string, ...flags: string[]): Promise<{ html: string; stdout: string }> {
  const path = join(directory, 'report.html');
  const { code, stdout, stderr } = await rewardScore(['eval', '-q', '--report', path, ...flags, '-'], { stdin: input });
  assert.equal(code, 0, stderr);
  return { html: readFileSync(path, 'utf8'), stdout };
}

test('has the metrics that are printed, the thresholds, and the rows that are farthest from their labels', async () => {
  const { html, stdout } = await report(lines(rows), '--group', 'question', '--fail-under', 'auc=0.1');
  const auc = /^auc +([\d.]+)/m.exec(stdout)?.[1] as string;
  assert.ok(html.includes(auc), `${auc} is not there`);
  for (const heading of ['Thresholds', 'Metrics', 'Where model and label disagree most']) {
    assert.ok(html.includes(heading), `${heading} is not there`);
  }
  assert.match(html, /standard input:\d+|-:\d+/);
});

test('shows slices, pairs, and the difference to another scorer', async () => {
  const pairs = [1, 2, 3, 4].map((i) => ({
    topic: i % 2 === 0 ? 'sea' : 'land',
    chosen: `good ${i}`,
    rejected: `bad ${i}`,
    reward_chosen: i - 2,
    reward_rejected: 1 / i,
  }));
  const baseline = writeFile(directory, 'baseline.jsonl', lines(pairs.map((pair) => ({ ...pair, reward_chosen: 9 }))));
  const { html } = await report(lines(pairs), '--by', 'topic', '--baseline', baseline);
  for (const text of ['sea', 'land', 'good 1', 'bad 1', 'baseline.jsonl']) assert.ok(html.includes(text), text);
});

test('takes the text of a row as text', async () => {
  const hostile = '</script><script>alert(1)</script><img src=x onerror=alert(1)>';
  const { html } = await report(lines([...rows, { ...rows[0], response: hostile, reward: 99, label: 0 }]));
  assert.ok(html.includes('&lt;script&gt;alert(1)'), 'the row is not shown');
  assert.doesNotMatch(html, /<script|<img/i);
});

test('that cannot be written ends the run, and says why', async () => {
  const path = join(directory, 'no folder', 'report.html');
  const { code, stderr } = await rewardScore(['eval', '-q', '--report', path, labelled]);
  assert.notEqual(code, 0);
  assert.match(stderr, /report\.html/);
});

/** Numbers that the page's own sentences have, whatever was evaluated. */
const ofSentences = new Set(['0.5', '15', '95', '100', '70', '80', '256']);

/** Every way in which the page may write a number of the JSON, and every number within its texts. */
function writtenNumbers(value: unknown, into: Set<string> = new Set()): Set<string> {
  if (typeof value === 'number')
    for (const as of [decimal, count, plain, change, String]) into.add(unsigned(as(value)));
  if (typeof value === 'string') for (const number of numbersIn(value)) into.add(number);
  if (typeof value !== 'object' || value === null) return into;
  if (Array.isArray(value)) into.add(count(value.length));
  for (const [name, each] of Object.entries(value)) {
    for (const number of numbersIn(name)) into.add(number);
    writtenNumbers(each, into);
  }
  return into;
}

const unsigned = (text: string): string => text.replace(/^[+\u2212-]/, '');
const numbersIn = (text: string): string[] =>
  text.match(/\d[\d,]*(\.\d+)?/g)?.map((each) => each.replace(/,$/, '')) ?? [];

test('has no number that --json has not', async () => {
  const baseline = writeFile(directory, 'old.jsonl', lines(rows.map((row, i) => ({ ...row, reward: (i % 5) - 2 }))));
  const pairs = [1, 2, 3].map((i) => ({
    id: 90 + i,
    topic: 'pets',
    question: `p${i}`,
    chosen: 'a',
    rejected: 'b',
    reward_chosen: i / 7,
    reward_rejected: 1 - i / 3,
  }));
  const input = writeFile(directory, 'new.jsonl', lines([...rows, ...pairs]));
  const old = writeFile(
    directory,
    'old.jsonl',
    `${readFileSync(baseline, 'utf8')}${lines(pairs.map((pair) => ({ ...pair, reward_chosen: 0.1234 })))}`,
  );
  const path = join(directory, 'numbers.html');
  const run = await rewardScore([
    ...['eval', '-q', input, '--json', '--report', path, '--group', 'question', '--by', 'topic', '--baseline', old],
    ...['--fail-under', 'auc[topic=pets]=0.1', '--fail-over', 'ece=0.9', '--fail-on-regression', 'lift'],
  ]);
  assert.equal(run.code, 0, run.stderr);
  const known = writtenNumbers(JSON.parse(run.stdout));
  const { choices } = JSON.parse(run.stdout);
  const [random, chosen, oracle] = ['random', 'chosen', 'oracle'].map((name) => choices[name].value) as [
    number,
    number,
    number,
  ];
  known.add(String(Math.round((100 * (chosen - random)) / (oracle - random))));
  // Axes are drawn from the plots' data; the page's own style is no content.
  const shown = readFileSync(path, 'utf8')
    .replaceAll(/<(style|svg)\b.*?<\/\1>/gs, '')
    .replaceAll(/<[^>]*>|&#39;/g, ' ');
  const numbers = numbersIn(shown);
  assert.ok(numbers.length > 300, `${numbers.length} numbers`);
  assert.deepEqual([...new Set(numbers.filter((number) => !known.has(number) && !ofSentences.has(number)))], []);
});

test('shows the conversation of a row, what was cut, and which model scored the file', async () => {
  const scored = join(directory, 'scored.jsonl');
  const hostile = `</script><script>alert(1)</script> \u202egnp \u001b[31m ${'W'.repeat(3000)}`;
  const chats = [0, 1, 2, 3].map((i) => ({
    id: `row-${i}`,
    messages: [
      { role: 'user', content: i === 0 ? hostile : `What is ${i}?` },
      { role: 'assistant', content: `It is ${i}, and ${'so on '.repeat(i * 10)}` },
    ],
    label: i % 2,
  }));
  const source = writeFile(directory, 'chats.jsonl', lines(chats));
  const made = await rewardScore(['-q', source, '--details', '--max-length', '24', '-o', scored]);
  assert.equal(made.code, 0, made.stderr);
  const path = join(directory, 'chats.html');
  const run = await rewardScore(['eval', '-q', scored, '--json', '--report', path]);
  const { provenance, page } = JSON.parse(run.stdout);
  const { name, sha256 } = JSON.parse(readFileSync(`${scored}.run.json`, 'utf8')).model;
  assert.deepEqual(provenance.inputs[0].scoredBy, {
    model: { name, revision: null, sha256 },
    source: `${scored}.run.json`,
  });
  const html = readFileSync(path, 'utf8');
  const listed = [...page.disagreements.overrated, ...page.disagreements.underrated];
  const cut = listed.find((row: { cut: number }) => row.cut > 0);
  assert.ok(cut !== undefined && html.includes(`${cut.cut} more cut off`), 'no row says what was cut');
  for (const text of ['<details>', 'What is 1?', 'id <bdi>row-', `<h1>${name}</h1>`, sha256, 'explain ']) {
    assert.ok(html.includes(text), `${text} is not there`);
  }
  assert.doesNotMatch(html, /<script|(?!\n)[\p{Cc}\u202a-\u202e]/iu);
  // Another file with those bytes is nobody's.
  const copy = writeFile(directory, 'copy.jsonl', readFileSync(scored, 'utf8'));
  const unknown = await rewardScore(['eval', '-q', copy, '--json', '--report', path]);
  assert.equal(JSON.parse(unknown.stdout).provenance.inputs[0].scoredBy, null);
  assert.match(readFileSync(path, 'utf8'), /<h1>unknown model<\/h1>/);
});
