/**
 * Reads the pickles that torch.save writes for the weights of a model, and no others.
 *
 * A pickle is a program for a stack machine. Here it builds numbers, strings, tuples, lists, dicts and what the caller
 * lists by name; any other name and any other opcode is refused by name. Nothing is imported or executed. Memory is
 * bounded: every opcode makes at most one value, no longer than the bytes it took.
 *
 * Source: Python 3.11, Lib/pickle.py and Lib/pickletools.py
 */
import type { ByteCursor } from './byte-cursor.js';
import type { Opcode } from './opcodes.js';
import { Machine, type PickleContext, PickleGlobal } from './pickle-machine.js';

const HIGHEST_PROTOCOL = 5;

/** GPT-2 XL takes 20,000. */
const MAX_OPCODES = 1 << 20;

/** GPT-2 XL takes 75 kB. */
export const MAX_PICKLE_BYTES = 64 << 20;

/** torch's magic number takes 10 bytes. */
const MAX_INTEGER_BYTES = 16;

/**
 * Reads the pickle at the cursor, which is behind it afterwards, and returns its value. Tuples are frozen arrays, dicts
 * are Maps, integers beyond 2^53 are bigints, and every global is the object in the caller's list.
 *
 * @throws FatalError `run` where it is not a whole pickle, or holds something that is not allowed
 */
export function unpickle(cursor: ByteCursor, context: PickleContext): unknown {
  const machine = new Machine(cursor, context);
  for (let count = 0; count < MAX_OPCODES; count++) {
    const opcode = machine.next();
    if (opcode === 'STOP') return machine.pop();
    const operation = operations[opcode];
    if (operation === undefined) throw machine.refused(`pickle uses ${opcode}, which the weights of a model need not`);
    operation(machine);
  }
  throw cursor.refused(`expected a pickle of at most ${MAX_OPCODES} opcodes`);
}

const uint32 = (machine: Machine): number => machine.cursor.take(4).readUInt32LE();

const memoize = (machine: Machine, index: number): void => {
  machine.memo.set(index, machine.top());
};

function recall(machine: Machine, index: number): void {
  if (!machine.memo.has(index)) throw machine.unexpected();
  machine.push(machine.memo.get(index));
}

function extend(machine: Machine, items: readonly unknown[]): void {
  const list = machine.top();
  if (!Array.isArray(list) || Object.isFrozen(list)) throw machine.unexpected();
  for (const item of items) list.push(item);
}

function setItems(machine: Machine, items: readonly unknown[]): void {
  const dict = machine.top();
  if (!(dict instanceof Map) || items.length % 2 !== 0) throw machine.unexpected();
  for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
}

function integer(machine: Machine, value: bigint): void {
  const number = Number(value);
  machine.push(Number.isSafeInteger(number) ? number : value);
}

function longFromBytes(machine: Machine, length: number): void {
  if (length > MAX_INTEGER_BYTES) throw machine.refused(`expected an integer of at most ${MAX_INTEGER_BYTES} bytes`);
  const hex = Buffer.from(machine.cursor.take(length)).reverse().toString('hex');
  integer(machine, BigInt.asIntN(8 * length, BigInt(`0x${hex || '0'}`)));
}

/** Protocol 1 writes decimal digits (False and True as 00 and 01), with an L behind longer ones. */
function integerFromLine(machine: Machine, form: RegExp): void {
  const digits = form.exec(machine.cursor.line())?.[1];
  if (digits === undefined) throw machine.unexpected();
  integer(machine, BigInt(digits));
}

function callGlobal(machine: Machine): void {
  const args = machine.pop();
  const callee = machine.pop();
  if (!Array.isArray(args) || !(callee instanceof PickleGlobal)) throw machine.unexpected();
  if (callee.call === undefined) throw machine.unexpected();
  const value = callee.call(args);
  if (value === undefined) throw machine.broken('pickle calls what it names with arguments that do not fit');
  machine.push(value);
}

/** All that torch.save writes in protocols 1 to 5, from Python 2 and 3, for a dict of tensors. */
const operations: Readonly<Partial<Record<Opcode, (machine: Machine) => void>>> = {
  PROTO: (machine) => {
    const protocol = machine.cursor.byte();
    if (protocol > HIGHEST_PROTOCOL) {
      throw machine.refused(`expected pickle protocol ${HIGHEST_PROTOCOL} or lower, got ${protocol}`);
    }
  },
  FRAME: (machine) => void machine.cursor.take(8), // The length of a frame matters only to a reader of a pipe.

  NONE: (machine) => machine.push(null),
  NEWTRUE: (machine) => machine.push(true),
  NEWFALSE: (machine) => machine.push(false),
  BININT: (machine) => machine.push(machine.cursor.take(4).readInt32LE()),
  BININT1: (machine) => machine.push(machine.cursor.byte()),
  BININT2: (machine) => machine.push(machine.cursor.take(2).readUInt16LE()),
  LONG1: (machine) => longFromBytes(machine, machine.cursor.byte()),
  INT: (machine) => integerFromLine(machine, /^(-?\d{1,19})$/),
  LONG: (machine) => integerFromLine(machine, /^(-?\d{1,38})L$/),
  BINUNICODE: (machine) => machine.push(machine.text(uint32(machine))),
  SHORT_BINUNICODE: (machine) => machine.push(machine.text(machine.cursor.byte())),
  BINSTRING: (machine) => machine.push(machine.text(uint32(machine))), // These two come from Python 2.
  SHORT_BINSTRING: (machine) => machine.push(machine.text(machine.cursor.byte())),

  MARK: (machine) => machine.mark(),
  EMPTY_TUPLE: (machine) => machine.popTuple(0),
  TUPLE1: (machine) => machine.popTuple(1),
  TUPLE2: (machine) => machine.popTuple(2),
  TUPLE3: (machine) => machine.popTuple(3),
  TUPLE: (machine) => machine.push(Object.freeze(machine.popToMark())),
  EMPTY_LIST: (machine) => machine.push([]),
  APPEND: (machine) => extend(machine, [machine.pop()]),
  APPENDS: (machine) => extend(machine, machine.popToMark()),
  EMPTY_DICT: (machine) => machine.push(new Map()),
  SETITEM: (machine) => {
    const value = machine.pop();
    setItems(machine, [machine.pop(), value]);
  },
  SETITEMS: (machine) => setItems(machine, machine.popToMark()),

  BINPUT: (machine) => memoize(machine, machine.cursor.byte()),
  LONG_BINPUT: (machine) => memoize(machine, uint32(machine)),
  MEMOIZE: (machine) => memoize(machine, machine.memo.size),
  BINGET: (machine) => recall(machine, machine.cursor.byte()),
  LONG_BINGET: (machine) => recall(machine, uint32(machine)),

  GLOBAL: (machine) => machine.global(machine.cursor.line(), machine.cursor.line()),
  STACK_GLOBAL: (machine) => {
    const name = machine.pop();
    const module = machine.pop();
    if (typeof module !== 'string' || typeof name !== 'string') throw machine.unexpected();
    machine.global(module, name);
  },
  REDUCE: callGlobal,
  BUILD: (machine) => {
    // Attributes of an OrderedDict (torch's _metadata) are not used.
    const state = machine.pop();
    if (!(state instanceof Map && machine.top() instanceof Map)) throw machine.unexpected();
  },
  BINPERSID: (machine) => {
    const value = machine.context.persistent?.(machine.pop());
    if (value === undefined) throw machine.refused('pickle refers to something that is no storage of a tensor');
    machine.push(value);
  },
};
