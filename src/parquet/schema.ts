/** A file's schema: a tree whose leaves are the columns that are stored. */
import { usageError } from '../errors.js';
import { fieldsOf } from './field-numbers.js';
import type { PhysicalType, Repetition, SchemaNode } from './hyparquet.js';
import { fieldOf, numberOf, structOf, ThriftError, type ThriftStruct, textOf } from './thrift.js';

/** How the values of a leaf are meant, beyond how they are stored. */
type Meaning =
  | { readonly kind: 'plain' | 'string' | 'unsigned' | 'date' | 'uuid' | 'float16' | 'interval' | 'null' }
  | { readonly kind: 'decimal'; readonly scale: number }
  | { readonly kind: 'time'; readonly digits: number }
  | { readonly kind: 'timestamp'; readonly digits: number; readonly utc: boolean };

export interface Leaf {
  /** Names from below the root. */
  readonly path: readonly string[];
  /** Nodes from the root to the leaf. */
  readonly nodes: readonly SchemaNode[];
  readonly type: PhysicalType;
  /** Bytes of a FIXED_LEN_BYTE_ARRAY. */
  readonly length: number | undefined;
  readonly meaning: Meaning;
  /** The level at which a value is there. */
  readonly definitions: number;
  /** How many lists it is in. */
  readonly repetitions: number;
}

export interface Schema {
  readonly root: SchemaNode;
  readonly leaves: readonly Leaf[];
}

const physicalTypes = [
  'BOOLEAN',
  'INT32',
  'INT64',
  'INT96',
  'FLOAT',
  'DOUBLE',
  'BYTE_ARRAY',
  'FIXED_LEN_BYTE_ARRAY',
] as const satisfies readonly PhysicalType[];
const repetitions = ['REQUIRED', 'OPTIONAL', 'REPEATED'] as const satisfies readonly Repetition[];

/** Numbers of ConvertedType. */
const converted = {
  utf8: 0,
  map: 1,
  keyValue: 2,
  list: 3,
  enum: 4,
  decimal: 5,
  date: 6,
  timeMillis: 7,
  timeMicros: 8,
  timestampMillis: 9,
  timestampMicros: 10,
  unsigned8: 11,
  unsigned64: 14,
  json: 19,
  interval: 21,
} as const;

/** Numbers of the fields of LogicalType. */
const logical = {
  string: 1,
  map: 2,
  list: 3,
  enum: 4,
  decimal: 5,
  date: 6,
  time: 7,
  timestamp: 8,
  integer: 10,
  null: 11,
  json: 12,
  uuid: 14,
  float16: 15,
  variant: 16,
} as const;

const MOST_DEPTH = 64;

/** @throws ThriftError where the elements make up no tree; FatalError `usage` where two columns have one name */
export function readSchema(elements: readonly ThriftStruct[], name: string): Schema {
  const leaves: Leaf[] = [];
  let next = 0;
  const read = (above: readonly SchemaNode[], path: readonly string[]): SchemaNode => {
    const element = elements[next++];
    if (element === undefined || path.length > MOST_DEPTH) throw new ThriftError('its schema is no tree');
    const { element: fields } = fieldsOf;
    const own = textOf(element, fields.name) ?? '';
    const isRoot = above.length === 0;
    const count = numberOf(element, fields.children) ?? 0;
    const type = numberOf(element, fields.type);
    const children: SchemaNode[] = [];
    const repetition = isRoot ? 'REQUIRED' : (repetitions[numberOf(element, fields.repetition) ?? 0] ?? 'REQUIRED');
    const ownPath = isRoot ? [] : [...path, own];
    const length = numberOf(element, fields.length);
    const isLeaf = count === 0 && !isRoot;
    const physical = isLeaf ? physicalTypes[type ?? -1] : undefined;
    if (isLeaf && physical === undefined) throw new ThriftError(`the column ${ownPath.join('.')} has the type ${type}`);
    const annotation = isLeaf ? undefined : groupAnnotation(element);
    const node: SchemaNode = {
      element: {
        name: own,
        repetition_type: repetition,
        ...(physical !== undefined && { type: physical }),
        ...(length !== undefined && { type_length: length }),
        ...(annotation === 'LIST' && { converted_type: annotation }),
      },
      isMap: annotation === 'MAP',
      children,
      path: ownPath,
    };
    for (let i = 0; i < count; i++) children.push(read([...above, node], ownPath));
    if (physical !== undefined) {
      const nodes = [...above, node];
      const levels = nodes.slice(1).map((one) => one.element.repetition_type);
      leaves.push({
        path: ownPath,
        nodes,
        type: physical,
        length,
        meaning: meaningOf(element, physical),
        definitions: levels.filter((level) => level !== 'REQUIRED').length,
        repetitions: levels.filter((level) => level === 'REPEATED').length,
      });
    }
    return node;
  };
  const root = read([], []);
  if (next !== elements.length) throw new ThriftError('its schema has elements outside of its tree');
  const names = root.children.map((child) => child.element.name);
  const doubled = names.find((one, i) => names.indexOf(one) !== i);
  if (doubled !== undefined) throw usageError(`${name}: expected columns of different names, got ${doubled} twice`);
  return { root, leaves };
}

