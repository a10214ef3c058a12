/** A `reward-score` for the engines to find, and a way to stop one of its runs in the middle. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/run.js';
import { until } from './until.js';

/**
 * Of the runs that start after `arm`, the first that gets to the fault (FAULT_WORKER of support/faults.mjs) claims it;
 * until then each saves after every window. `score:3:SIGSTOP` holds one at a worker's fourth window until the test has
 * seen it there. An engine shares its work out as it likes: of a run chosen beforehand nobody knows that it gets there.
 */
export class Latch {
  /** For PATH. */
  readonly bin: string;
  readonly #folder: string;
  readonly #armed: string;

  constructor(folder: string) {
    this.#folder = join(folder, 'latch');
    this.#armed = join(this.#folder, 'armed');
    this.bin = join(this.#folder, 'bin');
    mkdirSync(this.bin, { recursive: true });
    const program = join(this.bin, 'reward-score');
    const run = `exec "${process.execPath}"`;
    writeFileSync(
      program,
      `#!/bin/sh
# The process keeps its number.
if fault=$(cat "${this.#armed}" 2> /dev/null); then
  export FAULT_HURRY=1 FAULT_ONCE="${this.#armed}" FAULT_WORKER="$fault"
  ${run} --import "${join(root, 'test/support/faults.mjs')}" "${join(root, 'bin/reward-score.js')}" "$@"
fi
${run} "${join(root, 'bin/reward-score.js')}" "$@"
`,
    );
    chmodSync(program, 0o755);
  }

  arm(fault: `${'load' | 'score'}:${number}:${NodeJS.Signals}${'' | ':twice'}`): void {
    for (const name of this.#claims()) rmSync(join(this.#folder, name));
    writeFileSync(this.#armed, fault);
  }

  /** The process that was stopped, once it is. */
  stopped(): Promise<number> {
    return until('a run to stop in the middle', () => {
      const pid = this.claimed();
      return pid !== undefined && statusOf(pid)?.state === 'T' ? pid : undefined;
    });
  }

  /** The process that claimed the fault, if one has. */
  claimed(): number | undefined {
    const [name] = this.#claims();
    return name === undefined ? undefined : Number(name.slice('armed.'.length));
  }

  #claims(): string[] {
    return readdirSync(this.#folder).filter((name) => name.startsWith('armed.'));
  }
}

/** undefined: there is no such process. */
export function statusOf(pid: number): { readonly state: string; readonly parent: number } | undefined {
  try {
    const [, state = '', parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

export const commandOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');

/** The process itself, the one that started it, and so on. */
export function lineageOf(pid: number): number[] {
  const parent = statusOf(pid)?.parent ?? 0;
  return parent > 1 ? [pid, ...lineageOf(parent)] : [pid];
}

/** undefined, or why tests that need this program are skipped. */
export function missing(...programs: readonly string[]): string | undefined {
  for (const program of programs) {
    try {
      execFileSync('sh', ['-c', `command -v "${program}"`], { stdio: 'ignore' });
    } catch {
      return `${program} is not installed`;
    }
  }
  return undefined;
}
