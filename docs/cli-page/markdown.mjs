/**
 * The blocks of make-cli-page.mjs as Markdown. A block is a `heading` of a `level`, a `comment`, `prose`, a `synopsis`, a
 * `group` of flags, a table (`header` and `rows`), or `examples`; texts in it are Markdown, but `|` needs no escape.
 */
export function markdownOf(blocks) {
  return `${blocks.map(blockOf).join('\n\n')}\n`;
}

function blockOf({ heading, level, comment, prose, synopsis, group, header, rows, examples }) {
  if (heading !== undefined) return `${'#'.repeat(level)} ${heading}`;
  if (comment !== undefined) return `<!-- ${comment} -->`;
  if (prose !== undefined) return prose;
  if (synopsis !== undefined) return `\`\`\`text\n${synopsis}\n\`\`\``;
  if (group !== undefined) return `**${group}**`;
  if (examples !== undefined) return `\`\`\`sh\n${examples}\`\`\``;
  return table(header, rows);
}

/** A column in which nothing stands is left out. */
function table(header, rows) {
  const filled = header.map((_, column) => rows.some((row) => row[column] !== ''));
  const line = (cells) => `| ${cells.filter((_, column) => filled[column]).join(' | ')} |`;
  const escaped = rows.map((row) => row.map((text) => text.replaceAll('|', '\\|')));
  return [line(header), line(header.map(() => '---')), ...escaped.map(line)].join('\n');
}
