/**
 * A request's JSON object. Its members are found and checked where they stand, and only short ones are parsed: a body may hold
 * a million texts, which go into rows as they were written.
 */
import { clip } from '../../rows/describe-value.js';
import { arrayElements, kindAt, memberValue, objectMembers, type Span } from '../../rows/json-scanner.js';
import { documentOf } from '../bodies.js';
import type { ReceivedBody } from '../body-reader.js';
import { Refusal } from '../refusal.js';

/** What a request's member may be. */
interface Field {
  /** As a JSON Schema, for the page of routes. */
  readonly schema: object;
  /** What it does, or why nothing follows from it. */
  readonly doc: string;
  /** The values that it may have beside null, where others ask for what this server does not do. */
  readonly only?: readonly unknown[];
}
export type Fields = Readonly<Record<string, Field>>;

/** A longer value is none of those that are parsed. */
const LONGEST_PARSED = 10_000;

export class RequestBody {
  readonly bytes: Buffer;
  /** See ReceivedBody. */
  readonly takeRow: ReceivedBody['takeRow'];
  readonly #members = new Map<string, Span>();

  /**
   * @param known the members of all the forms that the path knows: others are refused as they are found
   * @throws Refusal 400 where the body is no JSON object, or has another member
   */
  constructor({ bytes, takeRow }: ReceivedBody, known: ReadonlySet<string>) {
    this.bytes = bytes;
    this.takeRow = takeRow;
    const whole = documentOf(bytes);
    const kind = kindAt(bytes, whole);
    if (kind !== 'an object') throw new Refusal(400, `expected a JSON object, got ${kind}`);
    for (const { name, value } of objectMembers(bytes, whole)) {
      if (!known.has(name)) throw unknownMember(name, [...known]);
      this.#members.set(name, value);
    }
  }

  /** Whether the member is there, and not null. */
  has(name: string): boolean {
    return this.span(name) !== undefined;
  }

  /** Where the member's value stands; undefined where there is none, or it is null. */
  span(name: string): Span | undefined {
    const span = this.#members.get(name);
    return span && kindAt(this.bytes, span) !== 'null' ? span : undefined;
  }

  kind(span: Span): string {
    return kindAt(this.bytes, span);
  }

  /** The bytes of a value. */
  take({ start, end }: Span): Buffer {
    return this.bytes.subarray(start, end);
  }

  text(span: Span): string {
    return JSON.parse(this.take(span).toString('utf8')) as string;
  }

  elements(span: Span): Iterable<Span> {
    return arrayElements(this.bytes, span);
  }

  /** The member of an object within the body; undefined where it has none of that name. */
  member(object: Span, name: string): Span | undefined {
    return memberValue(this.bytes, object, name);
  }

  /**
   * Holds the members against a form's.
   *
   * @throws Refusal 400 for a member that the form does not have, or a value that it may not have
   */
  check(fields: Fields): void {
    for (const name of this.#members.keys()) {
      if (!Object.hasOwn(fields, name)) throw unknownMember(name, Object.keys(fields));
      const { only } = fields[name] as Field;
      const value = only && this.#value(name);
      if (only === undefined || value === undefined || only.includes(value)) continue;
      throw this.refusal(name, only.length === 0 ? 'left out' : `${only.map(String).join(' or ')}, or left out`);
    }
  }

  /** @throws Refusal 400 where it is something else */
  flag(name: string): boolean | undefined {
    const value = this.#value(name);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.refusal(name, 'true or false');
  }

  /** @throws Refusal 400 where it is something else */
  wholeNumber(name: string, least: number): number | undefined {
    const value = this.#value(name);
    if (value === undefined || (Number.isSafeInteger(value) && (value as number) >= least)) return value as number;
    throw this.refusal(name, `a whole number from ${least} up`);
  }

  /** @throws Refusal 400 where it is none of them; an upper-case letter counts as its lower-case one */
  oneOf<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    const chosen = choices.find((choice) => typeof value === 'string' && choice === value.toLowerCase());
    if (chosen !== undefined) return chosen;
    throw this.refusal(name, choices.join(' or '));
  }

  /** The members of an object within the body, as a body of its own. */
  inner(name: string, fields: Fields): RequestBody | undefined {
    const span = this.span(name);
    if (span === undefined) return undefined;
    if (this.kind(span) !== 'an object') throw this.refusal(name, 'an object');
    const inner = new RequestBody({ bytes: this.take(span), takeRow: this.takeRow }, new Set(Object.keys(fields)));
    inner.check(fields);
    return inner;
  }

  /** What is thrown where a member is not what it should be. */
  refusal(name: string, expected: string): Refusal {
    const span = this.#members.get(name);
    return new Refusal(400, `expected ${name} to be ${expected}, got ${span ? this.#shown(span) : 'nothing'}`);
  }

  #value(name: string): unknown {
    const span = this.span(name);
    if (span === undefined) return undefined;
    // Whatever is as long is none of the values that any member may have.
    if (span.end - span.start > LONGEST_PARSED) return this.kind(span);
    return JSON.parse(this.take(span).toString('utf8')) as unknown;
  }

  #shown({ start, end }: Span): string {
    return clip(this.bytes.subarray(start, Math.min(end, start + 1000)).toString('utf8'));
  }
}

const unknownMember = (name: string, known: readonly string[]): Refusal =>
  new Refusal(400, `expected the members ${known.join(', ')}, got ${clip(JSON.stringify(name))}`);
