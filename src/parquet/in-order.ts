/**
 * What belongs to columns, in the order of these.
 *
 * @param names of the columns; undefined: all, as they are
 */
export function inOrder<T>(
  items: readonly T[],
  names: readonly string[] | undefined,
  nameOf: (item: T) => string | undefined,
): readonly T[] {
  if (names === undefined) return items;
  const places = new Map<string | undefined, number>(names.map((name, place) => [name, place]));
  const placeOf = (item: T): number => places.get(nameOf(item)) ?? -1;
  return items.filter((item) => placeOf(item) >= 0).sort((a, b) => placeOf(a) - placeOf(b));
}
