/** Completion for zsh, with descriptions: a function for each place, which calls that of the command typed. */
import { type Completes, DEFAULT_COMMAND, type Flag, type Position, quoted } from './places.js';

export function zshScript(places: readonly Position[]): string {
  const program = (places[0] as Position).path;
  return `#compdef ${program}
# zsh completion; to use it: ${program} completion zsh > DIRECTORY/_${program}, where DIRECTORY is in $fpath

${places.map((place) => functionAt(place, program)).join('\n')}
if [[ $funcstack[1] == _${program} ]]; then
  _${program} "$@"
else
  compdef _${program} ${program}
fi
`;
}

const functionName = (path: string): string => `_${path.replaceAll(' ', '__')}`;

function functionAt(place: Position, program: string): string {
  const { path, flags, commands, argument } = place;
  const specs = flags.flatMap(specsOf);
  if (commands.length === 0) {
    if (argument !== undefined) specs.push(quoted(`*:${spelled(argument.name)}:${action(argument.completes)}`));
    return defined(path, [`_arguments -s ${joined(specs)}`]);
  }
  const names = commands.map(({ name, description }) => `    ${quoted(`${spelled(name)}:${description}`)}`);
  const rest = commands.map(({ name }) => `        ${name}) ${functionName(`${path} ${name}`)} ;;`);
  // Only the program itself has a default command: a first word that is not one of its commands is an argument.
  if (path === program) rest.push(`        *) ${functionName(`${path} ${DEFAULT_COMMAND}`)} ;;`);
  return defined(path, [
    'local curcontext="$curcontext" state line',
    'typeset -A opt_args',
    'local -a commands',
    `commands=(\n${names.join('\n')}\n  )`,
    `_arguments -C -s ${joined([...specs, quoted('1: :->first'), quoted('*:: :->rest')])} && return`,
    `case $state in
    first)
      _describe command commands${argument === undefined ? '' : `\n      ${action(argument.completes)}`}
      ;;
    rest)
      case $words[1] in
${rest.join('\n')}
      esac
      ;;
  esac`,
  ]);
}

const defined = (path: string, lines: readonly string[]): string =>
  `${functionName(path)}() {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`;

const joined = (specs: readonly string[]): string => specs.map((spec) => `\\\n    ${spec}`).join(' ');

/** Makes a spec for each name of a flag; whichever is typed, neither is offered again. */
const specsOf = ({ names, description, value }: Flag): string[] =>
  names.map((name) => {
    const taking = value === undefined ? '' : name.startsWith('--') ? '=' : '+';
    const what = value === undefined ? '' : `:${spelled(value.name)}:${action(value.completes)}`;
    return quoted(`(${names.join(' ')})${name}${taking}[${spelled(description)}]${what}`);
  });

function action(completes: Completes): string {
  if (completes === 'files') return '_files';
  if (completes === 'models') return '_files -g "*.onnx"'; // Directories are always offered.
  return completes.length === 0 ? ' ' : `(${completes.join(' ')})`;
}

/** Escapes the characters that are special to _arguments. */
const spelled = (text: string): string => text.replace(/[\\[\]:]/g, '\\$&');
