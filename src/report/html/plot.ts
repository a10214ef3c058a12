import { logger, None, parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { html, Markup } from './html.js';
import { plotConfig } from './plot-config.js';

/** A plot as Vega-Lite takes it, without what all plots of a report share. */
type PlotSpec = Omit<Extract<TopLevelSpec, { layer: unknown }>, 'config' | 'width' | 'height'>;

/** A plot of a report. Texts in its data must have gone through `visible`; Vega escapes them. */
export interface Plot {
  /** What it shows, for readers who do not see it. */
  readonly label: string;
  readonly spec: PlotSpec;
  /** Height in units of which a plot is 400 wide. */
  readonly height?: number;
}

/** Draws a plot as an <svg> that scales with its container and takes its colours from the page. */
export async function drawn({ label, spec, height = 320 }: Plot): Promise<Markup> {
  const sized = { ...spec, width: WIDTH, height, config: plotConfig };
  const view = new View(parse(compile(sized as TopLevelSpec, { logger: silent }).spec), {
    renderer: 'none',
    logger: silent,
  });
  const svg = await view.toSVG();
  view.finalize();
  const marks = svg.slice(svg.indexOf('>') + 1);
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${label}">${new Markup(marks)}`;
}

const WIDTH = 400;

/** Vega's messages on a plot are not for a user's terminal. */
const silent = logger(None);
