import { type Stats, statSync } from 'node:fs';

/** What the system says of a file; undefined where there is none, or none that may be looked at. Links are followed. */
export function statOrUndefined(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // There is a file where a directory should be, or a directory that may not be searched.
  }
}
