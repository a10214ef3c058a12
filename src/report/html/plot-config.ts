/** Colours are the page's variables, so that one drawing serves the light and the dark scheme. */
export const colour = {
  model: 'var(--model)',
  modelBand: 'var(--model-band)',
  other: 'var(--other)',
  best: 'var(--best)',
  chance: 'var(--chance)',
  text: 'var(--text)',
  muted: 'var(--muted)',
  grid: 'var(--grid)',
  page: 'var(--card)',
} as const;

const text = { labelFont: 'inherit', titleFont: 'inherit', labelFontSize: 14, titleFontSize: 14 };

/** The configuration that all plots share. */
export const plotConfig = {
  background: 'transparent',
  autosize: { type: 'fit', contains: 'padding' },
  padding: 4,
  // The whole plot has one name: marks that are read out one by one are noise.
  aria: false,
  view: { stroke: null },
  text: { font: 'inherit', fontSize: 14, color: colour.text },
  axis: {
    ...text,
    titleFontWeight: 'normal',
    labelColor: colour.muted,
    titleColor: colour.muted,
    gridColor: colour.grid,
    domain: false,
    tickColor: colour.grid,
    ticks: false,
    labelPadding: 6,
    titlePadding: 8,
  },
  axisX: { grid: false, domain: true, domainColor: colour.grid },
} as const;
