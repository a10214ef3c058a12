/** Members of a JSON object are changed in its own bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { editObject } from '../../dist/rows/edit-object.js';
import type { SplicedMember } from '../../dist/rows/splice.js';

const edited = (json: string, members: readonly SplicedMember[], removed: readonly string[] = []): string =>
  editObject(Buffer.from(json), members, removed).map(String).join('');

test('values are replaced where they stand, and all else keeps its bytes', () => {
  assert.equal(
    edited(' {"a" : 1.50 ,\t"r":\t[1, 2] , "n":12345678901234567890 } ', [['r', '7']]),
    ' {"a" : 1.50 ,\t"r":\t7 , "n":12345678901234567890 } ',
  );
  assert.equal(edited('\ufeff{"r":"}","b":{"r":1}}', [['r', undefined]]), '\ufeff{"r":null,"b":{"r":1}}');
  // However the name is spelled, and each of several, as readers differ in which one they see.
  assert.equal(edited('{"\\u0072":1,"r":2}', [['r', '3']]), '{"\\u0072":3,"r":3}');
});

test('others come after all, and removed ones go with what separates them', () => {
  assert.equal(edited('{"r":1}', [['r', '2'], ['s', '3']]), '{"r":2,"s":3}'); // biome-ignore format: a pair a line is no clearer
  assert.equal(edited('{ "a":1, "e":{}, "b":2 }', [['c', '3']], ['e']), '{ "a":1, "b":2 ,"c":3}');
  assert.equal(edited('{ "e":1, "b":2}', [], ['e']), '{ "b":2}');
  assert.equal(edited('{"b":2 , "e":1 }', [], ['e']), '{"b":2 }');
  assert.equal(edited('{"e":1}', [], ['e']), '{}');
  assert.equal(edited('{"e":1}', [['c', '3']], ['e']), '{"c":3}');
  assert.equal(edited('{"e":1,"e":2}', [['e', '3']], ['e']), '{"e":3}');
});

test('is what a parsed object would become, in the same order', () => {
  const name = fc.constantFrom('a', 'b', '"', '\n', 'é', '__proto__');
  const object = fc.uniqueArray(fc.tuple(name, fc.jsonValue()), { selector: ([key]) => key });
  fc.assert(
    fc.property(object, object, fc.array(name), fc.constantFrom(undefined, 1, '\t'), (own, given, removed, indent) => {
      const members = given.map(([key, value]): SplicedMember => [key, JSON.stringify(value)]);
      const json = JSON.stringify(Object.fromEntries(own), undefined, indent);
      const expected = new Map(own.filter(([key]) => !removed.includes(key)));
      for (const [key, value] of given) expected.set(key, value);
      const got = Object.entries(JSON.parse(edited(json, members, removed)) as object);
      const written = Object.entries(
        Object.fromEntries([...expected].map(([key, value]) => [key, JSON.parse(JSON.stringify(value))])),
      );
      assert.deepEqual(got, written);
    }),
  );
});
