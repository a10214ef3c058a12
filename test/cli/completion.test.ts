/** Completion in the real shells: what is typed, and what they offer. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { rewardScore, temporaryDirectory, writeFile } from '../support/run.js';

const directory = temporaryDirectory();
for (const name of ['my model', 'plain']) mkdirSync(`${directory}/${name}`);
for (const name of ['chats.jsonl', 'check.csv', 'model.onnx']) writeFile(directory, name, '');

/** What follows `reward-score `, and the words that are offered for its last one. */
const cases: readonly (readonly [typed: string, offered: readonly string[]])[] = [
  ['mode', ['model', 'model.onnx']],
  ['comp', ['compare', 'completion']],
  ['model pu', ['pull']],
  ['-q model l', ['list']],
  ['help comp', ['compare', 'completion']],
  ['completion ', ['bash', 'fish', 'zsh']],
  ['--fro', ['--from']],
  ['score chats.jsonl --fro', ['--from']],
  ['chats.jsonl --fro', ['--from']],
  ['--from csv --from csv --overw', ['--overwrite']],
  ['--from ', ['csv', 'json', 'jsonl', 'parquet', 'text', 'tsv']],
  ['--from t', ['text', 'tsv']],
  ['--truncation-side r', ['right']],
  ['model info --js', ['--json']],
  ['model check plain --agai', ['--against']],
  ['model check --activation soft', ['softmax']],
  ['ch', ['chats.jsonl', 'check.csv']],
  ['score che', ['check.csv']],
  ['-o cha', ['chats.jsonl']],
  ['--summary che', ['check.csv']],
  ['model check --against cha', ['chats.jsonl']],
  ['-m ', ['model.onnx', 'my model', 'plain']],
  ['-m pl', ['plain']],
  ['--tokenizer pl', ['plain']],
  ['model info mod', ['model.onnx']],
  ['--max-length ', []],
  ['model list ch', []],
];

const script = async (shell: string): Promise<string> => {
  const { code, stdout, stderr } = await rewardScore(['completion', shell]);
  assert.deepEqual([code, stderr], [0, '']);
  return writeFile(directory, `.completion.${shell}`, stdout);
};

async function run(program: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(program, args, { cwd: directory, timeout: 60_000 });
  assert.equal(stderr, '');
  return stdout;
}

function describeShell(shell: string, body: () => void): void {
  let installed = true;
  try {
    execFileSync(shell, ['-c', 'exit 0']);
  } catch {
    installed = false;
  }
  describe(shell, { skip: installed ? false : `${shell} is not installed` }, body);
}

describeShell('bash', () => {
  const complete = async (lines: readonly string[]): Promise<string[][]> => {
    // As bash cuts words: also at =.
    const calls = lines.map((line) => {
      const words = `reward-score ${line}`.split(/ |(?<==)|(?==)/).map((word) => `'${word}'`);
      return `complete_words ${words.join(' ')}`;
    });
    const program = `
      source .completion.bash
      complete_words() {
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _reward_score
        printf '%s\\t' "\${COMPREPLY[@]}"
        echo
      }
      ${calls.join('\n')}`;
    const output = (await run('bash', ['--norc', '-c', program])).split('\n').slice(0, -1);
    return output.map((line) => line.split('\t').filter(Boolean).sort());
  };

  test('takes the script, and offers what fits', async () => {
    await run('bash', ['-n', await script('bash')]);
    const lines = [
      ...cases,
      ['--from=t', ['text', 'tsv']] as const,
      ['--to=', ['csv', 'jsonl', 'parquet', 'scores', 'tsv']] as const,
    ];
    assert.deepEqual(
      (await complete(lines.map(([typed]) => typed))).map((offered, i) => [lines[i]?.[0], offered]),
      lines,
    );
  });

  test('knows every flag that --help shows', async () => {
    await script('bash');
    for (const command of [['score'], ['model', 'check'], ['model', 'prune'], ['completion']]) {
      const { stdout } = await rewardScore([...command, '--help']);
      const flags = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag]) => flag as string);
      assert.ok(flags.length > 0);
      assert.deepEqual(await complete([`${command.join(' ')} --`]), [flags.sort()]);
    }
  });
});

describeShell('fish', () => {
  test('takes the script, and offers what fits', async () => {
    await run('fish', ['-n', await script('fish')]);
    const calls = cases.map(([typed]) => `complete -C'reward-score ${typed}'; echo '@@'`);
    const output = await run('fish', ['--no-config', '-c', `source .completion.fish\n${calls.join('\n')}`]);
    const offered = output.split('@@\n');
    for (const [i, [typed, expected]] of cases.entries()) {
      const words = (offered[i] ?? '').split('\n').map((line) => line.split('\t')[0]?.replace(/\/$/, ''));
      assert.deepEqual(words.filter(Boolean).sort(), expected, typed);
    }
  });
});

describeShell('zsh', () => {
  test('takes the script, and completes what can only be one word', async () => {
    await run('zsh', ['-n', await script('zsh')]);
    const lines = cases.filter(([, offered]) => offered.length === 1);
    // A zsh at a terminal; a key tells what the line has become. It prints through a variable, so that
    // the echo of what is typed is not taken for it.
    const program = `
      zmodload zsh/zpty
      zpty shell 'zsh -f -i'
      zpty -w shell 'PS1=; mark=@@; autoload -U compinit; compinit -D -u; source .completion.zsh
        tell() { print -r -- "$mark$BUFFER$mark"; BUFFER=; }; zle -N tell; bindkey "^G" tell; print "$mark"ready'
      zpty -r shell output '*@@ready*'
      for line in "$@"; do
        zpty -n -w shell "reward-score $line"$'\\t\\a'
        zpty -r shell output '*@@*@@*'
        print -r -- "\${\${output#*@@}%%@@*}"
      done
      zpty -d shell`;
    const output = await run('zsh', ['-f', '-c', program, 'zsh', ...lines.map(([typed]) => typed)]);
    const completed = output.split('\n').map((line) => line.replace(/[ =/]*$/, ''));
    assert.deepEqual(
      completed.slice(0, -1),
      lines.map(([typed, offered]) => `reward-score ${typed.replace(/[^ ]*$/, '')}${offered[0]}`),
    );
  });
});

test('another shell is refused in one line', async () => {
  const run = await rewardScore(['completion', 'tcsh']);
  assert.deepEqual([run.code, run.stdout], [2, '']);
  assert.match(run.stderr, /^reward-score: .*'tcsh' is invalid.*Allowed choices are bash, zsh, fish\.\n$/);
});
