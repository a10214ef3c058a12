import { readFileSync } from 'node:fs';
import { messageOf, runError } from '../../errors.js';

/** Reads fields of a checkpoint's config.json; one of another type than its architecture knows is refused by name. */
export class ConfigReader {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #prefix: string;

  /** @param path named in errors, with `prefix` before each field's name */
  constructor(fields: Readonly<Record<string, unknown>>, path: string, prefix = '') {
    this.#fields = fields;
    this.#path = path;
    this.#prefix = prefix;
  }

  /** @throws FatalError `run` where the file is no JSON object */
  static open(path: string): ConfigReader {
    let config: unknown;
    try {
      config = JSON.parse(readFileSync(path, 'utf8'));
    } catch (error) {
      throw runError(`${path}: expected JSON (${messageOf(error)})`, { cause: error });
    }
    if (typeof config !== 'object' || config === null || Array.isArray(config)) {
      throw runError(`${path}: expected a JSON object`);
    }
    return new ConfigReader(config as Record<string, unknown>, path);
  }

  /** The first of `names` that is there (the field's own name, then its aliases); null counts as absent. */
  read(...names: readonly string[]): unknown {
    return names.map((name) => this.#fields[name]).find((value) => value !== undefined && value !== null);
  }

  /** Without a fallback the field must be there. */
  positiveInteger(names: readonly string[], fallback?: number): number {
    const value = this.read(...names) ?? fallback;
    if (!Number.isSafeInteger(value) || (value as number) < 1) this.refuse(names, value, 'a positive integer');
    return value as number;
  }

  /** Without a fallback the field must be there. */
  positiveNumber(name: string, fallback?: number): number {
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

  /** The object under the first of `names` that is there and not empty; one without fields where there is none. */
  section(...names: readonly string[]): ConfigReader {
    for (const name of names) {
      const value = this.read(name) ?? {};
      if (typeof value !== 'object' || Array.isArray(value)) this.refuse([name], value, 'an object');
      const fields = value as Record<string, unknown>;
      if (Object.keys(fields).length > 0) return new ConfigReader(fields, this.#path, `${this.#prefix}${name}.`);
    }
    return new ConfigReader({}, this.#path, this.#prefix);
  }

  /** Refuses a field that is there and not this. */
  only(name: string, expected: boolean | number): void {
    const value = this.read(name) ?? expected;
    if (value !== expected) this.refuse([name], value, String(expected));
  }

  /** Refuses a field that holds anything: null and what is empty count as nothing. */
  absent(name: string): void {
    const value = this.read(name);
    if (value !== undefined && !(typeof value === 'object' && Object.keys(value as object).length === 0)) {
      this.refuse([name], value, 'absent');
    }
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
    throw runError(
      `${this.#path}: expected ${this.#prefix}${names[0]} to be ${expected}, got ${JSON.stringify(value)}; ` +
        'this checkpoint cannot be scored as it is',
    );
  }
}
