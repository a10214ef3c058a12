/** The syntax tree of a template. Lines count from 1. */
import type { Value } from './values.js';

interface At {
  readonly line: number;
}

export interface CallArguments {
  readonly args: readonly Expression[];
  readonly named: readonly (readonly [name: string, value: Expression])[];
  /** What stands after `*`, and after `**`. */
  readonly spread: Expression | undefined;
  readonly namedSpread: Expression | undefined;
}

type Name = At & { readonly kind: 'name'; readonly name: string };
type NamespaceTarget = At & { readonly kind: 'member'; readonly name: string; readonly attribute: string };
type TargetTuple = At & { readonly kind: 'targets'; readonly items: readonly Target[] };
export type Target = Name | NamespaceTarget | TargetTuple;

export type Call = At & CallArguments & { readonly kind: 'call'; readonly callee: Expression };
/** `operand` is undefined where the filter is applied to the body of a block. */
export type Filter = At &
  CallArguments & { readonly kind: 'filter'; readonly name: string; readonly operand: Expression | undefined };
export type Test = At & CallArguments & { readonly kind: 'test'; readonly name: string; readonly operand: Expression };
export type Slice = At & {
  readonly kind: 'slice';
  readonly start: Expression | undefined;
  readonly stop: Expression | undefined;
  readonly step: Expression | undefined;
};

export type Expression =
  | (At & { readonly kind: 'constant'; readonly value: Value })
  | Name
  | (At & { readonly kind: 'tuple' | 'list'; readonly items: readonly Expression[] })
  | (At & { readonly kind: 'dict'; readonly entries: readonly (readonly [Expression, Expression])[] })
  | (At & { readonly kind: 'sign'; readonly operator: string; readonly operand: Expression })
  | (At & { readonly kind: 'not'; readonly operand: Expression })
  | (At & {
      readonly kind: 'arithmetic';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    })
  | (At & { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression })
  | (At & { readonly kind: 'concat'; readonly items: readonly Expression[] })
  | (At & {
      readonly kind: 'compare';
      readonly first: Expression;
      readonly rest: readonly (readonly [operator: string, operand: Expression])[];
    })
  | (At & {
      readonly kind: 'condition';
      readonly test: Expression;
      readonly then: Expression;
      readonly otherwise: Expression | undefined;
    })
  | (At & { readonly kind: 'attribute'; readonly object: Expression; readonly name: string })
  | (At & { readonly kind: 'item'; readonly object: Expression; readonly key: Expression | Slice })
  | Call
  | Filter
  | Test;

export interface Parameter {
  readonly name: string;
  readonly otherwise: Expression | undefined;
}

export type Text = At & { readonly kind: 'text'; readonly text: string };
export type For = At & {
  readonly kind: 'for';
  readonly target: Target;
  readonly iterable: Expression;
  readonly test: Expression | undefined;
  readonly recursive: boolean;
  readonly body: readonly Statement[];
  readonly otherwise: readonly Statement[];
};
export type If = At & {
  readonly kind: 'if';
  readonly test: Expression;
  readonly body: readonly Statement[];
  readonly elifs: readonly If[];
  readonly otherwise: readonly Statement[];
};
export type Macro = At & {
  readonly kind: 'macro';
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: readonly Statement[];
};
/** `call` is undefined for the block `generation` of transformers, which gives its body. */
export type CallBlock = At & {
  readonly kind: 'callBlock';
  readonly parameters: readonly Parameter[];
  readonly call: Call | undefined;
  readonly body: readonly Statement[];
};
export type FilterBlock = At & {
  readonly kind: 'filterBlock';
  readonly filter: Filter;
  readonly body: readonly Statement[];
};
export type With = At & {
  readonly kind: 'with';
  readonly bindings: readonly (readonly [Target, Expression])[];
  readonly body: readonly Statement[];
};
export type SetBlock = At & {
  readonly kind: 'setBlock';
  readonly target: Target;
  readonly filter: Filter | undefined;
  readonly body: readonly Statement[];
};

export type Statement =
  | Text
  | (At & { readonly kind: 'print'; readonly values: readonly Expression[] })
  | For
  | If
  | Macro
  | CallBlock
  | FilterBlock
  | With
  | (At & { readonly kind: 'set'; readonly target: Target; readonly value: Expression })
  | SetBlock
  | (At & { readonly kind: 'break' | 'continue' });
