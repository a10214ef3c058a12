/**
 * The lines of a stack trace as those of the sources. The program runs bundled (packaging/bundle.mjs); Node's own
 * --enable-source-maps would read the maps at every start, and this reads them where a trace is printed.
 */
import { readFileSync } from 'node:fs';
import { type SourceMap, SourceMap as SourceMapOf } from 'node:module';
import { fileURLToPath } from 'node:url';

/** A place in a file of this program, as V8 writes it: the file, the line from 1 and the column from 1. */
const PLACE = /(file:\/\/[^\s()]+\.js):(\d+):(\d+)/g;

/** @returns the trace with each place in a compiled file replaced by that in the source, where the map beside the file knows it */
export function withSourceLines(stack: string): string {
  const maps = new Map<string, SourceMap | undefined>();
  return stack.replace(PLACE, (place, file: string, line: string, column: string) => {
    if (!maps.has(file)) maps.set(file, readMap(file));
    const found = maps.get(file)?.findEntry(Number(line) - 1, Number(column) - 1);
    // Of a package's lines the map knows no more than the file.
    if (found === undefined || !('originalSource' in found) || found.originalSource.includes('/node_modules/'))
      return place;
    return `${new URL(found.originalSource, file)}:${found.originalLine + 1}:${found.originalColumn + 1}`;
  });
}

/** @returns undefined where there is none that can be read: a trace of bundled lines is better than none */
function readMap(file: string): SourceMap | undefined {
  try {
    return new SourceMapOf(JSON.parse(readFileSync(`${fileURLToPath(file)}.map`, 'utf8')));
  } catch {
    return undefined;
  }
}
