/** Inputs of a program as JSON lines, which is what workers read. */
import { messageOf } from '../errors.js';
import { failure, type RowFailure } from '../rows/failure.js';

/** A text, or a row in any of the forms that the command line reads. */
export type RewardInput = string | object;

/** Writes inputs as lines, and remembers those that JSON has no way to write. */
export class InputLines {
  readonly #problems = new Map<number, RowFailure>();
  #index = 0;

  /** Exactly one line, whatever the input is: it becomes a bad row, and not a row too few. */
  lineOf(input: RewardInput): string {
    const index = this.#index++;
    try {
      const line = JSON.stringify(input);
      if (line !== undefined) return `${line}\n`;
      this.#problems.set(index, failure('BAD_ROW', `expected a string or an object, got ${got(input)}`));
    } catch (error) {
      // A BigInt, a circle, a getter that throws, or more levels than the stack has room for.
      this.#problems.set(index, failure('BAD_ROW', `expected an input that JSON can hold: ${reasonOf(error)}`));
    }
    return 'null\n';
  }

  /** What is wrong with the input of this index, from 0; undefined if nothing is. Called once for each input. */
  takeProblem(index: number): RowFailure | undefined {
    const problem = this.#problems.get(index);
    this.#problems.delete(index);
    return problem;
  }
}

const got = (input: unknown): string =>
  typeof input === 'object' ? 'an object whose toJSON() gives nothing' : typeof input;

/** In words, of whatever an input throws. */
function reasonOf(thrown: unknown): string {
  try {
    return String(messageOf(thrown));
  } catch {
    return 'it throws what has no text';
  }
}
