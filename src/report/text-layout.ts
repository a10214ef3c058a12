/** Tables and paragraphs for a terminal, of 80 columns where its width is not known. */
import { printable } from './printable.js';

const WIDTH = 80;

/** The most characters of a name on a line. */
const KEY_WIDTH = 24;

/** Lays out columns: the first is aligned to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] as readonly string[]).map((_, column) =>
    Math.max(...rows.map((row) => [...(row[column] as string)].length)),
  );
  const pad = (cell: string, column: number): string => {
    const space = ' '.repeat((widths[column] as number) - [...cell].length);
    return column === 0 ? cell + space : space + cell;
  };
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n');
}

/** Clips a long name to its beginning and its end, so that there is room for the numbers beside it. */
export const clipped = (text: string): string => {
  const characters = [...printable(text)];
  return characters.length <= KEY_WIDTH
    ? characters.join('')
    : `${characters.slice(0, 9).join('')}...${characters.slice(12 - KEY_WIDTH).join('')}`;
};

/** Breaks a text into lines, each after the margin. */
export function wrapped(text: string, margin: string, width = WIDTH): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of printable(text).split(' ')) {
    if (line !== '' && margin.length + line.length + 1 + word.length > width) {
      lines.push(margin + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, margin + line];
}
