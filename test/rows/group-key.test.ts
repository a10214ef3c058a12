/** A group's key, found in a record's bytes, against the key of its parsed row. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { canonicalKey } from '../../dist/rows/field-key.js';
import { valueAt } from '../../dist/rows/fields.js';
import { columnKey } from '../../dist/rows/formats/csv-header.js';
import { createFormat, type FormatSettings, jsonlSettings } from '../../dist/rows/formats/index.js';
import { groupKeyReader } from '../../dist/rows/group-key.js';
import type { InputRecord } from '../../dist/rows/records.js';

const jsonl: FormatSettings = jsonlSettings('reward');

const recordOf = (content: string | Buffer): InputRecord => ({
  bytes: Buffer.from(content),
  lineEnd: Buffer.from('\n'),
  byte: 0,
  line: 1,
});

/** As a worker finds it. */
function parsedKey(settings: FormatSettings, record: InputRecord, field: string): string | undefined {
  const row = createFormat(settings).parse(record)?.row;
  return row && canonicalKey(valueAt(row, field) ?? undefined);
}

const names = ['q', 'a', 'b', 'a.b', 'length', '0', '__proto__', 'é', 'a"b', 'text'];
const name = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...names) }, { weight: 1, arbitrary: fc.string() });

/** Values whose members have the names that fields are looked for by, duplicates and all. */
const { value } = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.jsonValue({ maxDepth: 0 }).map((scalar) => JSON.stringify(scalar)),
    fc.constantFrom('1', '1.0', '1e0', '"1"', 'null', '"x"', '"\\u0078"', '""', '"[{\\"b\\":1}]"', '-0', '0'),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[ ${items.join(' , ')}]`),
    tie('object'),
  ),
  object: fc
    .array(fc.tuple(name, fc.boolean(), tie('value'), fc.constantFrom('', ' ', '\t')), { maxLength: 4 })
    .map((members) => {
      const spelled = members.map(
        ([key, escapes, inside, space]) => `${spell(key, escapes)}${space}:${space}${inside}${space}`,
      );
      return `{${spelled.join(',')}}`;
    }),
}));

/** A string in JSON, with or without escapes for what needs none. */
const spell = (text: string, escapes: boolean): string =>
  escapes
    ? `"${[...Array(text.length).keys()].map((i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`
    : JSON.stringify(text);

const field = fc.oneof(
  fc.constantFrom(...names),
  fc
    .array(fc.constantFrom('q', 'a', 'b', '0', 'length'), { minLength: 2, maxLength: 4 })
    .map((steps) => steps.join('.')),
);

describe('of a JSON line', () => {
  test('is the key of the parsed row', () => {
    const line = fc.oneof(
      { weight: 6, arbitrary: value },
      { weight: 1, arbitrary: value.map((text) => `\ufeff \t${text}\r`) },
      { weight: 1, arbitrary: fc.string() },
    );
    const property = fc.property(fc.array(line, { minLength: 1, maxLength: 6 }), field, (lines, wanted) => {
      const read = groupKeyReader(jsonl, wanted);
      for (const content of lines) {
        const record = recordOf(content);
        const expected = parsedKey(jsonl, record, wanted);
        if (expected !== undefined) assert.equal(read(record), expected, content);
      }
    });
    fc.assert(property, { numRuns: 3000 });
  });

  const cases: readonly (readonly [line: string, field: string, key: string | undefined])[] = [
    ['{"q":1,"q":2}', 'q', '2'],
    ['{"\\u0071":1}', 'q', '1'],
    ['{"a":{"b":1},"a.b":2}', 'a.b', '2'],
    ['{"a":{"b":1},"a.b":null}', 'a.b', undefined],
    ['{"a":[{"b":1},{"b":2},{}]}', 'a.b', '[1,2,null]'],
    ['{"a":"{\\"b\\":1}"}', 'a.b', '1'],
    ['{"x":{"q":1}}', 'q', undefined],
    ['"only text"', 'text', '"only text"'],
    ['"only text"', 'q', undefined],
    ['{"q":1', 'q', undefined],
    ['[{"q":1}]', 'q', undefined],
  ];
  for (const [line, wanted, key] of cases) {
    test(`${line}, field ${wanted}: ${key}`, () => {
      const record = recordOf(line);
      assert.equal(groupKeyReader(jsonl, wanted)(record), key);
      assert.equal(parsedKey(jsonl, record, wanted), key);
    });
  }

  test('is there for bytes that are not UTF-8, as the parsed row has them', () => {
    const record = recordOf(Buffer.concat([Buffer.from('{"q":"x'), Buffer.from([0xc3]), Buffer.from('","text":"y"}')]));
    assert.equal(groupKeyReader(jsonl, 'q')(record), parsedKey(jsonl, record, 'q'));
    assert.equal(groupKeyReader(jsonl, 'q')(record), '"x\ufffd"');
  });

  test('does not depend on how deep other values are, and is none where the value itself is too deep', () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    assert.equal(groupKeyReader(jsonl, 'q')(recordOf(`{"x":${deep},"q":7}`)), '7');
    for (const wanted of ['x', 'x.y']) {
      const record = recordOf(`{"x":${deep},"q":7}`);
      assert.equal(groupKeyReader(jsonl, wanted)(record), undefined);
      assert.equal(parsedKey(jsonl, record, wanted), undefined);
    }
  });

  test('is none of a record over the size limit', () => {
    assert.equal(groupKeyReader(jsonl, 'q')({ ...recordOf(''), oversized: 100 }), undefined);
  });
});

describe('of a record of CSV', () => {
  const settingsFor = (columns: readonly string[], delimiter: string): FormatSettings => ({
    ...jsonl,
    from: 'csv',
    delimiter,
    header: { columns, text: columns.join(delimiter), lineEnd: '\n', place: 'x.csv:1' },
  });
  const cell = fc.oneof(
    fc.constantFrom('', 'x', '1', '[1]', '[ 1]', '{"b":2}', 'null', '"', '""', 'a"b', 'two\nlines', 'é'),
    fc.string(),
  );
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

  test('is the key of the parsed row', () => {
    const property = fc.property(
      fc.array(fc.tuple(cell, cell, cell, fc.boolean()), { minLength: 1, maxLength: 6 }),
      fc.constantFrom('q', 'prompt', 'candidates', 'candidates.b'),
      fc.constantFrom(',', ';', '\t'),
      fc.constantFrom(['Q ', 'prompt', 'candidates'], ['prompt', 'q', 'candidates'], ['candidates', 'Prompt', 'q']),
      (rows, wanted, delimiter, columns) => {
        const settings = settingsFor(columns, delimiter);
        const read = groupKeyReader(settings, wanted);
        for (const [a, b, c, quotesAll] of rows) {
          const text = [a, b, c]
            .map((each) => (quotesAll || /["\r\n,;\t]/.test(each) ? quoted(each) : each))
            .join(delimiter);
          const record = recordOf(text);
          const expected = parsedKey(settings, record, wanted);
          if (expected !== undefined) assert.equal(read(record), expected, JSON.stringify({ text, columns }));
        }
      },
    );
    fc.assert(property, { numRuns: 2000 });
  });

  test('is of the last of columns with one key, and none where a record ends before', () => {
    const read = groupKeyReader(settingsFor(['q', 'text', 'Q'], ','), columnKey('Q'));
    assert.equal(read(recordOf('1,x,2')), '"2"');
    assert.equal(read(recordOf('1,x')), undefined);
    assert.equal(read(recordOf('1,"x')), undefined);
  });
});
