/**
 * Outputs in a folder, one for each input. A run writes each into FOLDER/.reward-score, with its work in progress and its
 * run file beside it as beside any output, and moves it to its own place when it is whole.
 */
import { copyFileSync, linkSync, mkdirSync, rmdirSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { messageOf, runError, usageError } from '../errors.js';
import { optionName } from '../option-name.js';
import { isDirectory, isFile, statOrUndefined, syncDirectoryOf } from '../platform/files.js';
import type { OutputFormat } from '../rows/formats/format.js';
import { cannotBeOpened } from './appended-file.js';
import { containerOfName, contentName } from './containers.js';
import { runFileOf } from './run-file.js';

export interface PlaceInFolder {
  readonly input: string;
  /** Where the output is when it is whole. */
  readonly target: string;
  /** Where it is written. */
  readonly work: string;
}

const WORK_FOLDER = '.reward-score';

/** What one process holds for all outputs of a folder, as a name beside which its claim stands. */
export const claimedNameIn = (folder: string): string => join(folder, WORK_FOLDER, 'output');

/** @param formatOf returns the format of an input's output, and whether it is the input's own */
export function placesInFolder(
  folder: string,
  inputs: readonly string[],
  formatOf: (input: string) => { readonly to: OutputFormat; readonly isOwn: boolean },
): readonly PlaceInFolder[] {
  const stat = statOrUndefined(folder);
  if (stat !== undefined && !stat.isDirectory()) {
    throw usageError(`${folder}: expected ${optionName('outputDir')} to be a directory, got a file`);
  }
  if (inputs.includes('-')) {
    throw usageError(
      `expected ${optionName('outputDir')} with files: standard input has no name; write it with ${optionName('output')}`,
    );
  }
  const common = commonFolderOf(inputs);
  const byTarget = new Map<string, string>();
  const read = new Set(inputs.map(identityOf));
  return inputs.map((input) => {
    const path = relative(common, resolve(input));
    const { to, isOwn } = formatOf(input);
    const name = join(dirname(path), nameOf(basename(path), to, isOwn));
    const target = join(folder, name);
    const other = byTarget.get(target);
    if (other !== undefined) {
      throw usageError(
        `${target}: expected a file for each input, but ${other} and ${input} would both be written there; ` +
          'rename one of them, or score it by a run of its own',
      );
    }
    byTarget.set(target, input);
    if (isDirectory(target)) {
      throw usageError(`${target}: expected a file that ${input} can be written to, got a directory`);
    }
    if (isFile(target) && read.has(identityOf(target))) {
      throw usageError(`${target}: expected ${optionName('outputDir')} to be another folder than that of the inputs`);
    }
    return { input, target, work: join(folder, WORK_FOLDER, name) };
  });
}

/** The name of an input's output: its own, with the ending of its format. */
function nameOf(name: string, to: OutputFormat, isOwn: boolean): string {
  const compressed = to === 'parquet' ? '' : (containerOfName(name)?.extension ?? '');
  const content = contentName(name);
  const known = /\.(?:jsonl|ndjson|json|csv|tsv|txt|parquet)$/i;
  const isEnded = isOwn && known.test(content);
  return `${isEnded ? content : `${content.replace(known, '')}.${to}`}${compressed}`;
}

/** The folder that all inputs are in, directly or not. */
function commonFolderOf(inputs: readonly string[]): string {
  const [first = [], ...others] = inputs.map((input) => dirname(resolve(input)).split(sep));
  const length = others.reduce((least, parts) => {
    const end = parts.findIndex((part, i) => part !== first[i]);
    return Math.min(least, end < 0 ? parts.length : end);
  }, first.length);
  return first.slice(0, length).join(sep) || sep;
}

/** The same for two paths of one file. */
function identityOf(path: string): string {
  const stat = statOrUndefined(path);
  return stat === undefined ? resolve(path) : `${stat.dev}:${stat.ino}`;
}

/**
 * Makes the folders that the outputs and the work on them need.
 *
 * @returns what takes away those that nothing was put into
 * @throws FatalError where they cannot be made
 */
export function makeFolders(folder: string, places: readonly PlaceInFolder[]): () => void {
  const needed = new Set([
    join(folder, WORK_FOLDER),
    ...places.flatMap(({ target, work }) => [dirname(target), dirname(work)]),
  ]);
  const made: string[] = [];
  const removeEmpty = (): void => {
    for (const path of made.sort((a, b) => b.length - a.length)) {
      try {
        rmdirSync(path);
      } catch {
        // It holds something.
      }
    }
  };
  for (const path of needed) {
    try {
      const first = mkdirSync(path, { recursive: true });
      if (first !== undefined) for (let at = resolve(path); at.length >= first.length; at = dirname(at)) made.push(at);
    } catch (error) {
      removeEmpty();
      throw cannotBeOpened(path, error);
    }
  }
  return removeEmpty;
}

/**
 * Brings a whole output back to where it was written, beside the run file by which a run sees whether it is to go on with
 * it. It stays in its place until then.
 */
export function bringBack({ target, work }: PlaceInFolder): void {
  if (!isFile(target) || isFile(work) || !isFile(runFileOf(work))) return;
  try {
    linkSync(target, work);
  } catch {
    try {
      copyFileSync(target, work); // Not all file systems have links.
    } catch (error) {
      throw runError(`${work}: cannot be written: ${messageOf(error)}`, { cause: error });
    }
  }
}

/** Gives a whole output its place. */
export async function moveToPlace({ target, work }: PlaceInFolder): Promise<void> {
  try {
    await rename(work, target);
    // Two names of one file both stay.
    await rm(work, { force: true });
  } catch (error) {
    throw runError(`${target}: cannot be written: ${messageOf(error)}`, { cause: error });
  }
  await syncDirectoryOf(target);
}
