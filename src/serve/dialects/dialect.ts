/**
 * How another server's clients ask for scores: which members a request may have, which rows it stands for, and what is
 * answered. A dialect is a file of its own, and knows nothing of HTTP.
 */
import type { Refusal } from '../refusal.js';
import type { ServedModel } from '../served-model.js';
import type { Fields, RequestBody } from './request-body.js';
import type { Scores } from './scores.js';

/** What is asked for: rows, and what becomes of their scores. */
interface Asked {
  /** The member of the request that the rows come from, as messages call them. */
  readonly name: string;
  /** JSON lines without blank ones, each with its line end. */
  readonly lines: Buffer;
  /**
   * Makes the answer, as JSON.
   *
   * @throws Refusal 422 where a row has no score: none is made up for it
   */
  readonly answer: (scores: Scores) => object;
}

export interface Dialect {
  /** Whose form it is, as documents say it. */
  readonly server: string;
  /** One line: what is asked for, and what is answered. */
  readonly summary: string;
  /** The member by which a request is told from those of other dialects on the path; undefined: it is what is left. */
  readonly mark?: string;
  readonly fields: Fields;
  /**
   * @throws Refusal 400 for a request that is not of this form, or that asks for what this server does not do; 413 or
   *   503 where it has more rows than there is room for
   */
  readonly read: (request: RequestBody, served: ServedModel) => Asked;
  /** The body that says what is wrong. */
  readonly error: (refusal: Refusal) => object;
}
