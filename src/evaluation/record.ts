/** Maps the values of a record; what is missing stays missing. */
export function mapValues<T extends object, To>(
  record: T,
  to: (value: NonNullable<T[keyof T]>, name: keyof T) => To,
): { [Name in keyof T]: To } {
  const entries = Object.entries(record) as [keyof T, NonNullable<T[keyof T]>][];
  return Object.fromEntries(entries.map(([name, value]) => [name, to(value, name)])) as { [Name in keyof T]: To };
}
