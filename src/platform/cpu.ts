import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** What decides which kernels onnxruntime picks, and so how weights are prepacked and how sums are rounded. */
export function cpuIdentity(): string {
  const model = `${process.platform} ${process.arch} ${cpus()[0]?.model ?? 'unknown'}`;
  try {
    const info = readFileSync('/proc/cpuinfo', 'utf8');
    return `${model} ${/^(?:flags|Features)\s*:\s*(.*)$/m.exec(info)?.[1] ?? ''}`;
  } catch {
    return model; // Only Linux has that file.
  }
}
