/** What `best` chooses, and which fields it adds to the records that it writes. */

export interface SelectionSettings {
  /** Consecutive rows with the same value in this field are a group; undefined: a row with candidates is one. */
  readonly group: string | undefined;
  /** Where the winner's text is written, of a row with candidates. */
  readonly responseField: string;
  /** How many of the best are written. */
  readonly top: number;
  /** Each that is written has a record of its own, with its rank. */
  readonly ranked: boolean;
  /** Best against worst, as one record for training; those whose rewards are nearer than this are left out. */
  readonly pairs: { readonly minGap: number } | undefined;
}

/** Fields that are written beside the reward, in the order of their columns. */
export const addedFields = ({ group, responseField, ranked }: SelectionSettings): string[] => [
  ...(group === undefined ? [responseField] : []),
  'best_index',
  ...(group === undefined ? ['best_reward'] : []),
  'reward_margin',
  ...(ranked ? ['rank'] : []),
];

/**
 * The columns after those of the input.
 *
 * @param hasReward the input has a column of rewards
 */
export const addedColumns = (settings: SelectionSettings, rewardField: string, hasReward: boolean): string[] => [
  ...(hasReward ? [] : [rewardField]),
  ...addedFields(settings),
];
