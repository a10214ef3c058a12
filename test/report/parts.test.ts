import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mostDisagreeing, mostReversed } from '../../dist/evaluation/disagreements.js';
import { html, Markup } from '../../dist/report/html/html.js';
import { lengthCurve } from '../../dist/report/html/length-curve.js';
import { change, decimal, interval, plain } from '../../dist/report/html/numbers.js';
import { preview, visible } from '../../dist/report/html/visible.js';

test('a template escapes text and keeps markup', () => {
  const inner = html`<b title="${`"'<&>`}">${'<i>'}</b>`;
  assert.equal(inner.text, '<b title="&quot;&#39;&lt;&amp;&gt;">&lt;i&gt;</b>');
  assert.equal(html`${inner}${[1, new Markup('<br>'), undefined, false, '']}`.text, `${inner.text}1<br>`);
});

test('what cannot be seen is written as JSON escapes it', () => {
  assert.equal(visible('a\u0000b\u001b\u007f\u0085'), 'a\\u0000b\\u001b\\u007f\\u0085');
  assert.equal(visible('\u202eabc\u2069'), '\\u202eabc\\u2069');
  assert.equal(visible('\ud83d \ud83d\ude00'), '\\ud83d \ud83d\ude00');
  assert.equal(visible('tab\tline\n שלום \u200fنص'), 'tab\tline\n שלום \u200fنص');
});

test('a preview is one line, short, and of whole characters', () => {
  assert.equal(preview('two \r\n\n lines', 20), 'two ↵ lines');
  assert.equal(preview('😀'.repeat(30), 10), `${'😀'.repeat(10)}…`);
  assert.equal(preview('😀'.repeat(30), 10, 'end'), `…${'😀'.repeat(10)}`);
  assert.equal(preview('ten chars.', 10), 'ten chars.');
  assert.equal(preview('\n'.repeat(1000), 10), ' ↵ …');
  assert.equal(preview('', 10), '');
});

test('numbers have three decimals, or four digits', () => {
  assert.deepEqual([0.5, -0.12345, -0.0001, 12.3456, -12345.6].map(decimal), [
    '0.500',
    '\u22120.123',
    '0.000',
    '12.35',
    '\u221212,350',
  ]);
  assert.equal(change(0.02), '+0.020');
  assert.equal(change(-0.02), '\u22120.020');
  assert.equal(interval({ low: -1, high: 2 }), '[\u22121.000, 2.000]');
  assert.deepEqual([1, 0.85, -3].map(plain), ['1', '0.85', '\u22123']);
});

test('rows disagree by how far their places by reward and by label are apart', () => {
  // By reward 4, 3, 2, 1, 0 from the best down; the best has the least label, and row 4 the largest.
  const rewards = Float64Array.of(9, 7, 5, 3, 1);
  const found = mostDisagreeing(rewards, Float64Array.of(0, 1, 2, 3, 4), 2);
  assert.deepEqual([...found.overrated], [0, 1]);
  assert.deepEqual([...found.underrated], [4, 3]);
  const agreeing = mostDisagreeing(rewards, rewards, 2);
  assert.deepEqual([...agreeing.overrated, ...agreeing.underrated], []);
});

test('pairs are reversed by how much more the rejected response got', () => {
  assert.deepEqual([...mostReversed(Float64Array.of(1, 0, 2, 3), Float64Array.of(2, 5, 2, 1), 5)], [1, 0]);
});

test('the length curve has rows of one length in one bin, and a bounded sample', () => {
  const lengths = Float64Array.from({ length: 5000 }, (_, i) => (i < 2500 ? 10 : i));
  const curve = lengthCurve(lengths, lengths);
  assert.equal(curve.bins[0]?.rows, 2500);
  assert.equal(curve.bins[0]?.meanLength, 10);
  assert.equal(
    curve.bins.reduce((sum, { rows }) => sum + rows, 0),
    5000,
  );
  assert.ok(curve.bins.length <= 12);
  assert.equal(curve.sample.length, 300);
  assert.ok(Math.abs(curve.correlation - 1) < 1e-12);
  assert.ok(Number.isNaN(lengthCurve(Float64Array.of(1, 2), Float64Array.of(3, 3)).correlation));
});
