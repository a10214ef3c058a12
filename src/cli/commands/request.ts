import type { ScorerRequest } from '../../scorer/request.js';
import { requestOptions } from '../../scorer/request.js';

/** The scorer's options among the flags of any command, which need not have all of them. */
export const requestOf = (flags: ScorerRequest): ScorerRequest =>
  Object.fromEntries(requestOptions.map((name) => [name, flags[name]]));
