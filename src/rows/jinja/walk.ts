/** The parts of a node, in the order in which Jinja2 visits them. */
import type { CallArguments, Expression, Slice, Statement, Target } from './nodes.js';

export type Node = Statement | Expression | Slice | Target;

export function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'constant':
    case 'name':
    case 'member':
    case 'text':
    case 'break':
    case 'continue':
      return [];
    case 'tuple':
    case 'list':
    case 'concat':
    case 'targets':
      return node.items;
    case 'dict':
      return node.entries.flat();
    case 'sign':
    case 'not':
      return [node.operand];
    case 'arithmetic':
    case 'and':
    case 'or':
      return [node.left, node.right];
    case 'compare':
      return [node.first, ...node.rest.map(([, operand]) => operand)];
    case 'condition':
      return present([node.test, node.then, node.otherwise]);
    case 'attribute':
      return [node.object];
    case 'item':
      return [node.object, node.key];
    case 'slice':
      return present([node.start, node.stop, node.step]);
    case 'call':
      return [node.callee, ...argumentsOf(node)];
    case 'filter':
    case 'test':
      return [...present([node.operand]), ...argumentsOf(node)];
    case 'print':
      return node.values;
    case 'for':
      return [node.target, node.iterable, ...node.body, ...node.otherwise, ...present([node.test])];
    case 'if':
      return [node.test, ...node.body, ...node.elifs, ...node.otherwise];
    case 'macro':
      return [...defaultsOf(node), ...node.body];
    case 'callBlock':
      return [...present([node.call]), ...defaultsOf(node), ...node.body];
    case 'filterBlock':
      return [...node.body, node.filter];
    case 'with':
      return [...node.bindings.flat(), ...node.body];
    case 'set':
      return [node.target, node.value];
    case 'setBlock':
      return [node.target, ...present([node.filter]), ...node.body];
  }
}

export const defaultsOf = ({ parameters }: { parameters: readonly { otherwise: Expression | undefined }[] }): Node[] =>
  present(parameters.map(({ otherwise }) => otherwise));

const argumentsOf = ({ args, named, spread, namedSpread }: CallArguments): Node[] => [
  ...args,
  ...named.map(([, value]) => value),
  ...present([spread, namedSpread]),
];

const present = (nodes: readonly (Node | undefined)[]): Node[] => nodes.filter((node) => node !== undefined);

/** The names that a target assigns to. */
export function namesIn(target: Target): string[] {
  if (target.kind === 'targets') return target.items.flatMap(namesIn);
  return target.kind === 'name' ? [target.name] : [];
}

/** Whether one of the nodes, or a part of it, is so. */
export const some = (nodes: readonly Node[], isSo: (node: Node) => boolean): boolean =>
  nodes.some((node) => isSo(node) || some(childrenOf(node), isSo));
