import { writeFileSync } from 'node:fs';
import { messageOf, runError } from '../../errors.js';

/** @throws FatalError `run` where the page of --report cannot be written */
export function writePage(path: string, html: string): void {
  try {
    writeFileSync(path, html);
  } catch (error) {
    throw runError(`${path}: the report cannot be written: ${messageOf(error)}`, { cause: error });
  }
}
