/** schema/row-fields.json, which other programs read rows by, says what src/rows does. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { authorFields, contentFields } from '../dist/rows/kinds/conversation.js';
import { BOT_NAME, defaultNames } from '../dist/rows/kinds/roles.js';
import { counterparts, namesOfRoles, USUAL_NAME } from '../dist/rows/kinds/speakers.js';
import { builtInTemplates } from '../dist/rows/templates.js';
import { root } from './support/run.js';

const table = JSON.parse(readFileSync(join(root, 'schema/row-fields.json'), 'utf8')) as {
  readonly chai: Readonly<Record<'message' | 'system' | 'systemAuthor' | 'unnamedBot', string>>;
} & Readonly<Record<string, unknown>>;

test('names of fields', () => {
  // As text, for the order of roles counts.
  assert.equal(JSON.stringify(table.roles), JSON.stringify(defaultNames));
  assert.equal(table.botName, BOT_NAME);
  assert.deepEqual(table.author, authorFields);
  assert.deepEqual(table.content, contentFields);
});

test('the template chai', () => {
  const messages = [
    { author: table.chai.systemAuthor, content: 'A ship at sea.' },
    { author: 'Ann', content: 'Is that a storm?' },
  ];
  const filled = messages.map(({ author, content }) =>
    (author === table.chai.systemAuthor ? table.chai.system : table.chai.message)
      .replace('{author}', author)
      .replace('{content}', content),
  );
  assert.equal(builtInTemplates.chai.render({ messages }), filled.join(''));
});

test('who speaks', () => {
  assert.deepEqual(table.speakers, namesOfRoles);
  assert.deepEqual(table.counterparts, counterparts);
  assert.equal(table.chai.unnamedBot, USUAL_NAME);
});
