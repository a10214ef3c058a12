import { readFileSync, statSync } from 'node:fs';
import { FatalError, messageOf, runError } from '../../errors.js';
import { printable } from '../../platform/printable.js';

/** Room for the names of some hundred thousand labels. */
const MAX_CONFIG_BYTES = 16 << 20;

/** Sizes up to this one are accepted without a look at the weights, as so many parts are built at once. */
const UNQUESTIONED = 1024;

/** The most labels that get a generated name where config.json names none. */
const MOST_UNNAMED_LABELS = 1 << 20;

/** Facts of a model's weights that bound the sizes which its config.json can truthfully state. */
export interface WeightBounds {
  /** The files that messages name. */
  readonly path: string;
  /** Number of tensors. */
  readonly tensors: number;
  /** Longest axis of any tensor. */
  readonly longestAxis: number;
}

interface ConfigPlace {
  /** Named in errors. */
  readonly path: string;
  /** Before each field's name. */
  readonly prefix?: string;
  /** Called where a size is above UNQUESTIONED. Default: every size is accepted. */
  readonly bounds?: () => WeightBounds;
  /** What there is to do about a field that is refused. */
  readonly advice?: string;
}

/** Reads fields of a checkpoint's config.json, or of its adapter_config.json; one of another type than its architecture knows is refused by name. */
export class ConfigReader {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #place: ConfigPlace;

  constructor(fields: Readonly<Record<string, unknown>>, place: ConfigPlace) {
    this.#fields = fields;
    this.#place = place;
  }

  /** @throws FatalError `run` where the file is not a JSON object, or is larger than any config.json */
  static open(path: string, place: Omit<ConfigPlace, 'path' | 'prefix'>): ConfigReader {
    let config: unknown;
    try {
      const { size } = statSync(path);
      if (size > MAX_CONFIG_BYTES) {
        throw runError(`${path}: expected a config.json of at most ${MAX_CONFIG_BYTES} bytes, got ${size}`);
      }
      config = JSON.parse(readFileSync(path, 'utf8'));
    } catch (error) {
      if (error instanceof FatalError) throw error;
      throw runError(`${path}: expected JSON (${printable(messageOf(error))})`, { cause: error });
    }
    if (typeof config !== 'object' || config === null || Array.isArray(config)) {
      throw runError(`${path}: expected a JSON object`);
    }
    return new ConfigReader(config as Record<string, unknown>, { ...place, path });
  }

  /** Names of the fields that have a value; null counts as none. */
  get names(): readonly string[] {
    return Object.keys(this.#fields).filter((name) => (this.#fields[name] ?? null) !== null);
  }

  /** The same with as many labels as its head has, whose names are kept where they are as many. */
  withLabels(count: number): ConfigReader {
    const labels = Object.fromEntries(Array.from({ length: count }, (_, index) => [String(index), `LABEL_${index}`]));
    return this.labels().length === count ? this : new ConfigReader({ ...this.#fields, id2label: labels }, this.#place);
  }

  /**
   * Reads the field that one of `names` gives (its own name, or an alias); null counts as absent. Where two of them say
   * other things, the networks of transformers take the alias for some fields and the name for others.
   */
  read(...names: readonly string[]): unknown {
    const [first, ...others] = names.filter((name) => (this.#fields[name] ?? null) !== null);
    if (first === undefined) return undefined;
    const value = this.#fields[first];
    const other = others.find((name) => this.#fields[name] !== value);
    if (other !== undefined)
      this.refuse([first], value, `what ${other} is (${printable(JSON.stringify(this.#fields[other]))})`);
    return value;
  }

  /** Without a fallback the field must be there. */
  positiveInteger(names: readonly string[], fallback?: number): number {
    const value = this.read(...names) ?? fallback;
    if (!Number.isSafeInteger(value) || (value as number) < 1) this.refuse(names, value, 'a positive integer');
    return value as number;
  }

  /**
   * Reads a positive integer whose absence can be stated: undefined where the field is null, the fallback where it is
   * missing.
   */
  positiveIntegerOrNull(name: string, fallback: number): number | undefined {
    return this.#fields[name] === null ? undefined : this.positiveInteger([name], fallback);
  }

  /** Reads a number of layers, each of which has a tensor of its own. */
  layers(names: readonly string[], fallback: number): number {
    const count = this.positiveInteger(names, fallback);
    if (count <= UNQUESTIONED) return count;
    const { tensors, path } = this.#place.bounds?.() ?? { tensors: count, path: '' };
    if (count > tensors) this.refuse(names, count, `at most ${tensors}, the number of tensors in ${path}`);
    return count;
  }

  /** Checks a length that some tensor's axis must have, before anything of that length is allocated. */
  axis(names: readonly string[], length: number): number {
    if (length <= UNQUESTIONED) return length;
    const { longestAxis, path } = this.#place.bounds?.() ?? { longestAxis: length, path: '' };
    if (length > longestAxis) {
      this.refuse(names, length, `at most ${longestAxis}, the longest axis of a tensor in ${path}`);
    }
    return length;
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

  /** Reads a field that is one of `choices`. */
  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const value = this.read(name) ?? fallback;
    if (!choices.includes(value as T)) this.refuse([name], value, `one of ${choices.join(', ')}`);
    return value as T;
  }

  /**
   * Reads the object under the first of `names` that is there and not empty; an object without fields where there is
   * none.
   */
  section(...names: readonly string[]): ConfigReader {
    for (const name of names) {
      const value = this.read(name) ?? {};
      if (typeof value !== 'object' || Array.isArray(value)) this.refuse([name], value, 'an object');
      const fields = value as Record<string, unknown>;
      const prefix = `${this.#place.prefix ?? ''}${name}.`;
      if (Object.keys(fields).length > 0) return new ConfigReader(fields, { ...this.#place, prefix });
    }
    return new ConfigReader({}, this.#place);
  }

  /** Refuses a field that is there with another value. */
  only(name: string, expected: boolean | number): void {
    const value = this.read(name) ?? expected;
    if (value !== expected) this.refuse([name], value, String(expected));
  }

  /** Refuses a field that is null where a missing one has a default: transformers cannot load such a network. */
  notNull(name: string, expected: string): void {
    if (this.#fields[name] === null) this.refuse([name], null, expected);
  }

  /** Refuses a field with any value; null and empty values count as none. */
  absent(name: string): void {
    const value = this.read(name);
    if (value !== undefined && !(typeof value === 'object' && Object.keys(value as object).length === 0)) {
      this.refuse([name], value, 'absent');
    }
  }

  /** Reads a token id, or the first of a list of them; undefined where there is none. */
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
      const count = this.axis(['num_labels'], this.positiveInteger(['num_labels'], 2));
      if (count > MOST_UNNAMED_LABELS) this.refuse(['num_labels'], count, `at most ${MOST_UNNAMED_LABELS}`);
      return Array.from({ length: count }, (_, index) => `LABEL_${index}`);
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
    const { path, prefix = '', advice = 'this checkpoint cannot be scored as it is' } = this.#place;
    const got = value === undefined ? 'undefined' : printable(JSON.stringify(value));
    throw runError(`${path}: expected ${prefix}${names[0]} to be ${expected}, got ${got}; ${advice}`);
  }
}
