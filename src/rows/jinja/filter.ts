import type { Arguments, Value } from './values.js';

/** `value | filter(…)` */
export type Filter = (value: Value, given: Arguments) => Value;
