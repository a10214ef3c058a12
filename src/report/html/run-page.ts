/** The page of a run of `score`: what its rewards are like, and the rows at either end. */
import type { CutPart, CutRewards } from '../../evaluation/cut-rows.js';
import { modelInWords, type Provenance } from '../../evaluation/provenance.js';
import type { ShownText } from '../../evaluation/shown-rows.js';
import { optionName } from '../../option-name.js';
import { html, type Markup } from './html.js';
import { count, decimal } from './numbers.js';
import { factList, moment, page } from './page.js';
import type { RowPlots } from './report-data.js';
import { rowTable } from './sections/disagreements.js';
import { plotsOf } from './sections/plots.js';
import { provenanceOf } from './sections/provenance.js';
import { section, table } from './sections/section.js';
import { preview } from './visible.js';

export interface RunPage {
  readonly provenance: Provenance;
  readonly rows: number;
  readonly failed: number;
  /** As the summary has them; null where there are no rewards. */
  readonly rewards: {
    readonly count: number;
    readonly min: number | null;
    readonly mean: number | null;
    readonly max: number | null;
    readonly std: number | null;
    readonly quantiles: Readonly<Record<string, number | null>>;
  };
  readonly plots: Pick<RowPlots, 'histogram' | 'lengths'>;
  /** Undefined where the output does not say what was cut from each text. */
  readonly byCut: CutRewards | undefined;
  readonly lowest: readonly ShownText[];
  readonly highest: readonly ShownText[];
}

const NAME = 120;

/** The same data gives the same bytes. */
export async function renderRun(run: RunPage): Promise<string> {
  const { provenance, rows, failed, rewards, plots, byCut, lowest, highest } = run;
  const model = preview(modelInWords(provenance), NAME, 'end');
  const inputs = provenance.inputs.map(({ path }) => (path === '-' ? 'standard input' : preview(path, NAME, 'end')));
  const none = { reason: 'rows have no labels here' };
  const body = html`<header>
<p class="kicker">A run of a reward model</p>
<h1>${model}</h1>
${factList([
  [
    inputs.length === 1 ? 'Input' : 'Inputs',
    inputs.slice(0, 10).join(', ') + (inputs.length > 10 ? ` and ${count(inputs.length - 10)} more` : ''),
  ],
  ['Date', moment(new Date(provenance.date))],
  ['Made by', `reward-score ${provenance.version}`],
])}
<div class="tiles">${tile('Mean reward', rewards.mean, rewards.std === null ? '' : `standard deviation ${decimal(rewards.std)}`)}${tile('Median', rewards.quantiles.p50 ?? null, rangeOf(rewards))}<div class="tile"><p class="name">Rows</p><p class="value">${count(rows)}</p>
<p class="range${failed > 0 && ' missed'}">${failed > 0 ? `${count(failed)} failed` : 'none failed'}; ${count(rewards.count)} ${rewards.count === 1 ? 'reward' : 'rewards'}</p></div></div>
</header>
${await plotsOf([], { calibration: none, roc: none, ...plots }, undefined, false)}
${section('quantiles', 'Quantiles', quantileTable(rewards.quantiles))}
${section('cut', 'Texts that were cut', cutTable(provenance, byCut))}
${lowest.length + highest.length > 0 && section('ends', 'The rows at either end', highest.length > 0 && rowTable('The highest rewards', highest), lowest.length > 0 && rowTable('The lowest rewards', lowest))}
${provenanceOf(provenance)}`;
  return page(`${model}: run`, body);
}

const tile = (name: string, value: number | null, about: string): Markup =>
  html`<div class="tile"><p class="name">${name}</p><p class="value">${value === null ? '–' : decimal(value)}</p><p class="range">${about}</p></div>`;

const rangeOf = ({ min, max }: RunPage['rewards']): string =>
  min === null || max === null ? 'no rewards' : `from ${decimal(min)} to ${decimal(max)}`;

const quantileTable = (quantiles: RunPage['rewards']['quantiles']): Markup =>
  table(
    'Quantiles of the rewards',
    [{ title: 'Quantile' }, { title: 'Reward', kind: 'number' }],
    Object.entries(quantiles).map(([name, value]) => [
      `${Number(name.slice(1))} %`,
      value === null ? '–' : decimal(value),
    ]),
    'spoken',
  );

function cutTable({ cut }: Provenance, byCut: CutRewards | undefined): Markup {
  if (byCut === undefined) {
    return html`<p>${cut.rows === 0 ? 'No row was cut.' : `${count(cut.rows)} ${cut.rows === 1 ? 'row was' : 'rows were'} cut, by ${count(cut.tokens)} tokens. With ${optionName('details')} the output says of each text how much, and this page how their rewards differ.`}</p>`;
  }
  const row = (name: string, { texts, mean, median }: CutPart) => [
    name,
    count(texts),
    mean === null ? '–' : decimal(mean),
    median === null ? '–' : decimal(median),
  ];
  const number = 'number' as const;
  return table(
    'Rewards of texts that were cut, and of whole ones',
    [
      { title: 'Texts' },
      { title: 'n', kind: number },
      { title: 'Mean reward', kind: number },
      { title: 'Median', kind: number },
    ],
    [row('cut', byCut.cut), row('whole', byCut.whole)],
    'spoken',
  );
}
