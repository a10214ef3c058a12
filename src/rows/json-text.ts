/**
 * Writes a value that came from JSON as JSON again, in the same characters as `JSON.stringify`. That function calls
 * itself for each level and overflows the stack at some thousands, and a row may have any number of levels; this one
 * has a list.
 */
export function jsonText(value: unknown): string {
  const pieces: string[] = [];
  const open: OpenValue[] = [];
  const begin = (item: unknown): void => {
    if (typeof item !== 'object' || item === null) {
      pieces.push(JSON.stringify(item ?? null));
    } else if (Array.isArray(item)) {
      pieces.push('[');
      open.push({ items: item, names: undefined, next: 0 });
    } else {
      const members = Object.entries(item).filter(([, inside]) => inside !== undefined);
      pieces.push('{');
      open.push({ items: members.map(([, inside]) => inside), names: members.map(([name]) => name), next: 0 });
    }
  };

  begin(value);
  for (let inner = open.at(-1); inner !== undefined; inner = open.at(-1)) {
    const { items, names, next } = inner;
    if (next === items.length) {
      pieces.push(names === undefined ? ']' : '}');
      open.pop();
      continue;
    }
    if (next > 0) pieces.push(',');
    if (names !== undefined) pieces.push(`${JSON.stringify(names[next])}:`);
    inner.next++;
    begin(items[next]);
  }
  return pieces.join('');
}

/** An array or object that is being written. */
interface OpenValue {
  /** The elements of an array, the values of an object's members. */
  readonly items: readonly unknown[];
  /** The names of an object's members. */
  readonly names: readonly string[] | undefined;
  /** The index of the item that is written next. */
  next: number;
}
