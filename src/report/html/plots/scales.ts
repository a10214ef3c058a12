/** A channel from 0 to 1; without a title it adds none to the axis. */
export const share = (title?: string) => ({
  type: 'quantitative' as const,
  scale: { domain: [0, 1] },
  axis: { values: [0, 0.2, 0.4, 0.6, 0.8, 1] },
  title: title ?? null,
});

/** A channel that need not begin at 0. */
export const free = (title?: string, ticks = 5) => ({
  type: 'quantitative' as const,
  scale: { zero: false, nice: true },
  axis: { tickCount: ticks },
  title: title ?? null,
});
