/** What a Jinja template may do, and what ends in a bad row in place of the process. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { asksForDate, jinjaTemplate } from '../../dist/rows/chat-template.js';

const rendered = (source: string, day?: string) =>
  jinjaTemplate(source, 'a template', { specialTokens: { bos_token: '<s>' }, day }).render({
    messages: [
      { author: 'user', content: 'hi' },
      { author: 'assistant', content: 'hello' },
    ],
  });

const failure = (message: string, line = 1) => ({
  code: 'TEMPLATE_ERROR',
  message: `a template, line ${line}: ${message}`,
});

test('a template sees messages, tokens and constants', () => {
  const source =
    '{{ bos_token }}{{ eos_token }}{% for m in messages %}{{ m.role }}={{ m.content }};{% endfor %}' +
    '{% if not add_generation_prompt and true and True and not false and not False and x is not defined %}yes{% endif %}' +
    '{% if none is none and None is none %} yes{% endif %}';
  assert.equal(rendered(source), '<s>user=hi;assistant=hello;yes yes');
  assert.deepEqual(rendered('{{ raise_exception("no system message") }}'), failure('no system message'));
});

describe('range', () => {
  for (const [call, expected] of [
    ['3', '0,1,2'],
    ['0', ''],
    ['-2', ''],
    ['2, 5', '2,3,4'],
    ['5, 2', ''],
    ['0, 10, 3', '0,3,6,9'],
    ['0, 9, 3', '0,3,6'],
    ['5, 0, -2', '5,3,1'],
    ['0, 5, -1', ''],
    ['true', '0'],
    ['messages | length - 1, -1, -1', '1,0'],
    ['1000000000, 1000000003', '1000000000,1000000001,1000000002'],
  ] as const) {
    test(`range(${call})`, () => assert.equal(rendered(`{{ range(${call}) | join(',') }}`), expected));
  }

  test('of as many items as the sandbox of Jinja allows, and no more', () => {
    assert.equal(rendered('{{ range(100000) | length }}'), '100000');
    for (const [call, items] of [
      ['100001', 100_001],
      ['1000000000', 1_000_000_000],
      ['0, -1000000000, -3', 333_333_334],
    ] as const) {
      const message = `range() of ${items} items: at most 100000 are possible`;
      assert.deepEqual(rendered(`{{ range(${call}) }}`), failure(message));
    }
  });

  test('of what is no whole number is refused', () => {
    for (const call of ['', 'none', '1.5', '"3"', 'x', '1, 2, 3, 4', '0, none']) {
      assert.deepEqual(rendered(`{{ range(${call}) }}`), failure('range() takes one to three whole numbers'), call);
    }
    assert.deepEqual(rendered('{{ range(1, 2, 0) }}'), failure('the third number of range() must not be zero'));
  });
});

describe('the date', () => {
  test('is the day that is given, at midnight', () => {
    assert.equal(rendered('{{ strftime_now("%d %b %Y, %H:%M") }}', '2026-11-30'), '30 Nov 2026, 00:00');
  });

  test('by a format that it does not know is a bad row', () => {
    const [unknown, missing] = ['strftime_now() has no directive %Q', 'strftime_now() lacks its argument format'];
    assert.deepEqual(rendered('{{ strftime_now("%Q") }}', '2026-11-30'), failure(unknown));
    assert.deepEqual(rendered('{{ strftime_now() }}', '2026-11-30'), failure(missing));
  });

  test('is asked for where a template refers to it, and not where it only speaks of it', () => {
    const sources = {
      '{%- if strftime_now is defined %}{%- set day = strftime_now("%d %b %Y") %}{% endif %}': true,
      '{{ strftime_now("%Y") }}': true,
      'strftime_now {# strftime_now #}{{ "strftime_now" }}{{ m.content }}': false,
      '{{ "no end': false,
    };
    const found = Object.fromEntries(Object.keys(sources).map((source) => [source, asksForDate(source)]));
    assert.deepEqual(found, sources);
  });
});
