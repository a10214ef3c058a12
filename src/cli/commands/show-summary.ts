/** `summary`: what a run did, again; and of runs that are shards of one, how far they are, also while they run. */
import { usageError } from '../../errors.js';
import { statusOf } from '../../run/run-status.js';
import { shardSetOf } from '../../run/shard-set.js';
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit-codes.js';
import type { FlagsOf } from '../flags/flags.js';
import { localFiles } from './input-files.js';
import { statusesAsJson, statusesInWords } from './show-summary-text.js';
import { textSettings } from './terminal.js';

export function showSummary(paths: readonly string[], flags: FlagsOf<'summary'>, context: CommandContext): number {
  // An output and the files beside it stand for one run, as `out*` names all of them.
  const found = paths.flatMap(localFiles).map(statusOf);
  const statuses = [...new Map(found.map((status) => [status.path, status])).values()];
  if (statuses.every(({ phase }) => phase === 'missing')) {
    const [first] = statuses;
    throw usageError(`${first?.path}: expected a summary, or an output that a run has begun to write, found neither`);
  }
  const set = shardSetOf(statuses);
  context.stdout.write(
    flags.json ? statusesAsJson(statuses, set, context.version) : statusesInWords(statuses, set, textSettings(context)),
  );
  const isWrong = statuses.some(({ problem }) => problem !== null) || set.missing.length > 0 || set.problems.length > 0;
  return isWrong ? ExitCode.badRows : ExitCode.ok;
}
