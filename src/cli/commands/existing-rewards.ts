/** What is done about the rewards that rows carry already, by flags and by what the first row has. */
import { usageError } from '../../errors.js';
import { type ExistingRewards, takesRewards } from '../../rows/results.js';
import type { CommandContext } from '../context.js';
import { giveNotice } from './notice.js';

interface ExistingFlags {
  readonly rescore: boolean;
  readonly useRewards: boolean;
  readonly rewardField: string;
  readonly model?: string;
  readonly strict: boolean;
}

/**
 * Decides as far as flags do.
 *
 * @param otherwise what the command does without them
 */
export const existingByFlags = (
  { rescore, useRewards }: Pick<ExistingFlags, 'rescore' | 'useRewards'>,
  otherwise: ExistingRewards,
): ExistingRewards => (rescore ? 'replace' : useRewards ? 'complete' : otherwise);

/** What is expected where there are no rewards to be taken alone. */
export const modelToComplete =
  'expected --model with --use-rewards: the bundled model does not score rows beside those of another';

/** The first row of the inputs. */
export interface FirstRow {
  /** Its file and line. */
  readonly place: string;
  readonly hasReward: boolean;
}

/**
 * Decides the rest, for a command that takes rewards as they are unless flags say otherwise: settings that would have
 * no effect on them are refused, and the bundled model never scores rows between those of another one.
 *
 * @param first undefined where there is no row
 * @throws FatalError `usage` where rows have rewards, and settings of scoring are given
 */
export function existingByRows(
  existing: ExistingRewards,
  first: FirstRow | undefined,
  { rewardField, model, strict }: ExistingFlags,
  context: Pick<CommandContext, 'given' | 'log' | 'notices'>,
): ExistingRewards {
  const { given } = context;
  if (first === undefined) return existing;
  if (existing === 'complete') {
    if (model !== undefined) return existing;
    if (first.hasReward) return 'take only';
    throw usageError(`${first.place}: ${modelToComplete}`);
  }
  if (!takesRewards(existing)) return existing;
  // Later rewards would be another model's among this one's.
  if (!first.hasReward) return 'refuse';
  const instead = 'score all rows with --rescore, or those without a finite one with --use-rewards';
  if (given.flags.length > 0) {
    throw usageError(
      `${first.place}: expected no ${given.flags.join(', ')} beside the field ${rewardField}, whose rewards are taken as they are; ${instead}`,
    );
  }
  if (given.variables.length > 0) {
    const message = `${first.place}: the rewards in the field ${rewardField} are taken as they are, whatever ${given.variables.join(', ')} says; ${instead}`;
    giveNotice({ code: 'REWARDS_FROM_ENVIRONMENT', message }, strict, context);
  }
  return model === undefined ? 'take only' : 'take';
}
