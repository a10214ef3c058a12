/**
 * Writes docs/cli.md from the program itself: its commands as commander has them, and the records of flags and codes.
 *
 *     npm run docs:cli
 *
 * Another file than docs/cli.md can be named as argument.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { ExitCode, exitCodeMeanings, exitCodeOf } from '../dist/cli/exit-codes.js';
import { variableOf } from '../dist/cli/flags/flag.js';
import { processContext } from '../dist/cli/process.js';
import { createProgram } from '../dist/cli/program.js';
import { signals } from '../dist/cli/signals.js';
import { failureCodes } from '../dist/rows/failure.js';

/** Variables that no flag has. One that the sources read and that is not here, or the other way round, is an error. */
const variables = {
  REWARD_SCORE_CACHE: 'directory of prepared models; else `$XDG_CACHE_HOME/reward-score`, else `~/.cache/reward-score`',
  XDG_CACHE_HOME: 'directory of caches that have no variable of their own',
  HF_HUB_CACHE: 'directory of downloads, shared with Python; else `$HF_HOME/hub`',
  HUGGINGFACE_HUB_CACHE: 'the old name of `HF_HUB_CACHE`',
  HF_HOME:
    'directory of what the Hugging Face libraries keep; else `$XDG_CACHE_HOME/huggingface`, else `~/.cache/huggingface`',
  HF_ENDPOINT: 'address of the hub; else `https://huggingface.co`',
  HF_TOKEN: 'access token, sent to the hub alone',
  HUGGING_FACE_HUB_TOKEN: 'the old name of `HF_TOKEN`',
  HF_TOKEN_PATH: 'file with an access token; else `$HF_HOME/token`',
  HF_HUB_DISABLE_IMPLICIT_TOKEN: 'send no token',
  HF_HUB_OFFLINE: 'never use the network, as with `--offline`',
  TRANSFORMERS_OFFLINE: 'the same, where `HF_HUB_OFFLINE` is not set',
  HF_HUB_ETAG_TIMEOUT: 'seconds that the hub may be silent when asked about a file; else 10',
  HF_HUB_DOWNLOAD_TIMEOUT: 'seconds that it may be silent during a download; else 10',
  HF_HUB_DISABLE_SYMLINKS: 'copy files into the cache instead of linking them',
  HF_HUB_DISABLE_PROGRESS_BARS: 'show no progress',
  CI: 'show no progress',
  NO_COLOR:
    'if it is not empty, `explain`, `compare`, `summary` and `doctor` print no colours; without it, they do so on a terminal only',
  TERM: 'if it is `dumb`, the same',
  GITHUB_ACTIONS: 'if it is `true`, `eval` prints missed thresholds and bad rows as annotations (workflow commands)',
  NODE_EXTRA_CA_CERTS: 'file of certificates that Node.js trusts besides its own, for a proxy that decrypts traffic',
  NODE_USE_ENV_PROXY: 'if it is 1, Node.js (from 22.21 and 24 on) uses `HTTPS_PROXY` and `NO_PROXY`',
  ORT_DISABLE_TELEMETRY:
    "set to 1 by reward-score unless it is set, because onnxruntime's builds report to Microsoft otherwise",
};

const { command: program } = createProgram([], processContext());
const sections = [
  `# The command line

<!-- Made by \`npm run docs:cli\` from the program; a change here is lost. -->

Flags may stand in any order. If a flag is given twice, the last one counts. A flag takes precedence over its environment variable, and
the variable over the default. The variable of a switch turns it on with any value except \`0\`, \`false\`, \`no\`, \`off\` and the
empty one. After \`--\`, everything is an argument. \`--help\` after a command shows its flags, and \`reward-score --version\` shows
the version.`,
  ...commandsOf(program).flatMap((command) => sectionsOf(command, 2)),
  '## Exit codes',
  table(
    ['code', 'meaning'],
    [
      ...Object.entries(ExitCode).map(([name, code]) => [String(code), exitCodeMeanings[name]]),
      ...signals.map((signal) => [
        String(exitCodeOf(signal)),
        `ended by ${signal}: the first signal finishes the rows in work, the second ends at once`,
      ]),
    ],
  ),
  '## Codes of bad rows',
  table(
    ['code', 'meaning'],
    Object.entries(failureCodes).map(([code, meaning]) => [`\`${code}\``, meaning]),
  ),
  `## Environment variables

These are read besides the variables of flags. Those of Hugging Face mean what they mean to its Python library.`,
  table(
    ['variable', 'meaning'],
    Object.entries(checkedVariables()).map(([name, meaning]) => [`\`${name}\``, meaning]),
  ),
];
const page = process.argv[2] ?? new URL('cli.md', import.meta.url);
writeFileSync(page, `${sections.join('\n\n')}\n`);

