/** What a scorer stands beside: scorers that know a text's length and no more, and one that knows nothing. */
export const baselineNames = ['longest', 'shortest', 'random'] as const;
export type BaselineName = (typeof baselineNames)[number];

/** A record of those that there are: the first two take the lengths of texts. */
export type Baselines<T> = Readonly<Partial<Record<BaselineName, T>>>;
