/** The page of `compare`: two scorers' rewards of the same rows. */
import { comparisonMetricNames, comparisonMetrics } from '../../evaluation/comparison/metrics.js';
import type { ComparedSide, ShownComparison, ShownDisagreement } from '../../evaluation/comparison/shown.js';
import { isDefined } from '../../evaluation/metric.js';
import { type Content, html, type Markup } from './html.js';
import { count, decimal, interval } from './numbers.js';
import { factList, moment, page } from './page.js';
import { conversationOf } from './sections/conversation.js';
import { section, table } from './sections/section.js';
import { shellWord } from './shell-word.js';
import { preview } from './visible.js';

export interface ComparisonFacts {
  /** Version of reward-score. */
  readonly version: string;
  readonly date: Date;
  readonly command: readonly string[];
  /** The command that shows how a row of A is scored. */
  readonly explain: (row: number) => readonly string[] | null;
}

const NAME = 120;
const TEXT = 280;

/** The metrics at the head of the page. */
const headline = ['spearman', 'winner_changed', 'shift'] as const;

/** The same data gives the same bytes. */
export function renderComparison(shown: ShownComparison, { version, date, command, explain }: ComparisonFacts): string {
  const { a, b, rows, comparison, higher, lower, resamples, seed } = shown;
  const { metrics } = comparison;
  const tiles = headline.flatMap((name) => {
    const metric = metrics[name];
    return isDefined(metric)
      ? [
          html`<div class="tile"><p class="name">${comparisonMetrics[name].explanation}</p><p class="value">${decimal(metric.value)}</p><p class="range">95 % interval ${interval(metric)}</p></div>`,
        ]
      : [];
  });
  const title = titleOf(a, b);
  const left = rows.unscored + rows.onlyA + rows.onlyB;
  const body = html`<header>
<p class="kicker">Two reward models compared</p>
<h1>${title}</h1>
${factList([
  ['Date', moment(date)],
  ['Made by', `reward-score ${version}`],
  ['Command', html`<code>${preview(command.map(shellWord).join(' '), 1000)}</code>`],
])}
<div class="tiles">${tiles}<div class="tile"><p class="name">Rows compared</p><p class="value">${count(rows.compared)}</p>
<p class="range${left > 0 && ' missed'}">${left > 0 ? `${count(left)} left out` : 'none left out'}</p></div></div>
</header>
${section('metrics', 'How alike they are', metricsTable(shown), reasons(shown), html`<p>95 % percentile bootstrap intervals of ${count(resamples)} resamples of ${count(comparison.clusters)} ${comparison.clusters < comparison.rewards ? 'whole groups or conversations' : 'rows'}, seed ${seed}.</p>`)}
${higher.length + lower.length > 0 && section('disagreements', 'Where they disagree most', higher.length > 0 && listed('B ranks these higher than A does', higher, explain), lower.length > 0 && listed('B ranks these lower than A does', lower, explain))}
${section('files', 'What was compared', filesTable(shown))}`;
  return page(`${title}: comparison`, body);
}

/** The models, or where these are not known, or are one, the files and their fields. */
function titleOf(a: ComparedSide, b: ComparedSide): string {
  const models = [a, b].map(({ scoredBy }) => scoredBy?.model.name);
  const areTold = models[0] !== undefined && models[1] !== undefined && models[0] !== models[1];
  const names = areTold ? models : [a, b].map(({ file, field }) => `${file.split(/[/\\]/).at(-1)}, ${field}`);
  const [nameA = '', nameB = ''] = names.map((name = '') => preview(name, NAME, 'end'));
  return `${nameA} (A) and ${nameB} (B)`;
}

function metricsTable({ comparison: { metrics } }: ShownComparison): Markup {
  const number = 'number' as const;
  return table(
    'Metrics',
    [
      { title: 'Figure' },
      { title: 'Value', kind: number },
      { title: '95 % interval', kind: number },
      { title: 'n', kind: number },
    ],
    comparisonMetricNames.flatMap((name) => {
      const metric = metrics[name];
      const about = html`<code>${name}</code><span class="meaning">${comparisonMetrics[name].explanation}</span>`;
      return isDefined(metric)
        ? [[about, html`<b>${decimal(metric.value)}</b>`, interval(metric), count(metric.n)]]
        : [];
    }),
    'spoken',
  );
}

function reasons({ comparison: { metrics } }: ShownComparison): Content {
  const items = comparisonMetricNames.flatMap((name) => {
    const metric = metrics[name];
    return isDefined(metric) ? [] : [html`<li><code>${name}</code>: ${metric.reason}</li>`];
  });
  return items.length > 0 && html`<p>Not defined here:</p><ul class="reasons">${items}</ul>`;
}

const listed = (caption: string, rows: readonly ShownDisagreement[], explain: ComparisonFacts['explain']): Markup =>
  table(
    caption,
    [{ title: 'Row' }, { title: 'A', kind: 'number' }, { title: 'B', kind: 'number' }, { title: 'Text', kind: 'text' }],
    rows.map((row) => [placeOf(row), ranked(row.a, row.placeA), ranked(row.b, row.placeB), textOf(row, explain)]),
  );

const ranked = (reward: number, place: number): Markup =>
  html`${decimal(reward)}<span class="meaning">above ${Math.round(100 * place)} %</span>`;

const placeOf = ({ row, line, id, group, text }: ShownDisagreement): Markup =>
  html`<code>${line === null ? `row ${row}` : `line ${line}`}${text !== null && ` [${text}]`}</code>${
    id !== null && html`<span class="meaning">id <bdi>${preview(id, 60)}</bdi></span>`
  }${group !== null && html`<span class="meaning">group <bdi>${preview(group, 60)}</bdi></span>`}`;

const textOf = ({ conversation, row }: ShownDisagreement, explain: ComparisonFacts['explain']): Content =>
  conversation === null
    ? html`<span class="none">no conversation that can be read</span>`
    : [
        html`<bdi class="quote">${preview(conversation.response, TEXT)}</bdi>`,
        conversationOf(conversation, explain(row)),
      ];

function filesTable({ a, b, rows }: ShownComparison): Markup {
  const number = 'number' as const;
  const side = (name: string, { file, field, rows, unscored, scoredBy }: ComparedSide) => [
    html`<b>${name}</b> ${preview(file, NAME, 'end')}`,
    preview(field, NAME),
    count(rows),
    count(unscored),
    scoredBy === null
      ? 'unknown'
      : html`${preview(scoredBy.model.name, NAME, 'end')} <span class="meaning">says ${preview(scoredBy.source, NAME, 'end')}; model <code>${scoredBy.model.sha256}</code></span>`,
  ];
  const notes: readonly (readonly [number, string])[] = [
    [rows.onlyA, 'in A alone'],
    [rows.onlyB, 'in B alone'],
    [rows.unscored, 'without a reward in A or B'],
    [rows.otherTexts, 'with one id and another conversation in B, compared all the same'],
    [rows.unknownTexts, 'without a conversation to compare'],
  ];
  const told = notes.filter(([found]) => found > 0);
  return html`${table(
    'Files',
    [
      { title: 'File' },
      { title: 'Field' },
      { title: 'Rows', kind: number },
      { title: 'Without reward', kind: number },
      { title: 'Scored by', kind: 'text' },
    ],
    [side('A', a), side('B', b)],
    'spoken',
  )}${told.length > 0 && html`<ul class="reasons">${told.map(([found, what]) => html`<li>${count(found)} ${found === 1 ? 'row' : 'rows'} ${what}</li>`)}</ul>`}`;
}
