import type { ScorerRequest } from '../../scorer/request.js';
import { requestOptions } from '../../scorer/request.js';

/** What the flags of any command ask of a scorer; a command need not have all of them. */
export const requestOf = (flags: ScorerRequest): ScorerRequest =>
  Object.fromEntries(requestOptions.map((name) => [name, flags[name]]));