/** A list that is written in the usual ways; anything else is assembled as the groups that it consists of. */
function groupAnnotation(element: ThriftStruct): 'LIST' | 'MAP' | undefined {
  const type = numberOf(element, fieldsOf.element.converted);
  const union = structOf(element, fieldsOf.element.logical);
  const is = (number: number): boolean => union !== undefined && fieldOf(union, number) !== undefined;
  if (type === converted.list || is(logical.list)) return 'LIST';
  if (type === converted.map || type === converted.keyValue || is(logical.map)) return 'MAP';
  return undefined;
}

/** Digits of a second by the field of TimeUnit. */
const digitsOfUnit: Readonly<Record<number, number>> = { 1: 3, 2: 6, 3: 9 };

function meaningOf(element: ThriftStruct, type: PhysicalType): Meaning {
  const union = structOf(element, fieldsOf.element.logical);
  const annotated = union === undefined ? undefined : logicalMeaning(union);
  if (annotated !== undefined) return annotated;
  if (type === 'INT96') return { kind: 'timestamp', digits: 9, utc: false };
  const number = numberOf(element, fieldsOf.element.converted);
  switch (number) {
    case converted.utf8:
    case converted.enum:
    case converted.json:
      return { kind: 'string' };
    case converted.decimal:
      return { kind: 'decimal', scale: numberOf(element, fieldsOf.element.scale) ?? 0 };
    case converted.date:
      return { kind: 'date' };
    case converted.timeMillis:
      return { kind: 'time', digits: 3 };
    case converted.timeMicros:
      return { kind: 'time', digits: 6 };
    case converted.timestampMillis:
      return { kind: 'timestamp', digits: 3, utc: true };
    case converted.timestampMicros:
      return { kind: 'timestamp', digits: 6, utc: true };
    case converted.interval:
      return { kind: 'interval' };
    default:
      return {
        kind:
          number !== undefined && number >= converted.unsigned8 && number <= converted.unsigned64
            ? 'unsigned'
            : 'plain',
      };
  }
}

function logicalMeaning(union: ThriftStruct): Meaning | undefined {
  const [field] = union.fields;
  const inner = field === undefined ? undefined : structOf(union, field.id);
  if (field === undefined || inner === undefined) return undefined;
  const unit = structOf(inner, 2)?.fields[0]?.id ?? 0;
  const digits = digitsOfUnit[unit] ?? 3;
  switch (field.id) {
    case logical.string:
    case logical.enum:
    case logical.json:
      return { kind: 'string' };
    case logical.decimal:
      return { kind: 'decimal', scale: numberOf(inner, 1) ?? 0 };
    case logical.date:
      return { kind: 'date' };
    case logical.time:
      return { kind: 'time', digits };
    case logical.timestamp:
      return { kind: 'timestamp', digits, utc: fieldOf(inner, 1) === true };
    case logical.integer:
      return { kind: fieldOf(inner, 2) === false ? 'unsigned' : 'plain' };
    case logical.null:
      return { kind: 'null' };
    case logical.uuid:
      return { kind: 'uuid' };
    case logical.float16:
      return { kind: 'float16' };
    default:
      return undefined;
  }
}

/** Leaves below a column of the rows. */
export const leavesOf = ({ leaves }: Schema, column: string): readonly Leaf[] =>
  leaves.filter(({ path }) => path[0] === column);
