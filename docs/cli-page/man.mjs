/**
 * The blocks of make-cli-page.mjs as a page for man(1), in the macros of man(7) that groff and mandoc both have. It names
 * neither a date nor a version, so that it changes only with the commands.
 */

/** What sections of manual pages are usually called, where the page has other headings. */
const titles = { 'Exit codes': 'EXIT STATUS', 'Environment variables': 'ENVIRONMENT' };

/** @param description what the program does: up to its colon for the line NAME, which whatis(1) shows. */
export function manPageOf(blocks, name, description) {
  const [summary] = description.split(':');
  const firstCommand = blocks.findIndex(({ heading }) => heading?.startsWith(`${name} `));
  const general = blocks.slice(0, firstCommand).filter(({ prose }) => prose !== undefined);
  return `${[
    `.TH ${name.toUpperCase()} 1 "" "${name}" "User Commands"`,
    // Names of flags and variables are not divided, and lines are not filled up with blanks.
    '.nh\n.ad l',
    '.SH NAME',
    `${name} \\- ${inline(`${summary.charAt(0).toLowerCase()}${summary.slice(1)}`)}`,
    '.SH SYNOPSIS',
    `.B ${name}\n.RI [ command ]\n.RI [ options ]\n.RI [ file... ]`,
    '.SH DESCRIPTION',
    inline(description),
    ...general.map(blockOf),
    '.SH COMMANDS',
    ...blocks.slice(firstCommand).map(blockOf),
    '.SH SEE ALSO',
    inline('`reward-score command --help` shows the flags of one command.'),
  ].join('\n')}\n`;
}

function blockOf({ heading, comment, prose, synopsis, group, header, rows, examples }) {
  if (heading !== undefined) return headingOf(heading);
  if (comment !== undefined) return `.\\" ${comment}`;
  if (prose !== undefined) return `.PP\n${inline(prose)}`;
  if (synopsis !== undefined) return verbatim(synopsis);
  if (group !== undefined) return `.PP\n.I ${text(group)}`;
  if (examples !== undefined) return `.PP\nExamples:\n${verbatim(examples.trimEnd())}`;
  return rows.map((row) => itemOf(header, row)).join('\n');
}

function headingOf(heading) {
  return heading.startsWith('reward-score ')
    ? `.SS "${code(heading)}"`
    : `.SH "${titles[heading] ?? heading.toUpperCase()}"`;
}

/** A row of a table: its first cell is the name, the second says what it is, and others are said by their headings. */
function itemOf(header, [name, meaning, ...others]) {
  const said = others.flatMap((value, index) => {
    if (value === '') return [];
    return value === 'required' ? ['Required.'] : [`${capitalised(header[index + 2])}: ${value}.`];
  });
  return ['.TP', tagOf(name), inline([sentence(meaning), ...said].join(' '))].join('\n');
}

/** What the user puts in is in italics: `--model <dir|id>`. */
function tagOf(name) {
  const parts = name.replaceAll('`', '').split(/(<[^>]+>)/);
  return parts
    .filter((part) => part !== '')
    .map((part) => (part.startsWith('<') ? `\\fI${code(part.slice(1, -1))}\\fR` : `\\fB${code(part)}\\fR`))
    .join('');
}

function verbatim(lines) {
  const escaped = lines.split('\n').map((line) => protectedLine(code(line)));
  return `.PP\n.nf\n.RS 4\n${escaped.join('\n')}\n.RE\n.fi`;
}

/** Prose in Markdown, where code is in backquotes. */
function inline(markdown) {
  const roff = markdown
    .split(/(`[^`]+`)/)
    .map((part) => (part.startsWith('`') ? `\\fB${code(part.slice(1, -1))}\\fR` : text(part)))
    .join('');
  return roff.split('\n').map(protectedLine).join('\n');
}

/** Words keep their hyphens; what looks like a flag has characters that can be copied. */
function text(words) {
  return characters(words).replaceAll(/(?<!\w)-[\w-]*/g, (flag) => flag.replaceAll('-', '\\-'));
}

function code(words) {
  return characters(words).replaceAll('-', '\\-').replaceAll("'", '\\(aq').replaceAll('"', '\\(dq');
}

function characters(words) {
  return words.replaceAll('\\', '\\e').replaceAll('`', '\\(ga').replaceAll('^', '\\(ha').replaceAll('~', '\\(ti');
}

/** A line that begins with a dot or an apostrophe would be a request. */
function protectedLine(line) {
  return line.replace(/^(?=[.'])/, '\\&');
}

function capitalised(words) {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

function sentence(words) {
  return /[.?!]$/.test(words) ? words : `${words}.`;
}
