/** Jinja as transformers has it: the reference's text, or none (test/oracle/make_jinja_cases.py). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { FatalError } from '../../dist/errors.js';
import { jinjaTemplate } from '../../dist/rows/chat-template.js';
import { isFailure, type RowFailure } from '../../dist/rows/failure.js';
import { root } from '../support/run.js';

interface Oracle {
  readonly versions: Readonly<Record<string, string>>;
  readonly day: string;
  readonly special_tokens: Readonly<Record<string, string>>;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly cases: readonly { readonly template: string; readonly text?: string; readonly error?: string }[];
  /** Templates that are rendered there and refused here. */
  readonly unsupported: readonly string[];
}

const oracle = JSON.parse(readFileSync(join(root, 'test/oracle/jinja.json'), 'utf8')) as Oracle;

/** The text, or why there is none: known when the template is read, or when it is rendered. */
function outcome(template: string): string | RowFailure | FatalError {
  try {
    return jinjaTemplate(template, 't', { specialTokens: oracle.special_tokens, day: oracle.day }).render({
      messages: oracle.messages.map(({ role, content }) => ({ author: role, content })),
    });
  } catch (error) {
    assert.ok(error instanceof FatalError, `${template}: ${String(error)}`);
    assert.equal(error.kind, 'usage');
    return error;
  }
}

/** Where the reference's text depends on how it is optimized, or on what is no text of a template: these are refused. */
const alsoUnsupported = [
  "{{ [1]['a':] }}",
  '{{ none[1:] }}',
  "{{ ''.__class__ }}x",
  '{{ namespace._x }}',
  '{{ messages | map }}',
];

test('each piece of a template is the text of the reference, or refused where that refuses it', () => {
  assert.deepEqual(oracle.versions, { transformers: '5.23.0', jinja2: '3.1.6' });
  assert.ok(oracle.cases.length > 300);
  for (const { template, text, error } of oracle.cases) {
    const found = outcome(template);
    if (text === undefined || alsoUnsupported.includes(template)) {
      assert.ok(typeof found !== 'string', `${template} gives ${String(found)}, and ${error} in the reference`);
    } else {
      assert.deepEqual(found, text, template);
    }
  }
});

test('what is not supported is refused by name', () => {
  for (const template of oracle.unsupported) {
    const found = outcome(template);
    assert.ok(typeof found !== 'string', template);
    assert.match(found.message, /is not supported|is unsafe|of ASCII/, template);
  }
});

describe('an error says the line', () => {
  for (const [template, line] of [
    ['a\n{{ 1 +\n }}', 3],
    ['a\n\n{% if x %}\n', 3],
    ['{# c\n #}\n{{ nope.x }}', 3],
    ['{%- if true -%}\n\n{{ raise_exception("no") }}{% endif %}', 3],
    ['a\r\nb\r\n{{ [1, 2]\r\n | join(none.x.y) }}', 4],
    ['{% macro f(x) %}\n{{ x + 1 }}{% endmacro %}\n\n{{ f("a") }}', 2],
    ['\n{{ messages\n  | map("nofilter")\n  | list }}', 4],
  ] as const) {
    test(JSON.stringify(template), () => {
      const found = outcome(template);
      assert.ok(typeof found !== 'string');
      assert.match(found.message, new RegExp(`\\bt, line ${line}: `));
    });
  }
});

describe('a template cannot end the thread', () => {
  const nested = (open: string, close: string) => `{{ ${open.repeat(50_000)}1${close.repeat(50_000)} }}`;
  for (const [name, template] of [
    ['macros that call themselves', '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}'],
    ['loops that call themselves', '{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}'],
    ['brackets', nested('(', ')')],
    ['lists', nested('[', ']')],
    ['minus signs', nested('-', '')],
    ['a list in itself', '{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}'],
    ['a long repetition', '{{ "abc" * 1000000000 }}'],
    ['a long list', '{{ [1] * 1000000000 }}'],
    ['a long number', '{{ 10 ** 1000000000 }}'],
  ] as const) {
    test(name, () => assert.ok(typeof outcome(template) !== 'string'));
  }
});

describe('a message', () => {
  const render = (template: string, fields: Readonly<Record<string, unknown>>, tools?: unknown) =>
    jinjaTemplate(template, 't', { specialTokens: {}, day: undefined }).render({
      messages: [{ author: 'user', content: 'hi', fields }],
      tools,
    });

  test('has its other members, and the row its tools', () => {
    const call = { name: 'f', arguments: { x: 1, y: [1.5, null, true] } };
    assert.equal(
      render('{{ messages[0].tool_calls[0] | tojson }}', { tool_calls: [call] }),
      '{"name": "f", "arguments": {"x": 1, "y": [1.5, null, true]}}',
    );
    assert.equal(render('{{ messages[0] }}', { name: 'A' }), "{'role': 'user', 'content': 'hi', 'name': 'A'}");
    assert.equal(render('{{ tools | tojson }}', {}, [{ name: 'f' }]), '[{"name": "f"}]');
    assert.equal(render('{{ tools is none }}', {}, undefined), 'True');
    assert.ok(isFailure(render('{{ tools }}', {}, ['f'])));
  });

  test('has its reasoning by each name that transformers gives it', () => {
    for (const name of ['reasoning_content', 'thinking', 'reasoning']) {
      assert.equal(render('{{ messages[0].reasoning_content }}|{{ messages[0].thinking }}', { [name]: 'so' }), 'so|so');
    }
    assert.equal(render('{{ messages[0].thinking is defined }}', { reasoning: null }), 'False');
  });

  test('with members that JSON.parse has moved is refused', () => {
    assert.ok(isFailure(render('{{ messages[0].x }}', { x: JSON.parse('{"b":1,"0":2}') })));
    assert.equal(render('{{ messages[0].x }}', { x: { '0': 2 } }), "{'0': 2}");
  });

  test('with a whole number that JSON.parse has rounded is refused', () => {
    assert.ok(isFailure(render('{{ messages[0].id }}', { id: 2 ** 53 })));
    assert.equal(render('{{ messages[0].id }}', { id: 2 ** 53 - 1 }), '9007199254740991');
  });
});

test('templates cannot change what they are given', () => {
  const template = jinjaTemplate('{% set _ = messages.append(1) %}', 't', { specialTokens: {}, day: undefined });
  const found = template.render({ messages: [{ author: 'user', content: 'hi' }] });
  assert.ok(isFailure(found));
  assert.match(found.message, /cannot be changed/);
});
