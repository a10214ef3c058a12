/** The stack machine that runs a pickle's program: its values, and the operations that its opcodes share. */
import type { FatalError } from '../../errors.js';
import { printableAscii } from '../../platform/printable.js';
import type { ByteCursor } from './byte-cursor.js';
import { type Opcode, opcodeName } from './opcodes.js';

/** Something that a pickle may name, and call where it has `call`: undefined for arguments that it does not take. */
export class PickleGlobal {
  readonly call: ((args: readonly unknown[]) => unknown) | undefined;

  constructor(call?: (args: readonly unknown[]) => unknown) {
    this.call = call;
  }
}

export interface PickleContext {
  /** The closed list of globals that may be named, by `module.name`. */
  readonly globals: ReadonlyMap<string, PickleGlobal>;
  /** The value of a persistent id; undefined where the id is unknown. */
  readonly persistent?: (id: unknown) => unknown;
}

export class Machine {
  readonly cursor: ByteCursor;
  readonly context: PickleContext;
  readonly memo = new Map<number, unknown>();
  readonly #stack: unknown[] = [];
  readonly #marks: number[] = [];
  /** Position of the current opcode. */
  #position = 0;
  #opcode: Opcode = 'MARK';

  constructor(cursor: ByteCursor, context: PickleContext) {
    this.cursor = cursor;
    this.context = context;
  }

  /** Reads the next opcode. */
  next(): Opcode {
    this.#position = this.cursor.position;
    const byte = this.cursor.byte();
    const opcode = opcodeName(byte);
    if (opcode === undefined) throw this.broken(`expected a pickle, got 0x${byte.toString(16).padStart(2, '0')}`);
    this.#opcode = opcode;
    return opcode;
  }

  broken(what: string): FatalError {
    return this.cursor.broken(what, this.#position);
  }

  refused(what: string): FatalError {
    return this.cursor.refused(what, this.#position);
  }

  /** The error for a value that the current opcode does not take. */
  unexpected(): FatalError {
    return this.broken(`pickle has ${this.#opcode} where it does not fit`);
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  pop(): unknown {
    this.#require(1);
    return this.#stack.pop();
  }

  /** Returns the value on top, which stays. */
  top(): unknown {
    this.#require(1);
    return this.#stack.at(-1);
  }

  popTuple(length: number): void {
    this.#require(length);
    this.push(Object.freeze(this.#stack.splice(this.#stack.length - length)));
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  /** Pops all values above the last mark. */
  popToMark(): unknown[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw this.unexpected();
    return this.#stack.splice(mark);
  }

  #require(count: number): void {
    if (this.#stack.length - (this.#marks.at(-1) ?? 0) < count) throw this.unexpected();
  }

  global(module: string, name: string): void {
    const fullName = `${module}.${name}`;
    const found = this.context.globals.get(fullName);
    if (found === undefined) throw this.refused(`pickle names ${printableAscii(fullName)}, which is not allowed`);
    this.push(found);
  }

  text(length: number): string {
    try {
      return utf8.decode(this.cursor.take(length));
    } catch (error) {
      throw error instanceof TypeError ? this.broken('expected a string in UTF-8') : error;
    }
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
