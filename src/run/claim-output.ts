/** FILE.run.lock: the process that works on the output FILE. */
import { usageError } from '../errors.js';
import { type Claim, type ClaimResult, takeClaim } from '../platform/claim.js';
import { isOnThisMachine } from '../platform/processes.js';
import { cannotBeOpened } from './appended-file.js';
import { runFileOf } from './run-file.js';

export const claimFileOf = (output: string): string => `${output}.run.lock`;

/**
 * Claims an output for this process. A run claims an output before it reads or changes the files beside it, and
 * releases it at the very end, however the run ends; the claim of a process that was killed is taken over.
 *
 * @param output a regular file, or one that does not exist yet
 * @throws FatalError `usage` where another run is still at work on the output
 */
export async function claimOutput(output: string): Promise<Claim> {
  let result: ClaimResult;
  try {
    result = await takeClaim(claimFileOf(output));
  } catch (error) {
    throw cannotBeOpened(output, error);
  }
  if ('claim' in result) return result.claim;
  const { holder } = result;
  if (holder !== undefined && isOnThisMachine(holder)) {
    throw usageError(`${runFileOf(output)}: process ${holder.pid} is still at work on ${output}`);
  }
  const who = holder === undefined ? 'another process' : `process ${holder.pid} of ${holder.host}`;
  throw usageError(
    `${claimFileOf(output)}: ${who} is still at work on ${output}; wait for it or end it, and start this run again`,
  );
}
