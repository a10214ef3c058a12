/**
 * What the system lets this process have. Cores by affinity and by the quota of control groups; memory by what is free
 * and by the limits of control groups.
 *
 * Node knows a part: process.constrainedMemory() and availableMemory() see the process's own group and none above it
 * (measured with Node 20.20 and 26.10: a limit one level up, as systemd and Kubernetes set them, is not seen), and
 * availableParallelism() sees a quota from Node 22 on.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { dirname, join } from 'node:path';

export interface Limits {
  readonly cores: number;
  /** Memory that may still be taken without swapping. */
  readonly freeBytes: number;
}

/** @param root where /proc and /sys are looked for */
export function readLimits(root = '/'): Limits {
  const groups = controlGroups(root);
  const quotas = groups.flatMap(coresOf);
  return {
    cores: Math.max(1, Math.floor(Math.min(availableParallelism(), ...quotas))),
    freeBytes: Math.min(freeOnMachine(root), ...groups.flatMap(freeIn)),
  };
}

/** A control group that the process is in: a file of its directory, or undefined. */
type Group = (file: string) => string | undefined;

/** All groups that the process is in, from its own up to the root, under both versions' usual places. */
function controlGroups(root: string): Group[] {
  const lines = read(join(root, 'proc/self/cgroup'))?.trim().split('\n') ?? [];
  return lines.flatMap((line) => {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    // Version 2 has no list of controllers; `unified` is its place beside version 1.
    const names = controllers === '' ? ['', 'unified'] : [controllers, ...controllers.split(',')];
    return [...new Set(names)].flatMap((name) =>
      // In a container the path may be the host's, and only its root is there: what is absent is passed over.
      upwards(path).map(
        (group): Group =>
          (file) =>
            read(join(root, 'sys/fs/cgroup', name, group, file)),
      ),
    );
  });
}

const upwards = (path: string): string[] => (path === '/' || path === '.' ? ['/'] : [path, ...upwards(dirname(path))]);

function coresOf(group: Group): number[] {
  // "max 100000" starts with no number, and a quota of -1 means that there is none.
  const [quota, period] = (group('cpu.max') ?? `${group('cpu.cfs_quota_us')} ${group('cpu.cfs_period_us')}`).split(' ');
  const cores = Number(quota) / Number(period);
  return cores > 0 ? [cores] : [];
}

function freeIn(group: Group): number[] {
  // Version 1 writes a huge number where there is no limit, version 2 `max`.
  const limit = Number(group('memory.max') ?? group('memory.limit_in_bytes'));
  if (!(limit < totalmem())) return [];
  // Only memory that does not cache files counts as taken, as the cache gives way.
  const taken = /^(?:anon|total_rss) (\d+)$/m.exec(group('memory.stat') ?? '')?.[1] ?? 0;
  return [Math.max(0, limit - Number(taken))];
}

function freeOnMachine(root: string): number {
  const kilobytes = /^MemAvailable:\s*(\d+) kB$/m.exec(read(join(root, 'proc/meminfo')) ?? '')?.[1];
  // Other systems count the file cache as taken: there, all memory is as good a guess.
  return kilobytes === undefined ? totalmem() : Number(kilobytes) * 1024;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // The system, the version or the group does not have that file.
  }
}
