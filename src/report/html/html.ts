import { visible } from './visible.js';

/** Text that is markup already. What comes from a user becomes markup only through `html`. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** The values that a template may contain. `undefined` and `false` write nothing. */
export type Content = string | number | Markup | undefined | false | readonly Content[];

/**
 * A template whose contents are text: only what is `Markup` keeps its meaning, in elements and in quoted attributes.
 */
export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  const parts = strings.map((string, i) => (i === 0 ? string : written(contents[i - 1]) + string));
  return new Markup(parts.join(''));
}

function written(content: Content): string {
  if (content === undefined || content === false) return '';
  if (content instanceof Markup) return content.text;
  if (typeof content === 'object') return content.map(written).join('');
  return escaped(String(content));
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string): string => visible(text).replace(/[&<>"']/g, (character) => entities[character] ?? '');
