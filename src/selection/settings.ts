/** What `best` chooses, and which fields it adds to the records that it writes. */

export interface SelectionSettings {
  /** Consecutive rows with the same value in this field are a group; undefined where a row with candidates is one. */
  readonly group: string | undefined;
  /** Whether rows of a group need not follow one another: all are held in memory. */
  readonly gather: boolean;
  /** The field for the winner's text, for rows with candidates. */
  readonly responseField: string;
  /** How many of the best are written. */
  readonly top: number;
  /** Whether each written candidate has a record of its own, with its rank. */
  readonly ranked: boolean;
  /** Best and worst as one record for training, without pairs whose rewards differ by less than this. */
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
 * Lists the columns after those of the input.
 *
 * @param hasReward whether the input has a column of rewards
 */
export const addedColumns = (settings: SelectionSettings, rewardField: string, hasReward: boolean): string[] => [
  ...(hasReward ? [] : [rewardField]),
  ...addedFields(settings),
];
