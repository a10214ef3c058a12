/** A row as a line of JSON, made of its columns' values by the schema. */
import type { SchemaNode } from './hyparquet.js';
import { jsonOfLeaf, type LeafToJson } from './leaf-json.js';
import type { Leaf, Schema } from './schema.js';

/** Makes JSON of a column's value as hyparquet assembles it. */
type ToJson = (value: unknown) => string;

export interface RowColumn {
  readonly name: string;
  readonly node: SchemaNode;
  readonly leaves: readonly Leaf[];
  readonly toJson: ToJson;
}

/** @param wanted the names of the columns that are read; undefined: all are */
export function rowColumns({ root, leaves }: Schema, wanted: ReadonlySet<string> | undefined): RowColumn[] {
  const formatters = new Map(leaves.map((leaf) => [leaf.nodes.at(-1) as SchemaNode, jsonOfLeaf(leaf)]));
  return root.children.flatMap((node): RowColumn[] => {
    const { name } = node.element;
    if (wanted !== undefined && !wanted.has(name)) return [];
    return [{ name, node, leaves: leaves.filter(({ path }) => path[0] === name), toJson: toJsonOf(node, formatters) }];
  });
}

function toJsonOf(node: SchemaNode, formatters: ReadonlyMap<SchemaNode, LeafToJson>): ToJson {
  const single = singleToJson(node, formatters);
  return node.element.repetition_type === 'REPEATED' ? listToJson(single) : single;
}

const listToJson =
  (item: ToJson): ToJson =>
  (value) =>
    isMissing(value) ? 'null' : `[${(value as unknown[]).map(item).join(',')}]`;

const isMissing = (value: unknown): value is null | undefined => value === null || value === undefined;

/** Of one of the values where the node is repeated. */
function singleToJson(node: SchemaNode, formatters: ReadonlyMap<SchemaNode, LeafToJson>): ToJson {
  const { children } = node;
  if (children.length === 0) {
    const format = formatters.get(node) as LeafToJson;
    return (value) => (isMissing(value) ? 'null' : format(value as number));
  }
  const [first] = children as [SchemaNode];
  if (isList(node)) {
    const [lone] = first.children;
    // What is repeated is the element itself, or holds it alone: hyparquet assembles by the same rule.
    const inner = lone !== undefined && first.children.length === 1 ? toJsonOf(lone, formatters) : undefined;
    return listToJson(inner ?? singleToJson(first, formatters));
  }
  if (node.isMap && children.length === 1 && first.children.length === 2) {
    return mapToJson(first, formatters);
  }
  const members = children.map((child) => {
    const { name } = child.element;
    return { name, key: JSON.stringify(name), toJson: toJsonOf(child, formatters) };
  });
  return (value) => {
    if (isMissing(value)) return 'null';
    const object = value as Readonly<Record<string, unknown>>;
    return `{${members.map(({ name, key, toJson }) => `${key}:${toJson(object[name])}`).join(',')}}`;
  };
}

const isList = ({ element, children: [first, ...others] }: SchemaNode): boolean =>
  element.converted_type === 'LIST' &&
  first !== undefined &&
  others.length === 0 &&
  first.element.repetition_type === 'REPEATED' &&
  first.children.length <= 1;

/** A map is an object, whose keys are strings whatever they were. */
function mapToJson(pair: SchemaNode, formatters: ReadonlyMap<SchemaNode, LeafToJson>): ToJson {
  const [key, value] = pair.children as [SchemaNode, SchemaNode];
  const [keyToJson, valueToJson] = [toJsonOf(key, formatters), toJsonOf(value, formatters)];
  return (map) => {
    if (isMissing(map)) return 'null';
    const pairs = (map as Readonly<Record<string, unknown>>)[pair.element.name];
    if (isMissing(pairs)) return 'null';
    const entries = (pairs as readonly Readonly<Record<string, unknown>>[]).map((entry) => {
      const name = keyToJson(entry[key.element.name]);
      return `${name.startsWith('"') ? name : JSON.stringify(name)}:${valueToJson(entry[value.element.name])}`;
    });
    return `{${entries.join(',')}}`;
  };
}
