/**
 * Which variable a name is, decided before a template runs, as Jinja2's compiler does (jinja2/idtracking.py, 3.1.6): a name
 * that is assigned anywhere in a scope is a variable of that scope from its beginning.
 */
import { TemplateError, unsupported } from './errors.js';
import { filterNames } from './filter-names.js';
import type { CallBlock, Expression, Filter, For, If, Macro, Statement, Target, Test } from './nodes.js';
import { testNames } from './tests.js';
import { childrenOf, defaultsOf, type Node, namesIn, some } from './walk.js';

/** What a variable holds when its scope is entered. */
type Load =
  | { readonly from: 'context'; readonly name: string }
  | { readonly from: 'outer'; readonly variable: string }
  | { readonly from: 'caller' }
  | { readonly from: 'nothing' };

export class Scope {
  readonly parent: Scope | undefined;
  readonly level: number;
  #variables = new Map<string, string>();
  #loads = new Map<string, Load>();
  #stores = new Set<string>();

  constructor(parent?: Scope) {
    this.parent = parent;
    this.level = parent === undefined ? 0 : parent.level + 1;
  }

  get loads(): ReadonlyMap<string, Load> {
    return this.#loads;
  }

  /** The variable that a name is: unique among the scopes around one place. */
  find(name: string): string | undefined {
    return this.#variables.get(name) ?? this.parent?.find(name);
  }

  copy(): Scope {
    const copy = new Scope(this.parent);
    copy.#variables = new Map(this.#variables);
    copy.#loads = new Map(this.#loads);
    copy.#stores = new Set(this.#stores);
    return copy;
  }

  load(name: string): void {
    if (this.find(name) === undefined) this.#define(name, { from: 'context', name });
  }

