/**
 * Writes docs/cli.md and the manual page docs/reward-score.1 from the program itself: its commands as commander has them, and
 * the records of flags and codes.
 *
 *     npm run docs:cli
 *
 * Another folder than docs/ can be named as argument.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ExitCode, exitCodeMeanings, exitCodeOf } from '../dist/cli/exit-codes.js';
import { variableOf } from '../dist/cli/flags/flag.js';
import { processContext } from '../dist/cli/process.js';
import { createProgram } from '../dist/cli/program.js';
import { signals } from '../dist/cli/signals.js';
import { failureCodes } from '../dist/rows/failure.js';
import { manPageOf } from './cli-page/man.mjs';
import { markdownOf } from './cli-page/markdown.mjs';

/** Variables that no flag has. One that the sources read and that is not here, or the other way round, is an error. */
const variables = {
  REWARD_SCORE_CACHE:
    'directory of prepared models, and of what Node.js has compiled; else `$XDG_CACHE_HOME/reward-score`, else `~/.cache/reward-score`',
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
  NODE_COMPILE_CACHE:
    'directory where Node.js (from 22.1 on) keeps what it has compiled of the program; else `compiled` in that of `REWARD_SCORE_CACHE`. `NODE_DISABLE_COMPILE_CACHE=1` turns it off',
  ORT_DISABLE_TELEMETRY:
    "set to 1 by reward-score unless it is set, because onnxruntime's builds report to Microsoft otherwise",
};

const { command: program } = createProgram([], processContext());
const blocks = [
  { heading: 'The command line', level: 1 },
  { comment: 'Made by `npm run docs:cli` from the program; a change here is lost.' },
  {
    prose: `Flags may stand in any order. If a flag is given twice, the last one counts. A flag takes precedence over its environment variable, and
the variable over the default. The variable of a switch turns it on with any value except \`0\`, \`false\`, \`no\`, \`off\` and the
empty one. Each switch has an opposite, which turns it off again: \`--no-resume\`, and \`--cache\` for \`--no-cache\`. Where two flags exclude each
other, one on the command line takes the place of one that a variable sets. After \`--\`, everything is an argument. \`--help\` after a
command shows its flags, and \`reward-score --version\` shows the version.`,
  },
  ...commandsOf(program).flatMap((command) => sectionsOf(command, 2)),
  { heading: 'Exit codes', level: 2 },
  {
    header: ['code', 'meaning'],
    rows: [
      ...Object.entries(ExitCode).map(([name, code]) => [String(code), exitCodeMeanings[name]]),
      ...signals.map((signal) => [
        String(exitCodeOf(signal)),
        `ended by ${signal}: the first signal finishes the rows in work, the second ends at once`,
      ]),
    ],
  },
  { heading: 'Codes of bad rows', level: 2 },
  {
    header: ['code', 'meaning'],
    rows: Object.entries(failureCodes).map(([code, meaning]) => [`\`${code}\``, meaning]),
  },
  { heading: 'Environment variables', level: 2 },
  {
    prose:
      'These are read besides the variables of flags. Those of Hugging Face mean what they mean to its Python library.',
  },
  {
    header: ['variable', 'meaning'],
    rows: Object.entries(checkedVariables()).map(([name, meaning]) => [`\`${name}\``, meaning]),
  },
];
const folder = process.argv[2] ?? fileURLToPath(new URL('.', import.meta.url));
writeFileSync(join(folder, 'cli.md'), markdownOf(blocks));
writeFileSync(join(folder, 'reward-score.1'), manPageOf(blocks, program.name(), program.description()));

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
    { heading: path, level },
    { prose: sentence(command.description()) },
    ...(commands.length > 0 ? commands.flatMap((inner) => sectionsOf(inner, level + 1)) : usageOf(command, help)),
  ];
}

function usageOf(command, help) {
  const wordings = help.visibleArguments(command).map((argument) => {
    const choices = listed(argument.argChoices);
    return [`\`${argument.name()}\``, joined(argument.description, choices && `one of ${choices}`)];
  });
  const shown = help.visibleOptions(command).filter(({ long }) => long !== '--help');
  const groups = help.groupItems(shown, shown, (option) => option.helpGroupHeading ?? 'Options:');
  return [
    { synopsis: help.commandUsage(command) },
    ...(wordings.length > 0 ? [{ header: ['argument', 'meaning'], rows: wordings }] : []),
    ...[...groups].flatMap(([heading, options]) => [
      ...(groups.size > 1 ? [{ group: heading.replace(/:$/, '') }] : []),
      { header: ['flag', 'meaning', 'default', 'environment variable'], rows: options.map(rowOf) },
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
    `\`${option.flags}\``,
    joined(description, choices && `one of ${choices}`),
    option.mandatory ? 'required' : defaultOf(option, isSwitch, stated),
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
  return examples === undefined ? [] : [{ examples: examples.replaceAll(/^ {2}/gm, '') }];
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

function listed(choices) {
  return choices?.map((choice) => `\`${choice}\``).join(', ');
}

/** Texts in one cell of a table. */
function joined(...texts) {
  return texts.filter((text) => text).join('; ');
}

function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?!]$/.test(text) ? '' : '.'}`;
}
