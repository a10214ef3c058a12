/** The scanner of JSON text is held against JSON.parse: on any value, however it is spaced, and on texts that are broken. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  arrayElements,
  documentValue,
  JsonError,
  memberValue,
  objectMembers,
  type Span,
  valueEnd,
} from '../../dist/rows/json-scanner.js';

const slice = (json: Buffer, { start, end }: Span): string => json.subarray(start, end).toString('utf8');

/** JSON text of any value, with any white space between its parts. */
const jsonText = fc
  .tuple(fc.json({ maxDepth: 4, stringUnit: 'binary' }), fc.constantFrom('', ' ', '\t', '\r\n', ' \n '))
  .map(([text, space]) => space + text.replaceAll(/"(?:[^"\\]|\\.)*"|[[\]{},:]/g, (part) => part + space));

const parses = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

const scans = (text: string): boolean => {
  try {
    documentValue(Buffer.from(text));
    return true;
  } catch (error) {
    assert.ok(error instanceof JsonError);
    return false;
  }
};

describe('the scanner of JSON text', () => {
  test('finds elements and members with their own bytes, in order', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const json = Buffer.from(text);
        const whole = documentValue(json);
        assert.equal(slice(json, whole), text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, ''));
        const value: unknown = JSON.parse(text);
        if (Array.isArray(value)) {
          const elements = [...arrayElements(json, whole)].map((span) => JSON.parse(slice(json, span)) as unknown);
          assert.deepEqual(elements, value);
        } else if (typeof value === 'object' && value !== null) {
          const members = [...objectMembers(json, whole)];
          // A name that is there twice has its last value, as with JSON.parse; `__proto__` is a name as any other.
          const built = new Map(
            members.map((member) => [member.name, JSON.parse(slice(json, member.value)) as unknown]),
          );
          assert.deepEqual(built, new Map(Object.entries(value)));
          for (const name of built.keys()) {
            const found = memberValue(json, whole, name);
            assert.ok(found !== undefined);
            assert.deepEqual(JSON.parse(slice(json, found)), built.get(name));
          }
        } else {
          assert.throws(() => [...arrayElements(json, whole)], JsonError);
          assert.throws(() => [...objectMembers(json, whole)], JsonError);
        }
      }),
    );
  });

  test('takes the texts that JSON.parse takes, and no others', () => {
    const piece = fc.constantFrom(
      ...'[]{},:"\\/ \n01-+.eEtrufalsn',
      'true',
      'null',
      '\\u00e9',
      '\u0001',
      '"a"',
      '1.5',
      '"a":',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        assert.equal(scans(pieces.join('')), parses(pieces.join('')), pieces.join(''));
      }),
      { numRuns: 3000 },
    );
    fc.assert(
      fc.property(jsonText, fc.nat(), piece, fc.nat(2), (text, at, inserted, removed) => {
        const index = at % (text.length + 1);
        const broken = text.slice(0, index) + inserted + text.slice(index + removed);
        // Cut in the middle of a surrogate pair it would be another text as UTF-8.
        if (Buffer.from(broken).toString() === broken) assert.equal(scans(broken), parses(broken), broken);
      }),
      { numRuns: 1000 },
    );
  });

  test('says where a text breaks', () => {
    for (const [text, message, byte] of [
      ['', 'Unexpected end of JSON input', 0],
      ['[1, ', 'Unexpected end of JSON input', 4],
      ['{"a" 1}', "Unexpected '1' at byte 5 of JSON input", 5],
      ['"é" é', 'Unexpected 0xc3 at byte 5 of JSON input', 5],
      ['[1}', "Unexpected '}' at byte 2 of JSON input", 2],
      ['01', "Unexpected '1' at byte 1 of JSON input", 1],
      ['"a\nb"', 'Unexpected 0x0a at byte 2 of JSON input', 2],
    ] as const) {
      assert.throws(() => documentValue(Buffer.from(text)), { name: 'JsonError', message, byte }, text);
    }
  });

  test('a byte-order mark may stand before the text', () => {
    assert.deepEqual(documentValue(Buffer.from('\ufeff [] ')), { start: 4, end: 6 });
  });

  test('a member is found by its name, however that is spelled, and the last of several', () => {
    const json = Buffer.from('{"b":{"a":0},"\\u0061":1,"é":2,"a":12345678901234567890 ,"c":"a"}');
    const member = (name: string): string | undefined => {
      const found = memberValue(json, documentValue(json), name);
      return found && slice(json, found);
    };
    assert.deepEqual(['a', 'b', 'é', 'd'].map(member), ['12345678901234567890', '{"a":0}', '2', undefined]);
    const spelled = Buffer.from('{"\\u0061":1}');
    assert.deepEqual(memberValue(spelled, documentValue(spelled), 'a'), { start: 10, end: 11 });
  });

  test('neither depth nor the number of values costs the stack, nor are elements sought before they are asked for', () => {
    const depth = 2_000_000;
    const deep = Buffer.concat([Buffer.alloc(depth, '['), Buffer.alloc(depth, ']')]);
    assert.equal(valueEnd(deep, 0), deep.length);
    const many = arrayElements(Buffer.from(`[${'1,'.repeat(100_000)}`), { start: 0, end: 0 });
    assert.deepEqual(many.next().value, { start: 1, end: 2 });
    assert.throws(() => [...many], /Unexpected end of JSON input/);
  });
});
