/** `merge`: joins the outputs of shards. */
import { existsSync } from 'node:fs';
import { usageError } from '../../errors.js';
import { claimOutput } from '../../run/claim-output.js';
import { containerOfName } from '../../run/containers.js';
import { Input } from '../../run/input.js';
import { type Parts, readParts, runtimesOf, writeJoined } from '../../run/merge.js';
import { checkOutput, followLinks, isPlain, partialOf } from '../../run/output-path.js';
import type { Context } from '../context.js';
import { ExitCode } from '../exit-codes.js';
import type { FlagsOf } from '../flags/flags.js';
import { rowsInWords } from './print.js';

export async function merge(paths: readonly string[], flags: FlagsOf<'merge'>, context: Context): Promise<number> {
  const { overwrite, strict } = flags;
  const output = followLinks(flags.output);
  // A shard that is not finished has no file yet; reading the run files first gives a better message.
  const parts = readParts(paths);
  checkOutput(
    output,
    paths.map((path) => new Input(path, context)),
  );
  const [{ path: first }] = parts;
  if (output !== '-' && containerOfName(output) !== containerOfName(first)) {
    throw usageError(
      `${output}: expected --output to be compressed as ${first} is: the shards' bytes are joined as they are`,
    );
  }
  const claim = output !== '-' && isPlain(output) ? await claimOutput(output) : undefined;
  try {
    const partial = partialOf(output);
    if (claim !== undefined && existsSync(partial) && !overwrite) {
      throw usageError(`${partial}: holds the work of an unfinished run; --overwrite throws it away`);
    }
    return await join(parts, output, strict, context);
  } finally {
    claim?.release();
  }
}

async function join(parts: Parts, output: string, strict: boolean, context: Context): Promise<number> {
  const { log } = context;
  const kinds = runtimesOf(parts).length;
  if (kinds > 1) {
    const notice = `the shards come from ${kinds} kinds of machine or version: rewards may differ in their last digits`;
    if (strict) throw usageError(`${notice} (--strict)`);
    log.note(notice);
  }
  await writeJoined(parts, output, context);
  const rows = parts.reduce((sum, { finished }) => sum + finished.stats.rows, 0);
  log.note(`${rowsInWords(rows)} of ${parts.length} shards joined`);
  return ExitCode.ok;
}
