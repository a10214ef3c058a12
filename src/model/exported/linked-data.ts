/**
 * Weights beside an .onnx file that onnxruntime does not open by itself.
 *
 * It opens data only where links lead to the graph's own directory, or to that of the file that the graph itself is a
 * link to (onnxruntime 1.24.2 and later, microsoft/onnxruntime pull request 27374). A graph that is a file of its own,
 * beside data that is a link into the blobs of a Hugging Face cache, meets neither. Its data is read here and passed to
 * onnxruntime.
 */
import { constants } from 'node:buffer';
import { closeSync, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { messageOf, runError } from '../../errors.js';
import type { DataFile } from './graph-file.js';

/** Node reads at most 2 GiB at once. */
const PIECE_BYTES = 1 << 30;

/**
 * Lists a graph's data files that onnxruntime refuses to open, though they are in the cache that the graph comes from.
 */
export function linkedData(graphFile: string, dataFiles: readonly DataFile[]): DataFile[] {
  const directory = dirname(graphFile);
  const reached = [realpathSync(directory), dirname(realpathSync(graphFile))];
  // A link to any other place may be an attempt to read a file that is not the model's: onnxruntime refuses it.
  const blobs = ancestorsOf(directory).map((ancestor) => join(ancestor, 'blobs'));
  return dataFiles.filter(({ path }) => {
    const real = realpathSync(path);
    const isIn = (folder: string): boolean => real.startsWith(folder + sep);
    return !reached.some(isIn) && blobs.some((folder) => isIn(realPathOf(folder)));
  });
}

/** Reads their bytes, in the form that a session takes. */
export const readLinkedData = (files: readonly DataFile[]): { path: string; data: Uint8Array }[] =>
  files.map(({ location, path }) => ({ path: location, data: readWhole(path) }));

const ancestorsOf = (directory: string): string[] =>
  dirname(directory) === directory ? [directory] : [directory, ...ancestorsOf(dirname(directory))];

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // A directory that does not exist contains nothing.
  }
}

function readWhole(path: string): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    if (size > constants.MAX_LENGTH) {
      throw runError(
        `${path}: expected weights of at most ${constants.MAX_LENGTH} bytes behind a link, got ${size}; ` +
          'put the file itself beside the .onnx file',
      );
    }
    const bytes = Buffer.allocUnsafeSlow(size);
    for (let done = 0; done < size; ) {
      const read = readSync(file, bytes, done, Math.min(PIECE_BYTES, size - done), done);
      if (read === 0) throw runError(`${path}: the file ended at byte ${done} while it was read`);
      done += read;
    }
    return bytes;
  } catch (error) {
    const { syscall } = error as NodeJS.ErrnoException;
    throw syscall === undefined ? error : runError(`${path}: cannot be read: ${messageOf(error)}`, { cause: error });
  } finally {
    closeSync(file);
  }
}
