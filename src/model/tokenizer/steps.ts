/** The steps of tokenizer.json, each of which has one of many types. */

export interface Step {
  readonly type: string;
  readonly [member: string]: unknown;
}

/**
 * Refuses a step with members beyond those that are obeyed here: a newer version of the library may have given it more.
 *
 * @throws Error
 */
export function checkMembers(step: Step, what: string, known: readonly string[]): void {
  const unknown = Object.keys(step).find((name) => name !== 'type' && !known.includes(name));
  if (unknown !== undefined) throw new Error(`Unknown member ${unknown} of the ${what} ${step.type}`);
}
