/** Completion for fish, with descriptions. */
import { type Completes, DEFAULT_COMMAND, type Flag, type Position, valueFlags } from './places.js';

export function fishScript(places: readonly Position[]): string {
  const program = (places[0] as Position).path;
  const paths = places.slice(1).map(({ path }) => path);
  return `# fish completion; to use it: ${program} completion fish > ~/.config/fish/completions/${program}.fish

function __reward_score_place
    set -l at ${quoted(program)}
    set -l value no
    for word in (commandline -opc)[2..-1]
        if test $value = yes
            set value no
            continue
        end
        switch "$at $word"
            case ${valueFlags(places)
              .map((name) => quoted(`* ${name}`))
              .join(' ')}
                set value yes
            case '* -*'
            case ${paths.map(quoted).join(' ')}
                set at "$at $word"
            case '*'
                test $at = ${quoted(program)}; and set at ${quoted(`${program} ${DEFAULT_COMMAND}`)}
        end
    end
    echo $at
end

function __reward_score_at
    test (__reward_score_place) = "$argv"
end

complete -c ${program} -f
${places.flatMap((place) => linesAt(place, program)).join('\n')}
`;
}

function linesAt({ path, flags, commands, argument }: Position, program: string): string[] {
  const line = (rest: string): string => `complete -c ${program} -n ${quoted(`__reward_score_at ${path}`)} ${rest}`;
  return [
    ...commands.map(({ name, description }) => line(`-a ${quoted(name)} -d ${quoted(description)}`)),
    ...(argument === undefined ? [] : [line(completing(argument.completes))]),
    ...flags.map((flag) => line(flagOf(flag))),
  ];
}

function flagOf({ names, description, value }: Flag): string {
  const named = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const following = value === undefined ? [] : ['-r', completing(value.completes)];
  return [...named, ...following, '-d', quoted(description)].join(' ');
}

function completing(completes: Completes): string {
  if (completes === 'files') return '-F';
  // All files are offered, those with the extension first; directories have a slash at their end.
  if (completes === 'models')
    return `-f -a ${quoted(String.raw`(__fish_complete_suffix .onnx | string match -r '.*(?:/|\.onnx)(?:\t.*)?$')`)}`;
  return completes.length === 0 ? '-f' : `-f -a ${quoted(completes.join(' '))}`;
}

const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
