import type { Histogram } from '../../../evaluation/histogram.js';
import { count, plain } from '../numbers.js';
import type { Plot } from '../plot.js';
import { colour } from '../plot-config.js';
import { free } from './scales.js';

const MOST = 5;
const STEP = 70;

/** The rewards of each label, one above the other on one axis, the largest label on top. */
export function histogramPlot(histogram: Histogram, labelled: boolean): Plot {
  const bands = bandsOf(histogram.byLabel);
  const { edges } = histogram;
  const heading = (band: Band) => (labelled ? `label ${band.name}: ` : '') + rowsOf(band.rows);
  const bars = bands.flatMap(({ counts }, band) => {
    const most = Math.max(...counts);
    return counts.flatMap((rows, bin) =>
      rows === 0 ? [] : [{ from: edges[bin], to: edges[bin + 1], base: band, top: band + (0.68 * rows) / most }],
    );
  });
  const y = { type: 'quantitative' as const, scale: { domain: [0, bands.length], nice: false }, axis: null };
  const x = { ...free('Reward'), scale: { domain: [edges[0] ?? 0, edges.at(-1) ?? 0], nice: true } };
  return {
    label: `Histograms of the reward: ${bands.map(heading).join('; ')}`,
    height: Math.max(320, 60 + STEP * bands.length),
    spec: {
      layer: [
        {
          data: { values: bars },
          mark: { type: 'rect', color: colour.model, stroke: colour.page, strokeWidth: 0.75 },
          encoding: {
            x: { field: 'from', ...x },
            x2: { field: 'to' },
            y: { field: 'base', ...y },
            y2: { field: 'top' },
          },
        },
        {
          data: { values: bands.map((_, band) => ({ base: band })) },
          mark: { type: 'rule', color: colour.grid },
          encoding: { y: { field: 'base', ...y } },
        },
        {
          data: { values: bands.map((band, i) => ({ top: i + 0.97, heading: heading(band) })) },
          mark: { type: 'text', align: 'left', baseline: 'top' },
          encoding: { x: { value: 0 }, y: { field: 'top', ...y }, text: { field: 'heading', type: 'nominal' } },
        },
      ],
    },
  };
}

interface Band {
  readonly name: string;
  readonly rows: number;
  readonly counts: readonly number[];
}

/** The labels, or where there are many: runs of labels with about as many rows each. */
function bandsOf(byLabel: Histogram['byLabel']): Band[] {
  const sizes = byLabel.map(({ counts }) => sum(counts));
  const all = sum(sizes);
  const bands: (typeof byLabel)[number][][] = [];
  let before = 0;
  for (const [i, labelCounts] of byLabel.entries()) {
    const band = byLabel.length <= MOST ? i : Math.min(MOST - 1, Math.floor((before / all) * MOST));
    before += sizes[i] as number;
    const labels = bands[band];
    if (labels) labels.push(labelCounts);
    else bands[band] = [labelCounts];
  }
  return bands.flatMap((labels) => {
    const [first, last] = [labels[0], labels.at(-1)];
    if (!first || !last) return [];
    const counts = first.counts.map((_, bin) => sum(labels.map(({ counts }) => counts[bin] as number)));
    const name = first === last ? plain(first.label) : `${plain(first.label)} to ${plain(last.label)}`;
    return [{ name, rows: sum(counts), counts }];
  });
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const rowsOf = (rows: number): string => `${count(rows)} ${rows === 1 ? 'row' : 'rows'}`;