  store(name: string): void {
    this.#stores.add(name);
    if (this.#variables.has(name)) return;
    const variable = this.parent?.find(name);
    this.#define(name, variable === undefined ? { from: 'nothing' } : { from: 'outer', variable });
  }

  declare(name: string): void {
    this.#stores.add(name);
    this.#define(name, { from: 'caller' });
  }

  /** Joins the branches of an `if`: what one of them assigns is, until then, what it is without. */
  join(branches: readonly Scope[]): void {
    const stored = new Set(branches.flatMap((branch) => [...branch.#stores]).filter((name) => !this.#stores.has(name)));
    for (const branch of branches) {
      for (const [name, variable] of branch.#variables) this.#variables.set(name, variable);
      for (const [variable, load] of branch.#loads) this.#loads.set(variable, load);
      for (const name of branch.#stores) this.#stores.add(name);
    }
    for (const name of stored) {
      const outer = this.parent?.find(name);
      const load: Load = outer === undefined ? { from: 'context', name } : { from: 'outer', variable: outer };
      this.#loads.set(this.find(name) as string, load);
    }
  }

  #define(name: string, load: Load): void {
    const variable = `${this.level} ${name}`;
    this.#variables.set(name, variable);
    this.#loads.set(variable, load);
  }
}

/** The scopes of a template, by what they are the scope of: a block, or the list of statements that a loop runs. */
export type Scopes = ReadonlyMap<object, Scope>;

/** @throws TemplateError for what Jinja2 refuses before it renders anything */
export function scopesOf(template: readonly Statement[]): Scopes {
  const scopes = new Map<object, Scope>();
  const root = new Scope();
  for (const statement of template) track(statement, root);
  scopes.set(template, root);
  new Resolver(scopes).statements(template, root, false);
  return scopes;
}

/** Finds the names that a node uses in the scope itself; the bodies of blocks have scopes of their own. */
function track(node: Node, scope: Scope): void {
  switch (node.kind) {
    case 'name':
    case 'member':
      scope.load(node.name);
      return;
    case 'if':
      trackIf(node, scope);
      return;
    case 'macro':
      scope.store(node.name);
      return;
    case 'set':
      track(node.value, scope);
      trackTarget(node.target, scope);
      return;
    case 'setBlock':
      trackTarget(node.target, scope);
      return;
    case 'for':
      track(node.iterable, scope);
      return;
    case 'callBlock':
      if (node.call) track(node.call, scope);
      return;
    case 'filterBlock':
      track(node.filter, scope);
      return;
    case 'with':
      for (const [, value] of node.bindings) track(value, scope);
      return;
    default:
      for (const child of childrenOf(node)) track(child, scope);
  }
}

function trackTarget(target: Target, scope: Scope): void {
  if (target.kind === 'targets') for (const item of target.items) trackTarget(item, scope);
  else if (target.kind === 'member') scope.load(target.name);
  else scope.store(target.name);
}

function trackIf(node: If, scope: Scope): void {
  track(node.test, scope);
  const branches = [node.body, node.elifs, node.otherwise].map((nodes) => {
    const branch = scope.copy();
    for (const child of nodes) track(child, branch);
    return branch;
  });
  scope.join(branches);
}

/** Makes the scopes inside of others, and checks what is known before a template runs. */
class Resolver {
  readonly #scopes: Map<object, Scope>;

  constructor(scopes: Map<object, Scope>) {
    this.#scopes = scopes;
  }

  /** @param isConditional whether they are in an `if` of this scope, where a filter that there is not is an error when it is used */
  statements(nodes: readonly Node[], scope: Scope, isConditional: boolean): void {
    for (const node of nodes) this.#node(node, scope, isConditional);
  }

  #node(node: Node, scope: Scope, isConditional: boolean): void {
    switch (node.kind) {
      case 'name':
        if (node.name === 'self') throw located(unsupported('the name self'), node.line);
        if (scope.find(node.name) === undefined) throw new TemplateError(`unknown name ${node.name}`, node.line);
        return;
      case 'filter':
      case 'test':
        if (!isConditional) checkName(node);
        break;
      case 'condition':
      case 'if':
        this.statements(childrenOf(node), scope, true);
        return;
      case 'for':
        this.#for(node, scope, isConditional);
        return;
      case 'macro':
      case 'callBlock':
        this.#function(node, scope, isConditional);
        return;
      case 'filterBlock':
        this.#block(node, [...node.body, node.filter], [], scope);
        return;
      case 'setBlock':
        // Jinja2 does not look for names in the filters' arguments.
        this.#block(node, node.body, [], scope, node.filter ? [node.filter] : []);
        return;
      case 'with':
        this.statements(
          node.bindings.map(([, value]) => value),
          scope,
          isConditional,
        );
        this.#block(
          node,
          node.body,
          node.bindings.flatMap(([target]) => namesIn(target)),
          scope,
        );
        return;
      case 'set':
        this.#node(node.value, scope, isConditional);
        return;
      default:
    }
    this.statements(childrenOf(node), scope, isConditional);
  }

  #block(
    key: object,
    body: readonly Node[],
    declared: readonly string[],
    outer: Scope,
    more: readonly Node[] = [],
  ): void {
    const scope = new Scope(outer);
    for (const name of declared) scope.declare(name);
    for (const node of body) track(node, scope);
    this.#scopes.set(key, scope);
    this.statements([...body, ...more], scope, false);
  }

  #for(node: For, scope: Scope, isConditional: boolean): void {
    if (some([node], (part) => assigns(part, 'loop'))) {
      throw new TemplateError('cannot assign to the special loop variable', node.line);
    }
    this.#node(node.iterable, scope, isConditional);
    const names = namesIn(node.target);
    this.#block(node.body, node.body, hasLoop(node) ? ['loop', ...names] : names, scope);
    this.#block(node.otherwise, node.otherwise, [], scope);
    if (node.test) this.#block(node.test, [node.test], names, scope);
  }

  #function(node: Macro | CallBlock, outer: Scope, isConditional: boolean): void {
    if (node.kind === 'callBlock' && node.call) this.#node(node.call, outer, isConditional);
    const names = node.parameters.map(({ name }) => name);
    const caller = node.parameters.find(({ name }) => name === 'caller');
    const special = specialNames(node);
    if (caller && caller.otherwise === undefined && special.includes('caller')) {
      throw new TemplateError('the parameter caller must have a default', node.line);
    }
    const scope = new Scope(outer);
    const parts = [...defaultsOf(node), ...node.body];
    for (const name of names) scope.declare(name);
    for (const part of parts) track(part, scope);
    for (const name of special) if (!names.includes(name)) scope.declare(name);
    this.#scopes.set(node, scope);
    this.statements(parts, scope, false);
  }
}

function checkName({ kind, name, line }: Filter | Test): void {
  if (!(kind === 'filter' ? filterNames : testNames).has(name))
    throw new TemplateError(`No ${kind} named '${name}'.`, line);
}

const assigns = (node: Node, name: string): boolean =>
  (node.kind === 'for' || node.kind === 'set' || node.kind === 'setBlock') && namesIn(node.target).includes(name);

/** Whether the body of a loop refers to `loop`, so that it is this loop's. */
export const hasLoop = ({ recursive, body }: For): boolean => recursive || undeclaredIn(body, ['loop']).has('loop');

/** What a macro has beside its parameters, where its body refers to it. */
export const specialNames = ({ body }: Macro | CallBlock): string[] => {
  const found = undeclaredIn(body, ['caller', 'kwargs', 'varargs']);
  return ['caller', 'kwargs', 'varargs'].filter((name) => found.has(name));
};

/** Those of the names that are read somewhere in the nodes before they are assigned. */
function undeclaredIn(nodes: readonly (Statement | Expression)[], names: readonly string[]): Set<string> {
  const open = new Set(names);
  const found = new Set<string>();
  const visit = (node: Node): void => {
    if (node.kind === 'name' && open.has(node.name)) found.add(node.name);
    for (const target of targetsOf(node)) for (const name of namesIn(target)) open.delete(name);
    if (node.kind === 'macro' || node.kind === 'callBlock') for (const { name } of node.parameters) open.delete(name);
    for (const child of childrenOf(node)) if (!targetsOf(node).includes(child as Target)) visit(child);
  };
  for (const node of nodes) visit(node);
  return found;
}

function targetsOf(node: Node): readonly Target[] {
  if (node.kind === 'for' || node.kind === 'set' || node.kind === 'setBlock') return [node.target];
  return node.kind === 'with' ? node.bindings.map(([target]) => target) : [];
}

function located(error: TemplateError, line: number): TemplateError {
  error.line = line;
  return error;
}
