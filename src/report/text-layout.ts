/** Tables and paragraphs for a terminal of 80 columns. */
import { printable } from './printable.js';

const WIDTH = 80;

/** Characters that a line has room for in a name. */
const KEY_WIDTH = 24;

/** Columns that stand apart: the first is aligned to the left, the others to the right. */
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

/** A name that leaves room for the numbers beside it: its beginning and its end where it is long. */
export const clipped = (text: string): string => {
  const characters = [...printable(text)];
  return characters.length <= KEY_WIDTH
    ? characters.join('')
    : `${characters.slice(0, 9).join('')}...${characters.slice(12 - KEY_WIDTH).join('')}`;
};

/** A text in lines, each after the margin. */
export function wrapped(text: string, margin: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of printable(text).split(' ')) {
    if (line !== '' && margin.length + line.length + 1 + word.length > WIDTH) {
      lines.push(margin + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, margin + line];
}
