/** The Python that has pyspark and the checkers of other formats: run.sh installs them, and names it. */
import { execFile, execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

export const python = process.env.ENGINES_PYTHON ?? 'python3';

/** A program that was installed beside it. */
export const besidePython = (name: string): string => join(dirname(python), name);

export const runPython = (...args: readonly string[]) => promisify(execFile)(python, args, { maxBuffer: 1 << 28 });

/** undefined, or why tests that need these modules are skipped. */
export function missingModules(...names: readonly string[]): string | undefined {
  for (const name of names) {
    try {
      execFileSync(python, ['-c', `import ${name}`], { stdio: 'ignore' });
    } catch {
      return `Python's ${name} is not installed`;
    }
  }
  return undefined;
}
