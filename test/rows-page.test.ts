/** docs/rows.md: each of its rows becomes the text that it shows, and its lists are those of the program. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { namesOfRoles } from '../dist/rows/kinds/speakers.js';
import { hintCodes, noticeCodes } from '../dist/rows/notices.js';
import { rewardScore, root } from './support/run.js';

const page = readFileSync(join(root, 'docs/rows.md'), 'utf8');
const examples = [...page.matchAll(/<!-- row: (\S+) -->\n```json\n(.*)\n```\n```text\n([\s\S]*?)\n```/g)];

describe('each example', { concurrency: 2 }, () => {
  test('is found', () => assert.equal(examples.length, page.split('<!-- row:').length - 1));

  for (const [, template = '', row = '', text = ''] of examples) {
    test(`${template}: ${row}`, async () => {
      const args = ['explain', '--json', '-q', '-m', 'fixtures/tiny-gpt2', '--template', template];
      const { stdout, code, stderr } = await rewardScore(args, { stdin: `${row}\n` });
      assert.equal(code, 0, stderr);
      const { texts } = JSON.parse(stdout) as { texts: readonly { text: string }[] };
      assert.deepEqual(
        texts.map((each) => each.text),
        [text],
      );
    });
  }
});

/** The rows of the table under a heading. */
const tableOf = (first: string): string[][] => {
  const [table = ''] = page.slice(page.indexOf(`| ${first} |`)).split('\n\n');
  const [, , ...lines] = table.trimEnd().split('\n');
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
};

test('roles', () => {
  const shown = tableOf('role')
    .slice(0, 3)
    .map(([role, names]) => [role, names?.match(/`[a-z]+`/g)]);
  const expected = Object.entries(namesOfRoles).map(([role, names]) => [
    `\`${role}\``,
    names.map((name) => `\`${name}\``),
  ]);
  assert.deepEqual(shown, expected);
});

test('notices and hints', () => {
  assert.deepEqual(Object.fromEntries(tableOf('notice')), noticeCodes);
  assert.deepEqual(Object.fromEntries(tableOf('hint')), hintCodes);
});
