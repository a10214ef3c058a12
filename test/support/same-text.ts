import assert from 'node:assert/strict';

/** Equal but for the last digits of numbers, which another processor or batch may round in another way. */
export function assertSameText(actual: string, expected: string): void {
  const number = /-?\d+(?:\.\d+)?(?:e[-+]?\d+)?/g;
  const [got, wanted] = [actual, expected].map((text) => text.match(number)?.map(Number) ?? []) as [number[], number[]];
  const alike =
    actual.replaceAll(number, '#') === expected.replaceAll(number, '#') &&
    wanted.every((value, i) => Math.abs((got[i] as number) - value) <= 1e-5 * Math.max(1, Math.abs(value)));
  if (!alike) assert.equal(actual, expected);
}
