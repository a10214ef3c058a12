import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** What decides which kernels onnxruntime picks, and so how weights are prepacked and how sums are rounded. */
export function cpuIdentity(): string {
  const model = `${process.platform} ${process.arch} ${cpuName()}`;
  const flags = cpuFlags();
  return flags === undefined ? model : `${model} ${flags}`;
}

/** The processor's name, as the system has it. */
export const cpuName = (): string => cpus()[0]?.model ?? 'unknown';

/** The names of instruction sets, separated by spaces; undefined where the system does not say. */
export function cpuFlags(): string | undefined {
  try {
    return /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
  } catch {
    return undefined; // Only Linux has that file.
  }
}

/** `x64`, `arm64` … */
export const cpuArchitecture = (): string => process.arch;
