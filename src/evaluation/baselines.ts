/** The scorers that a model is compared with: two that know only a text's length, and one that knows nothing. */
export const baselineNames = ['longest', 'shortest', 'random'] as const;
export type BaselineName = (typeof baselineNames)[number];

/** A record of the baselines that are available: the first two need the lengths of texts. */
export type Baselines<T> = Readonly<Partial<Record<BaselineName, T>>>;
