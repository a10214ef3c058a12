/** The pages of `score --report` and `compare --report`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { count, decimal } from '../../dist/report/html/numbers.js';
import { jsonLines, rewardScore, temporaryDirectory, writeFile } from '../support/run.js';
import { testWrongUses } from '../support/wrong-use.js';

const directory = temporaryDirectory();
const at = (name: string): string => join(directory, name);
const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

const hostile = `</script><script>alert(1)</script> \u202egnp \u001b[31m ${'W'.repeat(3000)}`;
const chats = Array.from({ length: 12 }, (_, i) => ({
  id: i === 0 ? hostile : `row-${i}`,
  messages: [
    { role: 'user', content: i === 0 ? hostile : `What is ${i}?` },
    { role: 'assistant', content: i === 0 ? hostile : `It is ${i}, and ${'so on '.repeat(i)}` },
  ],
}));
const input = writeFile(directory, 'chats.jsonl', lines([...chats, { nothing: true }]));

function assertHarmless(html: string): void {
  assert.ok(html.includes('&lt;script&gt;alert(1)'), 'the hostile row is not shown');
  assert.doesNotMatch(html, /<script|<img|(?!\n)[\p{Cc}\u202a-\u202e]/iu);
}

test('the page of a run has its quantiles, what was cut, and the rows at either end; a resumed run has one too', async () => {
  const flags = ['-q', input, '--details', '--max-length', '24', '-o', at('scored.jsonl')];
  const summary = at('summary.json');
  const run = await rewardScore([...flags, '--report', at('run.html'), '--summary', summary]);
  assert.equal(run.code, 3, run.stderr);
  const html = readFileSync(at('run.html'), 'utf8');
  assertHarmless(html);
  const { rewards, rewardsWritten, model } = JSON.parse(readFileSync(summary, 'utf8'));
  for (const value of [rewards.mean, rewards.std, ...Object.values<number>(rewards.quantiles)]) {
    assert.ok(html.includes(decimal(value)), `${value} is not there`);
  }
  const rows = jsonLines(readFileSync(at('scored.jsonl'), 'utf8')).slice(0, -1);
  const cut = rows.filter((row) => (row.reward_truncated as number) > 0);
  assert.ok(cut.length > 0 && cut.length < rows.length);
  const mean = cut.reduce((sum, { reward }) => sum + (reward as number), 0) / cut.length;
  assert.match(
    html,
    new RegExp(`<th scope="row">cut</th><td class="number">${cut.length}</td><td class="number">${decimal(mean)}`),
  );
  const [highest] = rows.toSorted((a, b) => (b.reward as number) - (a.reward as number)) as [Record<string, unknown>];
  const first = html.slice(html.indexOf('The highest rewards'));
  assert.ok(first.includes(decimal(highest.reward as number)));
  assert.ok(first.includes(`${count(highest.reward_tokens as number)} tokens`));
  for (const text of [model.sha256, '1 failed', `${rewardsWritten} rewards`, '<details>', 'maxLength'])
    assert.ok(html.includes(text), text);

  // Nothing is left to do, and the page is of all rows all the same.
  const again = await rewardScore([...flags, '--resume', '--report', at('again.html')]);
  assert.equal(again.code, 3, again.stderr);
  const withoutCommand = (page: string): string =>
    page.replaceAll(/<header>.*?<\/dl>|<section id="provenance">.*$/gs, '');
  assert.equal(withoutCommand(readFileSync(at('again.html'), 'utf8')), withoutCommand(html));
});

test('a page of CSV, of candidates, and of an empty run', async () => {
  const csv = writeFile(directory, 'chats.csv', 'Prompt;Response\nhi;there\nyou;"a; b"\n');
  const candidates = writeFile(directory, 'candidates.jsonl', lines([{ prompt: 'a', candidates: ['b', 'c'] }]));
  const empty = writeFile(directory, 'empty.jsonl', '');
  const cases: readonly (readonly [args: readonly string[], shown: string])[] = [
    [[csv, '--delimiter', ';', '-o', at('out.csv')], 'a; b'],
    [[csv, '--delimiter', ';', '--to', 'tsv', '-o', at('out.tsv')], 'a; b'],
    [[candidates, '-o', at('out.jsonl')], ':1 [1]'],
    [[empty, '-o', at('none.jsonl')], 'no rewards'],
  ];
  for (const [args, shown] of cases) {
    const run = await rewardScore(['-q', ...args, '--report', at('page.html')]);
    assert.equal(run.code, 0, run.stderr);
    const html = readFileSync(at('page.html'), 'utf8');
    assert.ok(html.includes(shown), `${shown} is not there`);
    assert.doesNotMatch(html, /NaN|undefined|Infinity/);
  }
});

test('the page of a comparison has the figures of --json, and the rows with their conversations', async () => {
  const [a, b] = ['a.jsonl', 'b.jsonl'].map((name, model) =>
    writeFile(directory, name, lines(chats.map((row, i) => ({ ...row, reward: model === 0 ? i : (i * 5 + 1) % 12 })))),
  ) as [string, string];
  const args = ['compare', a, b, '--id', 'id', '--bootstrap', '100', '--disagreements', '12'];
  const run = await rewardScore([...args, '--json', '--report', at('compared.html')]);
  assert.equal(run.code, 0, run.stderr);
  const html = readFileSync(at('compared.html'), 'utf8');
  const { metrics, higher } = JSON.parse(run.stdout);
  for (const name of ['spearman', 'kendall', 'shift', 'spread', 'mean_b']) {
    const { value, low, high } = metrics[name];
    assert.ok(
      html.includes(`<b>${decimal(value)}</b></td><td class="number">[${decimal(low)}, ${decimal(high)}]`),
      name,
    );
  }
  assert.ok(html.includes(`<bdi>${higher[0].id}</bdi>`) && html.includes('What is 1?'));
  assert.match(html, /<code>winner_changed<\/code>: expected groups/);
  assertHarmless(html);
});

testWrongUses('pages that cannot be made', directory, [
  { args: [input, '--report', at('p.html')], stderr: /^expected --report with -o FILE, a regular file/ },
  {
    args: [input, '--report', at('p.html'), '--to', 'scores', '-o', at('x.txt')],
    stderr: /^expected --report with -o FILE/,
  },
  { args: [input, '--report', at('p.html'), '-o', at('p.html')], stderr: /p\.html/ },
  {
    args: [input, '--report', input, '-o', at('x.jsonl')],
    stderr: /expected --report to be another file than the input/,
  },
  {
    args: [input, '--report', at('p.html'), '--shard', '1/2', '-o', at('x.jsonl')],
    stderr: /^expected --report without --shard/,
  },
]);
