import { usageError } from '../errors.js';

/** Reads fields of a checkpoint's config.json; one of another type than its architecture knows is refused by name. */
export class ConfigReader {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #path: string;

  /** @param path named in errors */
  constructor(fields: Readonly<Record<string, unknown>>, path: string) {
    this.#fields = fields;
    this.#path = path;
  }

  /** The first of `names` that is there (the field's own name, then its aliases); null counts as absent. */
  read(...names: readonly string[]): unknown {
    return names.map((name) => this.#fields[name]).find((value) => value !== undefined && value !== null);
  }

  positiveInteger(names: readonly string[], fallback: number): number {
    const value = this.read(...names) ?? fallback;
    if (!Number.isSafeInteger(value) || (value as number) < 1) this.refuse(names, value, 'a positive integer');
    return value as number;
  }

  positiveNumber(name: string, fallback: number): number {
    const value = this.read(name) ?? fallback;
    if (typeof value !== 'number' || !(value > 0)) this.refuse([name], value, 'a positive number');
    return value as number;
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.read(name) ?? fallback;
    if (typeof value !== 'boolean') this.refuse([name], value, 'true or false');
    return value as boolean;
  }

  /** One of `choices`. */
  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const value = this.read(name) ?? fallback;
    if (!choices.includes(value as T)) this.refuse([name], value, `one of ${choices.join(', ')}`);
    return value as T;
  }

  /** A token id, or the first of a list of them; undefined where there is none. */
  tokenId(name: string): number | undefined {
    const value = this.read(name);
    const first: unknown = Array.isArray(value) ? value[0] : value;
    if (first === undefined) return undefined;
    if (!Number.isSafeInteger(first) || (first as number) < 0) this.refuse([name], value, 'a token id');
    return first as number;
  }

  /** Label names by output index: `id2label`, else `num_labels` of them, else two, as in transformers. */
  labels(): string[] {
    const names = this.read('id2label');
    if (names === undefined) {
      return Array.from({ length: this.positiveInteger(['num_labels'], 2) }, (_, index) => `LABEL_${index}`);
    }
    const table = typeof names === 'object' ? (names as Record<string, unknown>) : {};
    const count = Object.keys(table).length;
    return Array.from({ length: count || 1 }, (_, index) => {
      const label = table[String(index)];
      if (typeof label !== 'string') this.refuse(['id2label'], names, 'an object with a name for each of 0, 1, …');
      return label as string;
    });
  }

  refuse(names: readonly string[], value: unknown, expected: string): never {
    throw usageError(
      `${this.#path}: expected ${names[0]} to be ${expected}, got ${JSON.stringify(value)}; ` +
        'this checkpoint cannot be scored as it is',
    );
  }
}
