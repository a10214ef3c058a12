/** Completion for bash, from 3.2 (macOS) on, without the bash-completion package. */
import { type Completes, DEFAULT_COMMAND, type Position, quoted, valueFlags } from './places.js';

export function bashScript(places: readonly Position[]): string {
  const program = (places[0] as Position).path;
  const paths = places.slice(1).map(({ path }) => path);
  return `# bash completion for ${program}; to use it: source <(${program} completion bash)

_reward_score_words() {
  local word
  for word in "$@"; do
    [[ $word == "$cur"* ]] && COMPREPLY+=("$word")
  done
}

_reward_score_files() {
  local word
  compopt -o filenames 2> /dev/null
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur")
}

# Directories, and exported models.
_reward_score_models() {
  local word
  compopt -o filenames 2> /dev/null
  while IFS= read -r word; do
    [[ -d \${word/#\\~/$HOME} || $word == *.onnx ]] && COMPREPLY+=("$word")
  done < <(compgen -f -- "$cur")
}

_reward_score() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at=${quoted(program)} i
  COMPREPLY=()
  # In --flag=value bash sees three words.
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then
    prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${valueFlags(places)
        .map((name) => `*${quoted(` ${name}`)}`)
        .join('|')})
        [[ \${COMP_WORDS[i+1]} == = ]] && ((i++))
        ((i++))
        ;;
      *' -'*) ;;
      ${paths.map(quoted).join('|')}) at="$at \${COMP_WORDS[i]}" ;;
      *) [[ $at == ${quoted(program)} ]] && at=${quoted(`${program} ${DEFAULT_COMMAND}`)} ;;
    esac
  done
  case "$at $prev" in
${places.flatMap(valuesAt).join('\n')}
  esac
  if [[ $cur == -* ]]; then
    case $at in
${places.map(flagsAt).join('\n')}
    esac
    return
  fi
  case $at in
${places.map(argumentsAt).join('\n')}
  esac
}

complete -F _reward_score ${program}
`;
}

const valuesAt = ({ path, flags }: Position): string[] =>
  flags.flatMap(({ names, value }) => {
    if (value === undefined) return [];
    const patterns = names.map((name) => quoted(`${path} ${name}`)).join('|');
    return [`    ${patterns}) ${completing(value.completes)}return ;;`];
  });

const flagsAt = ({ path, flags }: Position): string =>
  `      ${quoted(path)}) _reward_score_words ${flags.flatMap(({ names }) => names).join(' ')} ;;`;

function argumentsAt({ path, commands, argument }: Position): string {
  const words = completing(commands.map(({ name }) => name));
  return `    ${quoted(path)}) ${words}${argument === undefined ? '' : completing(argument.completes)};;`;
}

function completing(completes: Completes): string {
  if (completes === 'files' || completes === 'models') return `_reward_score_${completes}; `;
  return completes.length === 0 ? '' : `_reward_score_words ${completes.map(quoted).join(' ')}; `;
}
