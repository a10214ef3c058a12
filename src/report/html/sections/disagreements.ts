import type { LabelledText, ShownPair, ShownText } from '../../../evaluation/shown-rows.js';
import { type Content, html, type Markup } from '../html.js';
import { count, decimal, plain } from '../numbers.js';
import type { Disagreements } from '../report-data.js';
import { preview } from '../visible.js';
import { conversationOf } from './conversation.js';
import { section, table } from './section.js';

const TEXT = 280;
const NAME = 60;

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
    overrated.length > 0 && labelledTable('Scored high, labelled low', overrated),
    underrated.length > 0 && labelledTable('Scored low, labelled high', underrated),
    pairs.length > 0 && pairTable(pairs),
  );
}

const labelledTable = (caption: string, rows: readonly LabelledText[]): Markup =>
  table(
    caption,
    [
      { title: 'Row' },
      { title: 'Label', kind: 'number' },
      { title: 'Reward', kind: 'number' },
      { title: 'Text', kind: 'text' },
    ],
    rows.map((row) => [placeOf(row), plain(row.label), decimal(row.reward), textOf(row)]),
  );

/** Rows without labels, as those with the lowest rewards. */
export const rowTable = (caption: string, rows: readonly ShownText[]): Markup =>
  table(
    caption,
    [{ title: 'Row' }, { title: 'Reward', kind: 'number' }, { title: 'Text', kind: 'text' }],
    rows.map((row) => [placeOf(row), decimal(row.reward), textOf(row)]),
  );

const pairTable = (pairs: readonly ShownPair[]): Markup =>
  table(
    'The rejected response scored higher',
    [
      { title: 'Pair' },
      { title: 'Margin', kind: 'number' },
      { title: 'Chosen', kind: 'text' },
      { title: 'Rejected', kind: 'text' },
    ],
    pairs.map(({ margin, chosen, rejected }) => [
      placeOf(chosen),
      decimal(margin),
      [html`<span class="reward">${decimal(chosen.reward)}</span> `, textOf(chosen)],
      [html`<span class="reward">${decimal(rejected.reward)}</span> `, textOf(rejected)],
    ]),
  );

/** `conversations.jsonl:12 [0]`, and the id below it. */
function placeOf({ file, row, line, candidate, id }: ShownText): Markup {
  const name = file === '-' ? 'standard input' : (file.split(/[/\\]/).at(-1) as string);
  const where = line === null ? ` row ${row}` : `:${line}`;
  return html`<code>${preview(name, NAME, 'end')}${where}${candidate !== null && ` [${candidate}]`}</code>${
    id !== null && html`<span class="meaning">id <bdi>${preview(id, NAME)}</bdi></span>`
  }`;
}

const textOf = (text: ShownText): Content => [
  html`<bdi class="quote">${preview(text.conversation?.response ?? text.text, TEXT)}</bdi>`,
  tokensOf(text),
  text.conversation !== null && conversationOf(text.conversation, text.explain),
];

const tokensOf = ({ tokens, cut }: ShownText): Content =>
  tokens !== null &&
  html`<span class="meaning">${count(tokens)} tokens${cut !== null && cut > 0 && html`, <b class="missed">${count(cut)} more cut off</b>`}</span>`;
