import { type Content, html, type Markup } from '../html.js';

/** A section of the report under its heading. */
export const section = (id: string, title: string, ...contents: Content[]): Markup =>
  html`<section id="${id}"><h2>${title}</h2>
${contents}
</section>
`;

/**
 * A table that scrolls in its own box where the page is narrow, reachable by keyboard.
 *
 * @param captionIs `spoken` where the heading above says the same
 */
export const table = (
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Content[])[],
  captionIs: 'seen' | 'spoken' = 'seen',
): Markup =>
  html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table${columns.some(isText) && html` class="texts"`}><caption class="${captionIs}">${caption}</caption>
<thead><tr>${columns.map(({ title, kind }) => html`<th scope="col"${kind && html` class="${kind}"`}>${title}</th>`)}</tr></thead>
<tbody>
${rows.map((cells) => html`<tr>${cells.map((content, i) => cell(content, i, columns))}</tr>\n`)}</tbody></table></div>
`;

export interface Column {
  readonly title: string;
  /** Numbers are aligned to the right; texts of rows may be long. */
  readonly kind?: 'number' | 'text';
}

const isText = ({ kind }: Column): boolean => kind === 'text';

/** The first cell names its row. A cell beside a text names its column, as on a phone there is no header above it. */
function cell(content: Content, index: number, columns: readonly Column[]): Markup {
  const { title, kind } = columns[index] as Column;
  if (index === 0) return html`<th scope="row">${content}</th>`;
  const name = columns.some(isText) && html` data-name="${title}"`;
  return html`<td${kind && html` class="${kind}"`}${name}>${content}</td>`;
}

/** A drawing with its heading, a key to its lines and marks, and a sentence on how to read it. */
export const figure = (title: string, drawing: Markup, keys: readonly Key[], reading: Content): Markup =>
  html`<figure><h3>${title}</h3>
${keys.length > 0 && html`<ul class="keys">${keys.map(([kind, name]) => html`<li><span class="key ${kind}"></span>${name}</li>`)}</ul>`}
${drawing}
<figcaption>${reading}</figcaption></figure>
`;

/** How a mark looks, and what it means. */
export type Key = readonly [
  kind: 'model' | 'band' | 'chance' | 'best' | 'dots' | 'up' | 'down' | 'cross',
  name: string,
];
