/** `merge`: joins the outputs of shards. */
import { existsSync } from 'node:fs';
import { compressionOfName } from '../../compression/compression.js';
import { usageError } from '../../errors.js';
import { Input } from '../../run/input.js';
import { readParts, runtimesOf, writeJoined } from '../../run/merge.js';
import { checkOutput, followLinks, isPlain, partialOf } from '../../run/output.js';
import { refuseWorkInHand } from '../../run/resume.js';
import type { MergeFlags } from '../flags/merge-command.js';
import { createLog } from '../log.js';
import { rowsInWords } from './print.js';

export async function merge(paths: readonly string[], flags: MergeFlags): Promise<void> {
  const { overwrite, strict, quiet } = flags;
  const output = followLinks(flags.output);
  const log = createLog(quiet);
  // Of a shard that is not finished there is no file yet, but something better to say.
  const parts = readParts(paths);
  checkOutput(
    output,
    paths.map((path) => new Input(path)),
  );
  const [{ path: first }] = parts;
  if (output !== '-' && compressionOfName(output) !== compressionOfName(first)) {
    throw usageError(
      `${output}: expected --output to be compressed as ${first} is: the shards' bytes are joined as they are`,
    );
  }
  if (output !== '-' && isPlain(output)) {
    refuseWorkInHand(output);
    const partial = partialOf(output);
    if (existsSync(partial) && !overwrite) {
      throw usageError(`${partial}: holds the work of an unfinished run; --overwrite throws it away`);
    }
  }
  const kinds = runtimesOf(parts).length;
  if (kinds > 1) {
    const notice = `the shards come from ${kinds} kinds of machine or version: rewards may differ in their last digits`;
    if (strict) throw usageError(`${notice} (--strict)`);
    log.note(notice);
  }
  await writeJoined(parts, output);
  const rows = parts.reduce((sum, { finished }) => sum + finished.stats.rows, 0);
  log.note(`${rowsInWords(rows)} of ${parts.length} shards joined`);
}
