/** Chat templates with what those of public models use: the texts of apply_chat_template (test/oracle/make_chat_templates.py). */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { jinjaTemplate } from '../../dist/rows/chat-template.js';
import { isFailure } from '../../dist/rows/failure.js';
import type { Conversation } from '../../dist/rows/kinds/conversation.js';
import { root } from '../support/run.js';

interface Expected {
  /** The start of each text's SHA-256; null where the reference refuses the conversation. */
  readonly hashes: readonly (string | null)[];
  /** Some of the texts, by the conversation's number. */
  readonly whole: Readonly<Record<string, string | null>>;
}

interface Oracle {
  readonly versions: Readonly<Record<string, string>>;
  readonly day: string;
  readonly special_tokens: Readonly<Record<string, string>>;
  readonly templates: Readonly<Record<string, Expected>>;
}

interface Row {
  readonly messages: readonly ({ readonly role: string; readonly content: string } & Record<string, unknown>)[];
  readonly tools?: unknown;
}

const read = (name: string): string => readFileSync(join(root, 'test/oracle', name), 'utf8');
const oracle = JSON.parse(read('chat_templates.json')) as Oracle;
const rows = JSON.parse(read('chat_conversations.json')) as readonly Row[];

const conversationOf = ({ messages, tools }: Row): Conversation => ({
  messages: messages.map(({ role, content, ...fields }) => ({ author: role, content, fields })),
  tools,
});

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 24);

test('there are enough of them, by the reference', () => {
  assert.deepEqual(oracle.versions, { transformers: '5.23.0', jinja2: '3.1.6' });
  assert.ok(Object.keys(oracle.templates).length >= 8);
  assert.ok(rows.length >= 50);
});

for (const [name, { hashes, whole }] of Object.entries(oracle.templates)) {
  test(`${name} gives the reference's text of each conversation, and refuses what that refuses`, () => {
    const globals = { specialTokens: oracle.special_tokens, day: oracle.day };
    const template = jinjaTemplate(read(`chat_templates/${name}`), name, globals);
    const texts = rows.map((row) => template.render(conversationOf(row)));
    for (const [index, expected] of Object.entries(whole)) {
      const found = texts[Number(index)];
      assert.deepEqual(typeof found === 'string' ? found : null, expected, `conversation ${index}`);
    }
    assert.deepEqual(
      texts.map((text) => (isFailure(text) ? null : hashOf(text))),
      hashes,
    );
  });
}
