/**
 * commander's program of all commands and flags. It parses arguments, and help, completion and docs/cli.md are made
 * from it.
 */
import { Argument, Command, type Option } from 'commander';
import { printableMessage } from '../platform/printable.js';
import { type ArgumentDescription, type CommandDescription, commands, families } from './command-table.js';
import { type Context, contextOfCommand } from './context.js';
import { ExitCode } from './exit-codes.js';
import { addFlags, givenSettings, settleFlags } from './flags/options.js';
import { quieted } from './log.js';

interface Program {
  readonly command: Command;
  /**
   * Parses the arguments and runs the command that they name.
   *
   * @returns its exit code
   * @throws CommanderError for wrong use that commander has reported, and where help or the version was asked for
   */
  run(): Promise<number>;
}

export function createProgram(args: readonly string[], context: Context): Program {
  const { stdout, stderr, version } = context;
  let exitCode: number = ExitCode.ok;
  const program = new Command('reward-score')
    .description(
      'Scores conversations with reward models, classifiers and rerankers: JSONL, CSV or Parquet goes in, and the same rows come out with their rewards.',
    )
    .version(version, '-V, --version')
    .helpOption('-h, --help', 'show this help')
    .addHelpText('after', '\nThe flags of score are listed by: reward-score score --help')
    .configureHelp({ optionDescription })
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      outputError: (text, write) => write(printableMessage(inOneLine(text, program, args))),
      // commander has a default for what is no terminal.
      getOutHelpWidth: () => (stdout.isTTY ? stdout.columns : undefined) as number,
      getErrHelpWidth: () => (stderr.isTTY ? stderr.columns : undefined) as number,
    })
    .exitOverride();
  for (const description of commands) {
    const [last = '', ...path] = description.name.split(' ').reverse();
    const parent = path.reduceRight(childOf, program);
    const command = parent.command(last, { isDefault: description.isDefault ?? false });
    addCommand(command, description, context, program, args, (code) => {
      exitCode = code;
    });
  }
  return {
    command: program,
    async run() {
      await program.parseAsync(args, { from: 'user' });
      return exitCode;
    },
  };
}

/** The command of a family such as `model`, which is made when its first member is. */
const childOf = (parent: Command, name: string): Command =>
  parent.commands.find((child) => child.name() === name) ??
  parent.command(name).description(families[name as keyof typeof families]);

function addCommand(
  command: Command,
  description: CommandDescription,
  context: Context,
  program: Command,
  words: readonly string[],
  finished: (exitCode: number) => void,
): void {
  const { name, summary, examples, notes, readsInput = false } = description;
  command.description(summary);
  for (const argument of description.arguments) command.addArgument(argumentOf(argument));
  for (const text of [examples && listed(examples), notes]) {
    if (text !== undefined) command.addHelpText('after', `\n${text}`);
  }
  if (name !== 'completion') addFlags(command, name, context.env);
  command.action(async () => {
    if (readsInput && command.args.length === 0 && context.stdin.isTTY) {
      context.stderr.write(shortHelp(command, description, program));
      return finished(ExitCode.usage);
    }
    if (name !== 'completion') settleFlags(command, name);
    const flags = command.opts();
    const log = flags.quiet === true ? quieted(context.log) : context.log;
    const operands = readsInput && command.args.length === 0 ? ['-'] : command.args;
    const given = name === 'completion' ? { flags: [], variables: [] } : givenSettings(command, name);
    finished(await description.run(operands, flags as never, contextOfCommand(context, log, given, words), program));
  });
}

const listed = (examples: readonly string[]): string =>
  ['Examples:', ...examples.map((line) => `  ${line}`)].join('\n');

/** What someone sees who types no more than the command's name. */
function shortHelp(command: Command, description: CommandDescription, program: Command): string {
  const { name, summary, examples = [], isDefault = false } = description;
  const start = program.name();
  const help = command.createHelp();
  return [
    `${isDefault ? program.description() : `${summary[0]?.toUpperCase()}${summary.slice(1)}.`}\n`,
    `Usage: ${help.commandUsage(command)}\n`,
    `${listed(examples)}\n`,
    ...(isDefault
      ? [
          `Commands: ${program.commands.map((each) => each.name()).join(', ')}.\n`,
          `${start} --help says what the commands do, ${start} ${name} --help lists the flags.\n`,
        ]
      : [`${start} ${name} --help lists the flags.\n`]),
  ].join('\n');
}

function argumentOf({ name, doc, choices, parse }: ArgumentDescription): Argument {
  const argument = new Argument(name, doc);
  if (choices !== undefined) argument.choices(choices);
  if (parse !== undefined) argument.argParser(parse);
  return argument;
}

/** Describes a flag without its variable, whose name follows from that of the flag, and without trivial defaults. */
function optionDescription({ description, argChoices, defaultValue, mandatory }: Option): string {
  const notes = [
    ...(mandatory ? ['required'] : []),
    ...(argChoices === undefined ? [] : [argChoices.join(', ')]),
    ...(defaultValue === undefined || typeof defaultValue === 'boolean' ? [] : [`default: ${defaultValue}`]),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`;
}

/** Rewrites commander's errors to one line in the style of all others. */
function inOneLine(text: string, program: Command, args: readonly string[]): string {
  if (!text.startsWith('error: ')) return text;
  const message = text
    .trimEnd()
    .replace(/^error: /, 'reward-score: ')
    .replace(/\n\(Did you mean (.*)\?\)$/, '; did you mean $1?');
  const lost = message.includes('unknown option') && !message.endsWith('?');
  const typed = args.find((word) => !word.startsWith('-'));
  const command = program.commands.find((each) => each.name() === typed)?.name() ?? 'score';
  return `${message}${lost ? `; reward-score ${command} --help lists them` : ''}\n`;
}
