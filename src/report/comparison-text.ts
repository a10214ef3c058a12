/** A comparison of two scorers as a person reads it at a terminal. */
import { comparisonMetricNames, comparisonMetrics } from '../evaluation/comparison/metrics.js';
import type { ComparedSide, ShownComparison, ShownDisagreement } from '../evaluation/comparison/shown.js';
import { isDefined } from '../evaluation/metric.js';
import type { Paint } from '../explanation/paint.js';
import { headOf, tailOf, visibleLine } from '../explanation/visible.js';
import { optionName } from '../option-name.js';
import { counted, ends, many, short } from './numbers.js';
import { printable } from './printable.js';
import { table, wrapped } from './text-layout.js';

export interface TextSettings {
  readonly paint: Paint;
  /** Characters of a line. */
  readonly width: number;
}

/** Messages before the response that are shown; the others are counted. */
const SHOWN_MESSAGES = 2;

export function comparisonInWords(shown: ShownComparison, settings: TextSettings): string {
  const { paint } = settings;
  const parts = [
    [...sideInWords('A', shown.a, settings), ...sideInWords('B', shown.b, settings)],
    [...countsInWords(shown, settings)],
    metricsTable(shown, settings),
    reasonsOf(shown, settings),
    ...(
      [
        ['B ranks these higher than A does', shown.higher],
        ['B ranks these lower than A does', shown.lower],
      ] as const
    ).map(([title, rows]) =>
      rows.length === 0 ? [] : [paint.heading(title), ...rows.flatMap((row) => disagreementInWords(row, settings))],
    ),
  ];
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function sideInWords(name: string, { file, field, scoredBy }: ComparedSide, { paint, width }: TextSettings): string[] {
  const model =
    scoredBy === null
      ? 'model unknown'
      : `model ${scoredBy.model.name}${scoredBy.model.revision === null ? '' : `@${scoredBy.model.revision}`}`;
  const [first = '', ...others] = wrapped(`${file}, field ${field}: ${model}`, '   ', width);
  return [`${paint.heading(name)}${first.slice(1)}`, ...others];
}

function countsInWords({ rows, comparison, resamples }: ShownComparison, { width }: TextSettings): string[] {
  const { rewards, groups, clusters, ties } = comparison;
  const left = [
    ...(rows.unscored > 0 ? [`${counted(rows.unscored, 'row')} without a reward in A or B`] : []),
    ...(rows.onlyA > 0 ? [`${counted(rows.onlyA, 'row')} in A alone`] : []),
    ...(rows.onlyB > 0 ? [`${counted(rows.onlyB, 'row')} in B alone`] : []),
  ];
  const what = [
    `${counted(rows.compared, 'row')} compared`,
    counted(rewards, 'reward'),
    ...(groups > 0 ? [counted(groups, 'group')] : []),
  ].join(', ');
  const drawn =
    groups > 0 && clusters === groups
      ? `${many(clusters)} whole groups`
      : clusters < rewards
        ? `${many(clusters)} whole conversations`
        : 'rows';
  const notes = [
    left.length === 0 ? what : `${what}; left out: ${left.join(', ')}`,
    `95 % intervals from ${many(resamples)} resamples of ${drawn}`,
    ...(rows.otherTexts > 0
      ? [
          `${counted(rows.otherTexts, 'row')} with one id (${optionName('id')}) and another conversation in B: compared all the same`,
        ]
      : []),
    ...(rows.unknownTexts > 0
      ? [
          `${counted(rows.unknownTexts, 'row')} without a conversation in A or B, so that it is not known whether they are the same`,
        ]
      : []),
    ...(ties.a + ties.b > 0
      ? [
          `several candidates share the largest reward in ${counted(ties.a, 'group')} by A and ${many(ties.b)} by B: the first one is the winner, as in best`,
        ]
      : []),
  ];
  return notes.flatMap((note) => wrapped(note, '', width));
}

/** What most needs a word where there is no room for one beside each figure. */
const SHORT_EXPLANATION =
  'within and across: in and between groups; winner_changed: share of groups in which B chooses another candidate; shift and spread: mean and deviation of B less A';

/** With what each figure is, where there is room for all of it. */
function metricsTable({ comparison: { metrics } }: ShownComparison, { paint, width }: TextSettings): string[] {
  const defined = comparisonMetricNames.filter((name) => isDefined(metrics[name]));
  if (defined.length === 0) return [];
  const lines = table([
    ['', 'value', '95 % interval', 'n'],
    ...defined.map((name) => {
      const metric = metrics[name];
      return isDefined(metric) ? [name, short(metric.value), ends(metric), many(metric.n)] : [name, '', '', ''];
    }),
  ]).split('\n');
  const column = Math.max(...lines.map((line) => line.length)) + 2;
  const explanations = defined.map((name) => comparisonMetrics[name].explanation);
  if (explanations.some((explanation) => column + explanation.length > width)) {
    return [...lines, ...wrapped(SHORT_EXPLANATION, '', width).map(paint.faint)];
  }
  return lines.map((line, i) => (i === 0 ? line : `${line.padEnd(column)}${paint.faint(explanations[i - 1] ?? '')}`));
}

function reasonsOf({ comparison: { metrics } }: ShownComparison, { width }: TextSettings): string[] {
  const names = new Map<string, string[]>();
  for (const name of comparisonMetricNames) {
    const metric = metrics[name];
    if (!isDefined(metric)) names.set(metric.reason, [...(names.get(metric.reason) ?? []), name]);
  }
  const lines = [...names].flatMap(([reason, without]) => wrapped(`${without.join(', ')}: ${reason}`, '  ', width));
  return lines.length === 0 ? [] : ['not computed', ...lines];
}

function disagreementInWords(row: ShownDisagreement, { paint, width }: TextSettings): string[] {
  const { line, id, group, text, conversation } = row;
  const where = [
    line === null ? `row ${many(row.row)}` : `line ${many(line)}`,
    ...(text === null ? [] : [typeof text === 'number' ? `candidate ${text + 1}` : text]),
    ...(id === null ? [] : [`id ${clipped(id, 24)}`]),
    ...(group === null ? [] : [`group ${clipped(group, 24)}`]),
  ].join(', ');
  const figures =
    `A ${short(row.a)}, above ${percent(row.placeA)} of its rewards; ` +
    `B ${short(row.b)}, above ${percent(row.placeB)}`;
  const head = wrapped(`${where}: ${figures}`, '  ', width);
  if (conversation === null) return head;
  const { messages, response } = conversation;
  const left = messages.length - SHOWN_MESSAGES;
  return [
    ...head,
    ...(left > 0 ? [paint.faint(`    (${counted(left, 'earlier message')})`)] : []),
    ...messages
      .slice(-SHOWN_MESSAGES)
      .map(({ author, content }) =>
        paint.faint(`    ${clipped(author === null ? content : `${author}: ${content}`, width - 4)}`),
      ),
    `    ${clipped(`> ${response}`, width - 4)}`,
  ];
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** A text on one line: its beginning and its end, where it is longer. */
function clipped(text: string, most: number): string {
  const line = printable(visibleLine(text.length > 2 * most ? `${headOf(text, most)}${tailOf(text, most)}` : text));
  const characters = [...line];
  if (characters.length <= most && text.length <= 2 * most) return line;
  const half = Math.floor((most - 3) / 2);
  return `${characters.slice(0, most - 3 - half).join('')}...${characters.slice(-half).join('')}`;
}
