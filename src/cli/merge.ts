/** `merge`: joins the outputs of shards. */
import { compressionOfName } from '../compression/compression.js';
import { usageError } from '../errors.js';
import { Input } from '../pipeline/input.js';
import { readParts, runtimesOf, writeJoined } from '../pipeline/merge.js';
import { checkOutput, isPlain } from '../pipeline/output.js';
import { findWork } from '../pipeline/resume.js';
import { createLog } from '../ui/log.js';
import type { MergeFlags } from './merge-command.js';
import { rowsInWords } from './tell.js';

export async function merge(paths: readonly string[], { output, overwrite, strict, quiet }: MergeFlags): Promise<void> {
  const log = createLog(quiet);
  checkOutput(
    output,
    paths.map((path) => new Input(path)),
  );
  const parts = readParts(paths);
  const [{ path: first }] = parts;
  if (output !== '-' && compressionOfName(output) !== compressionOfName(first)) {
    throw usageError(
      `${output}: expected --output to be packed as ${first} is: the shards' bytes are joined as they are`,
    );
  }
  if (output !== '-' && isPlain(output)) await findWork(output, overwrite ? 'overwrite' : 'refuse');
  const kinds = runtimesOf(parts).length;
  if (kinds > 1) {
    const notice = `the shards come from ${kinds} kinds of machine or version: rewards may differ in their last digits`;
    if (strict) throw usageError(`${notice} (--strict)`);
    log.note(notice);
  }
  await writeJoined(parts, output);
  const rows = parts.reduce((sum, { finished }) => sum + finished.account.rows, 0);
  log.note(`${rowsInWords(rows)} of ${parts.length} shards joined`);
}
