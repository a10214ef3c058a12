/** What is printed never steers a terminal: see also the reports of hostile names in report.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluate } from '../../dist/evaluation/evaluation.js';
import { annotations } from '../../dist/report/annotations.js';
import { notesOn } from '../../dist/report/notes.js';
import { evaluationInWords } from '../../dist/report/text.js';

/** A control sequence in its two forms, a bell, the mark that turns text around, and one that hides. */
const hostile = 'a\u001b[31mb\u009b31mc\u0007d\u202ee\u2066f\u200bg\u0085h';
const steering = /(?!\n)[\p{Control}\p{Format}]/u;

const columns = { rewards: Float64Array.of(1, 2, 3, 4), lengths: undefined };
const none = new Float64Array();
const collected = {
  rows: {
    columns: { ...columns, baselineRewards: Float64Array.of(1, 2, 0, 4) },
    slices: [1, 2, 1, 2].map(() => hostile),
  },
  pairs: { columns: { chosen: none, rejected: none }, slices: [] },
  texts: [],
  pairTexts: [],
  files: [],
  withoutLength: 4,
  withoutSlice: 4,
};

test('names of slices, fields and files, and notes', () => {
  const evaluation = evaluate(collected, { meaning: 'logit', resamples: 100 });
  const fields = { label: undefined, positive: [hostile], by: hostile, texts: false };
  const notes = [...notesOn({ collected, evaluation, fields, rows: 4, unmatched: 1 }), hostile];
  const text = evaluationInWords({
    evaluation,
    verdicts: [],
    rows: 4,
    failed: 0,
    resamples: 100,
    by: hostile,
    baseline: hostile,
    notes,
  });
  assert.doesNotMatch(text, steering);
  assert.match(text, /^against the baseline a\ufffd\[31mb\ufffd31mc/m);
});

test('annotations of bad rows', () => {
  const text = annotations([], [{ file: `${hostile}.jsonl`, line: 1, code: 'BAD_ROW', message: `${hostile}\r\n%` }]);
  assert.doesNotMatch(text, steering);
  assert.match(text, /h%0D%0A%25\n$/);
});
