/** Which dialect a request is in, where a path has several. */
import type { ReceivedBody } from '../body-reader.js';
import { plainError } from '../refusal.js';
import { isPath, type Path, routes } from '../routes.js';
import type { Dialect } from './dialect.js';
import { RequestBody } from './request-body.js';

/**
 * Reads the body as far as it takes to know whose form it has.
 *
 * @throws Refusal 400 where it is in none of the path's
 */
export function askedOf(path: Path, body: ReceivedBody): { readonly dialect: Dialect; readonly request: RequestBody } {
  const dialects = dialectsOf(path);
  const request = new RequestBody(body, new Set(dialects.flatMap(({ fields }) => Object.keys(fields))));
  const marked = dialects.find(({ mark }) => mark !== undefined && request.has(mark));
  return { dialect: marked ?? (dialects[0] as Dialect), request };
}

/** The form of an error of which it is not known yet in which dialect its request is. */
export const errorForm = (path: string): Dialect['error'] =>
  (isPath(path) ? dialectsOf(path)[0]?.error : undefined) ?? plainError;

function dialectsOf(path: Path): readonly Dialect[] {
  const route = routes[path];
  return 'dialects' in route ? route.dialects : [];
}
