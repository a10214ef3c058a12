/** The names of the published suites, apart from what computes them: help has them, and loads nothing else. */
export const suiteNames = ['reward-bench', 'reward-bench-2', 'rm-bench', 'preference-sets'] as const;

export type SuiteName = (typeof suiteNames)[number];
