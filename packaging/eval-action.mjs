/**
 * What action.yml runs: `reward-score eval` with the action's inputs, from the environment, where no character of theirs is
 * the shell's. Its results go to the log, to the job's summary and to the outputs; the exit code is the program's.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';

const input = (name) => process.env[`INPUT_${name}`]?.trim() ?? '';
const lines = (name) =>
  input(name)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** `auc >= 0.8` is --fail-under auc=0.8, and `ece <= 0.3` --fail-over ece=0.3. */
function thresholdFlags(line) {
  const [, metric, relation, number] = /^(.+?)\s*(>=|<=)\s*(\S+)$/.exec(line) ?? [];
  if (metric === undefined) {
    throw new Error(`thresholds: expected a line like "auc >= 0.8" or "ece <= 0.3", got "${line}"`);
  }
  return [relation === '>=' ? '--fail-under' : '--fail-over', `${metric}=${number}`];
}

/** One flag, with its value, per line, as in `--group question`. */
const flagsOf = (line) => {
  const space = line.search(/[ =]/);
  return space === -1 ? [line] : [line.slice(0, space), line.slice(space + 1).trim()];
};

function fileFlags() {
  const flags = { model: '--model', report: '--report', junit: '--junit' };
  return Object.entries(flags).flatMap(([name, flag]) => {
    const value = input(name.toUpperCase());
    return value === '' ? [] : [flag, value];
  });
}

function run() {
  const files = lines('FILES');
  if (files.length === 0) throw new Error('files: expected labelled rows, one file or pattern per line, got none');
  const flags = [...fileFlags(), ...lines('THRESHOLDS').flatMap(thresholdFlags), ...lines('FLAGS').flatMap(flagsOf)];
  return spawnSync(process.execPath, [process.env.REWARD_SCORE_PROGRAM, 'eval', ...flags, '--', ...files], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 26,
  });
}

const titles = { 0: 'passed', 3: 'has bad rows', 4: 'missed a threshold' };
try {
  const { status, stdout, error } = run();
  if (error) throw error;
  const code = status ?? 1;
  process.stdout.write(stdout);
  const title = titles[code] ?? `failed with exit code ${code}`;
  const fence = '`'.repeat(Math.max(2, ...(stdout.match(/`+/g) ?? []).map(({ length }) => length)) + 1);
  const { GITHUB_STEP_SUMMARY: summary, GITHUB_OUTPUT: output } = process.env;
  // Annotations, which GitHub takes from the log and shows beside the change.
  const results = stdout.replaceAll(/^::.*\n?/gm, '').trimEnd();
  if (summary) appendFileSync(summary, `### Reward model: ${title}\n\n${fence}text\n${results}\n${fence}\n`);
  if (output) appendFileSync(output, `exit-code=${code}\n`);
  process.exitCode = code;
} catch (error) {
  process.stdout.write(`::error::${error.message}\n`);
  process.exitCode = 2;
}