/** Those that help shows, without help itself. */
function commandsOf(command) {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((inner) => inner.name() !== 'help');
}

function sectionsOf(command, level) {
  const help = command.createHelp();
  const path = help.commandUsage(command).replace(/ \[?(options|command)\].*/, '');
  const commands = commandsOf(command);
  return [
    `${'#'.repeat(level)} ${path}`,
    `${sentence(command.description())}`,
    ...(commands.length > 0 ? commands.flatMap((inner) => sectionsOf(inner, level + 1)) : usageOf(command, help)),
  ];
}

function usageOf(command, help) {
  const wordings = help.visibleArguments(command).map((argument) => {
    const choices = listed(argument.argChoices);
    return [`\`${argument.name()}\``, cell(argument.description, choices && `one of ${choices}`)];
  });
  const groups = help.groupItems(
    command.options,
    help.visibleOptions(command).filter(({ long }) => long !== '--help'),
    (option) => option.helpGroupHeading ?? 'Options:',
  );
  return [
    `\`\`\`text\n${help.commandUsage(command)}\n\`\`\``,
    ...(wordings.length > 0 ? [table(['argument', 'meaning'], wordings)] : []),
    ...[...groups].flatMap(([heading, options]) => [
      ...(groups.size > 1 ? [`**${heading.replace(/:$/, '')}**`] : []),
      table(['flag', 'meaning', 'default', 'environment variable'], options.map(rowOf)),
    ]),
    ...examplesOf(command),
  ];
}

function rowOf(option) {
  const [description, stated] = option.description.split(/\s*\(default: (.*)\)$/);
  const choices = listed(option.argChoices);
  const isSwitch = !option.required && !option.optional;
  const name = option.long.slice(2);
  return [
    `\`${cell(option.flags)}\``,
    cell(description, choices && `one of ${choices}`),
    option.mandatory ? 'required' : cell(defaultOf(option, isSwitch, stated)),
    `\`${variableOf({ name })}\``,
  ];
}

function defaultOf({ defaultValue }, isSwitch, stated) {
  if (stated !== undefined) return stated;
  if (isSwitch) return 'off';
  return defaultValue === undefined ? '' : `\`${defaultValue}\``;
}

/** What help shows at its end, as far as it is examples. */
function examplesOf(command) {
  let shown = '';
  const { writeOut, ...others } = command.configureOutput();
  command.configureOutput({ ...others, writeOut: (text) => (shown += text) }).outputHelp();
  command.configureOutput({ ...others, writeOut });
  const examples = /\nExamples:\n((?: {2}.*\n)+)/.exec(shown)?.[1];
  return examples === undefined ? [] : [`\`\`\`sh\n${examples.replaceAll(/^ {2}/gm, '')}\`\`\``];
}

function checkedVariables() {
  const names = new Set();
  const folder = new URL('../src/', import.meta.url);
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  )) {
    const source = readFileSync(new URL(file, folder), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/ .*/g, '');
    const found = source.matchAll(
      /\b((?:HF|HUGGING_?FACE|TRANSFORMERS|XDG|REWARD_SCORE|ORT|NODE)_[A-Z_]*[A-Z])\b|\benv\.([A-Z_]+)|\{ (CI)\b/g,
    );
    for (const [, ...groups] of found) names.add(groups.find((group) => group !== undefined));
  }
  const ofFlags = new Set(
    allCommands(program).flatMap(({ options }) => options.map(({ long }) => variableOf({ name: long.slice(2) }))),
  );
  const read = [...names].filter((name) => !ofFlags.has(name)).sort();
  const described = Object.keys(variables).sort();
  const different = [
    ...read.filter((name) => !described.includes(name)),
    ...described.filter((name) => !names.has(name)),
  ];
  if (different.length > 0) throw new Error(`described or read, not both: ${different.join(', ')}`);
  return variables;
}

function allCommands(command) {
  return [command, ...command.commands.flatMap(allCommands)];
}

/** A column in which nothing stands is left out. */
function table(header, rows) {
  const filled = header.map((_, column) => rows.some((row) => row[column] !== ''));
  const line = (cells) => `| ${cells.filter((_, column) => filled[column]).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

function listed(choices) {
  return choices?.map((choice) => `\`${choice}\``).join(', ');
}

/** Texts in one cell of a table. */
function cell(...texts) {
  return texts
    .filter((text) => text)
    .join('; ')
    .replaceAll('|', '\\|');
}

function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?!]$/.test(text) ? '' : '.'}`;
}
