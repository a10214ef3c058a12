import { existsSync, readFileSync } from 'node:fs';
import { messageOf, runError } from '../../errors.js';
import { printable } from '../../platform/printable.js';
import { isFile } from '../checkpoint/file.js';

/** Preserves a byte-order mark, as Python does. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a text file; undefined where nothing has its name.
 *
 * @throws FatalError `run` where the name is not a file's, or the file is not UTF-8
 */
export function readText(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  if (!isFile(path)) throw runError(`${path}: expected a file, got something else of that name; remove it`);
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw runError(`${path}: cannot be read: ${messageOf(error)}`, { cause: error });
  }
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw runError(`${path}: expected text in UTF-8, got bytes that are not; download or save it again`, {
      cause: error,
    });
  }
}

/**
 * Reads a file that holds a JSON object; undefined where nothing has its name.
 *
 * @throws FatalError `run` where it holds anything else
 */
export function readJsonObject(path: string): Record<string, unknown> | undefined {
  const text = readText(path);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw runError(`${path}: expected JSON (${printable(messageOf(error))})`, {
      cause: error,
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw runError(`${path}: expected a JSON object, got ${Array.isArray(value) ? 'an array' : String(value)}`);
  }
  return value as Record<string, unknown>;
}
