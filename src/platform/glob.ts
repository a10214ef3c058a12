/** Patterns of paths, for a shell that did not see them: they were quoted, or are too many for a command line. */
import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isDirectory, statOrUndefined } from './files.js';

/** Whether a text may stand for several paths. */
export const isPattern = (text: string): boolean => /[*?[]/.test(text);

/**
 * The paths that a pattern stands for, in order of their bytes; the path itself where it is none, or there is a file of
 * that very name. `*` and `?` stand for characters of one name, `[…]` for one of several characters, `**` for folders
 * within each other, none among them. Names that begin with a dot are found only by a dot.
 */
export function expandPath(path: string): readonly string[] {
  if (path === '-' || !isPattern(path) || statOrUndefined(path) !== undefined) return [path];
  const root = path.startsWith('/') ? '/' : '';
  const found = new Set<string>();
  walk(
    root,
    path.split('/').filter((part) => part !== ''),
    found,
  );
  return inOrder(found);
}

/** Paths in order of their bytes. */
export const inOrder = (paths: Iterable<string>): string[] =>
  [...paths].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

/** Whether a path is one that a pattern stands for, by the same rules, where folders cannot be looked into. */
export function pathMatcher(pattern: string): (path: string) => boolean {
  const parts = pattern.split('/').filter((part) => part !== '');
  return (path) => matchesParts(parts, path.split('/'));
}

function matchesParts([part, ...rest]: readonly string[], names: readonly string[]): boolean {
  const [name, ...others] = names;
  if (part === undefined) return name === undefined;
  if (name === undefined) return false;
  if (part !== '**') return matchesName(part, name) && matchesParts(rest, others);
  const isHere = rest.length === 0 ? names.length === 1 && matchesName('*', name) : matchesParts(rest, names);
  return isHere || (!name.startsWith('.') && matchesParts([part, ...rest], others));
}

const matchesName = (pattern: string, name: string): boolean =>
  isPattern(pattern)
    ? expressionOf(pattern).test(name) && (!name.startsWith('.') || pattern.startsWith('.'))
    : pattern === name;

function walk(folder: string, [part, ...rest]: readonly string[], found: Set<string>): void {
  if (part === undefined) return;
  const isLast = rest.length === 0;
  if (part === '**') {
    walk(folder, isLast ? ['*'] : rest, found);
    for (const entry of entriesOf(folder)) {
      // A link to a folder may lead back to where it stands, so that none is followed.
      if (entry.isDirectory() && !entry.name.startsWith('.')) walk(join(folder, entry.name), [part, ...rest], found);
    }
    return;
  }
  for (const name of isPattern(part) ? matching(folder, part) : [part]) {
    const path = join(folder, name);
    if (!isLast) {
      if (isDirectory(path)) walk(path, rest, found);
    } else if (statOrUndefined(path) !== undefined && !isDirectory(path)) found.add(path);
  }
}

function matching(folder: string, pattern: string): string[] {
  const names = expressionOf(pattern);
  return entriesOf(folder).flatMap(({ name }) =>
    names.test(name) && (!name.startsWith('.') || pattern.startsWith('.')) ? [name] : [],
  );
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder === '' ? '.' : folder, { withFileTypes: true });
  } catch {
    return []; // What cannot be listed has no files that could be read.
  }
}

function expressionOf(pattern: string): RegExp {
  const source = pattern.replace(/\[(!?)([^\]]+)\]|[*?]|[^*?[]+|\[/g, (token, not?: string, set?: string) => {
    if (set !== undefined) return `[${not === '!' ? '^' : ''}${set.replace(/[\\^]/g, '\\$&')}]`;
    if (token === '*') return '.*';
    return token === '?' ? '.' : token.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  });
  return new RegExp(`^${source}$`, 'su');
}
