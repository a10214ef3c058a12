import { type Content, html, type Markup } from '../html.js';
import { decimal, plain } from '../numbers.js';
import type { Disagreements, RatedPair, RatedRow } from '../report-data.js';
import { preview } from '../visible.js';
import { section, table } from './section.js';

const TEXT = 280;
const CONTEXT = 140;

/** The rows on which model and label disagree most. */
export function disagreementsOf({
  overrated = [],
  underrated = [],
  pairs = [],
}: Disagreements = {}): Markup | undefined {
  if (overrated.length + underrated.length + pairs.length === 0) return undefined;
  return section(
    'disagreements',
    'Where model and label disagree most',
    html`<p>Wrong rewards show what the model has not learned, and some of them are wrong labels.</p>`,
    overrated.length > 0 && rowTable('Scored high, labelled low', overrated),
    underrated.length > 0 && rowTable('Scored low, labelled high', underrated),
    pairs.length > 0 && pairTable(pairs),
  );
}

function rowTable(caption: string, rows: readonly RatedRow[]): Markup {
  const columns = [
    { title: 'Row' },
    { title: 'Label', kind: 'number' as const },
    { title: 'Reward', kind: 'number' as const },
    { title: 'Text', kind: 'text' as const },
  ];
  return table(
    caption,
    columns,
    rows.map(({ place, label, reward, text, context }) => [
      placeOf(place),
      plain(label),
      decimal(reward),
      [contextOf(context), quote(text)],
    ]),
  );
}

function pairTable(pairs: readonly RatedPair[]): Markup {
  const columns = [
    { title: 'Pair' },
    { title: 'Margin', kind: 'number' as const },
    { title: 'Chosen', kind: 'text' as const },
    { title: 'Rejected', kind: 'text' as const },
  ];
  return table(
    'The rejected response scored higher',
    columns,
    pairs.map(({ place, context, chosen, rejected }) => [
      placeOf(place),
      decimal(chosen.reward - rejected.reward),
      [contextOf(context), html`<span class="reward">${decimal(chosen.reward)}</span> `, quote(chosen.text)],
      [html`<span class="reward">${decimal(rejected.reward)}</span> `, quote(rejected.text)],
    ]),
  );
}

const placeOf = (place: string): Markup => html`<code>${preview(place, 60, 'end')}</code>`;

const contextOf = (context: string | undefined): Content =>
  context !== undefined && context !== '' && html`<bdi class="context">${preview(context, CONTEXT, 'end')}</bdi>`;

const quote = (text: string): Markup => html`<bdi class="quote">${preview(text, TEXT)}</bdi>`;
