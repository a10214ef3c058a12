/** Which files an output is written to, and which paths it cannot have. */

import { readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { usageError } from '../errors.js';
import { optionName } from '../option-name.js';
import { statOrUndefined } from '../platform/files.js';
import { claimFileOf } from './claim-output.js';
import type { Input } from './input.js';
import { runFileOf } from './run-file.js';

/** The file that holds work in progress until the output is whole. */
export const partialOf = (path: string): string => `${path}.partial`;

/** The file that is made of the work when all of it is there, for an output that is not the work itself. */
export const assembledOf = (path: string): string => `${path}.assembled`;

/**
 * Refuses an impossible output before anything is started.
 *
 * @param inputs files that must not be overwritten while they are read
 * @throws FatalError `usage`
 */
export function checkOutput(path: string, inputs: readonly Input[]): void {
  if (path === '-') return;
  checkDestination(optionName('output'), path, inputs);
  if (!isPlain(path)) return;
  for (const own of ownFilesOf(path)) checkDestination(optionName('output'), own, inputs);
}

/** The files of a run beside its output. */
const ownFilesOf = (output: string): string[] => [
  partialOf(output),
  assembledOf(output),
  runFileOf(output),
  claimFileOf(output),
];

/**
 * Refuses to write two outputs to one file, however they are named.
 *
 * @param others what is written besides the output, by the flag that names it
 * @throws FatalError `usage`
 */
export function checkDistinct(output: string, others: Readonly<Record<string, string | undefined>>): void {
  const written = new Map([output, ...ownFilesOf(output)].map((path) => [placeOf(path), optionName('output')]));
  for (const [flag, path] of Object.entries(others)) {
    if (path === undefined) continue;
    const other = written.get(placeOf(path));
    if (other !== undefined) throw usageError(`${path}: expected ${flag} to be another file than ${other}`);
    written.set(placeOf(path), flag);
  }
}

/** A path that is the same for two paths which lead to one file, whether or not the file exists yet. */
function placeOf(path: string): string {
  const stat = statOrUndefined(path);
  if (stat?.isFile()) return `${stat.dev}:${stat.ino}`;
  if (stat !== undefined) return resolve(path);
  const place = followLinks(path);
  return join(realPathOf(dirname(place)) ?? resolve(dirname(place)), basename(place));
}

/** Refuses to write a file in a directory that does not exist, or one that is read. */
export function checkDestination(flag: string, path: string, inputs: readonly Input[]): void {
  const stat = statOrUndefined(path);
  if (stat?.isDirectory()) throw usageError(`${path}: expected ${flag} to be a file, got a directory`);
  const folder = dirname(path);
  if (!statOrUndefined(folder)?.isDirectory()) {
    throw usageError(`${path}: expected ${flag} in a directory that is there, found no directory ${folder}`);
  }
  for (const input of inputs) {
    const other = input.path === '-' ? undefined : statOrUndefined(input.path);
    if (stat?.isFile() && other?.ino === stat.ino && other.dev === stat.dev) {
      throw usageError(`${path}: expected ${flag} to be another file than the input`);
    }
  }
}

/**
 * Whether it is, or would be, a regular file that can be replaced by another one. /dev/null or a FIFO is written to
 * directly, and so are the system's names of files that are already open (/dev/stdout).
 */
export const isPlain = (path: string): boolean =>
  !/^\/(?:dev|proc)\//.test(resolve(path)) && (statOrUndefined(path)?.isFile() ?? true);

/**
 * Follows a link: the file to which it leads is replaced, and not the link. That file need not exist yet.
 *
 * @throws FatalError `usage` where links lead in a circle
 */
export function followLinks(path: string): string {
  if (path === '-' || !isPlain(path)) return path;
  let place = path;
  // Linux follows as many links (man 7 path_resolution).
  for (let links = 0; links <= 40; links++) {
    const found = realPathOf(place);
    if (found !== undefined) return found;
    const target = linkTargetOf(place);
    if (target === undefined) {
      const folder = realPathOf(dirname(place));
      // Without its folder the file cannot be written, and the message names it as the user did.
      return folder === undefined || place === path ? place : join(folder, basename(place));
    }
    place = resolve(realPathOf(dirname(place)) ?? dirname(place), target);
  }
  throw usageError(`${path}: expected a file, got links that lead in a circle`);
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined; // It does not exist, or not yet.
  }
}

function linkTargetOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // It is not a link.
  }
}
