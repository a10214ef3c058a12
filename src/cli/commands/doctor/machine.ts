/** What this machine has, and what of it this process may use. */
import { cpus, totalmem } from 'node:os';
import { onnxruntimeBuild } from '../../../model/backend/cpu.js';
import { cpuArchitecture, cpuFlags, cpuName } from '../../../platform/cpu.js';
import { systemName } from '../../../platform/environment.js';
import { readLimits } from '../../../platform/limits.js';
import { type Check, size } from './check.js';

/** Instruction sets that decide which kernels onnxruntime picks, by their names in Linux; the fastest first. */
const instructionSets = {
  amx_int8: 'AMX int8',
  avx512_vnni: 'AVX-512 VNNI',
  avx_vnni: 'AVX VNNI',
  avx512f: 'AVX-512',
  avx2: 'AVX2',
  i8mm: 'int8 matrix products',
  asimddp: 'dot products',
} as const;

/** Those with which sums of 8-bit products are exact in the fast kernel (docs/design/006). */
const exactSums = ['AMX int8', 'AVX-512 VNNI', 'AVX VNNI', 'int8 matrix products', 'dot products'];

export function checkProcessor(): Check {
  const flags = cpuFlags()?.split(' ');
  const sets = Object.entries(instructionSets).flatMap(([flag, name]) => (flags?.includes(flag) ? [name] : []));
  const facts = { cpu: cpuName(), architecture: cpuArchitecture(), instructionSets: flags === undefined ? null : sets };
  const found = `${cpuName()}, ${cpuArchitecture()}${sets.length === 0 ? '' : `: ${sets.join(', ')}`}`;
  const check = { name: 'processor', found, facts };
  if (sets.some((name) => exactSums.includes(name))) {
    return {
      ...check,
      state: 'ok',
      meaning:
        'Score with --precision int8 where speed matters: its products take about a third of the time of fp32 here. A notice says where its rewards are not close enough.',
    };
  }
  if (sets.includes('AVX2') || sets.includes('AVX-512')) {
    return {
      ...check,
      state: 'ok',
      meaning:
        'Stay with fp32: int8 gains less, as without VNNI its fast kernel does not add exactly and another one is used.',
    };
  }
  if (flags === undefined || cpuArchitecture() === 'arm64') {
    return {
      ...check,
      state: 'ok',
      meaning:
        'The system does not list what decides whether int8 is faster: score a few rows with --precision int8 and without.',
    };
  }
  return {
    ...check,
    state: 'note',
    meaning:
      'Neither fp32 nor int8 is fast: onnxruntime has its fast kernels for AVX2 and newer. In a virtual machine, pass the features of the host on.',
  };
}

export function checkCores(): Check {
  const { cores } = readLimits();
  const all = cpus().length;
  const [state, meaning] =
    cores < all
      ? ([
          'note',
          `A control group or the affinity of this process leaves it ${cores}: that many workers run (-j). More take another limit, such as --cpus of a container.`,
        ] as const)
      : (['ok', 'A run has a worker for each, where memory allows it; -j sets another number.'] as const);
  return { name: 'cores', state, found: `${cores} of ${all} may be used`, meaning, facts: { cores, all } };
}

/** Below this, GPT-2 base does not fit: 500 MB of weights beside the process. */
const LEAST_FREE = 700e6;

export function checkMemory(): Check {
  const { freeBytes } = readLimits();
  const total = totalmem();
  const facts = { freeBytes, totalBytes: total };
  const found = `${size(freeBytes)} of ${size(total)} may still be taken`;
  if (freeBytes >= LEAST_FREE) {
    return {
      name: 'memory',
      state: 'ok',
      found,
      meaning:
        'Weights are mapped once for all workers: a model takes 4 bytes for each parameter, and a worker some 100 MB and more for long rows.',
      facts,
    };
  }
  return {
    name: 'memory',
    state: 'wrong',
    found,
    meaning:
      'Too little for models of 100 million parameters and more. End other programs, or raise the limit of the container or control group.',
    facts,
  };
}

const OLDEST_NODE = 20;

export function checkNode(version: string, node: string): Check {
  const isNew = Number(node.split('.')[0]) >= OLDEST_NODE;
  return {
    name: 'version',
    state: isNew ? 'ok' : 'wrong',
    found: `reward-score ${version}, Node.js ${node}`,
    meaning: isNew ? 'Name both in a report of a defect.' : `Node.js ${OLDEST_NODE} or newer is needed: install it.`,
    facts: { version, node },
  };
}

export function checkOnnxruntime(): Check {
  const { version, library } = onnxruntimeBuild();
  const system = `${systemName()} ${cpuArchitecture()}`;
  const facts = { version, library: library ?? null, system };
  if (library !== undefined) {
    return {
      name: 'onnxruntime',
      state: 'ok',
      found: `${version}, the package's own build for ${system}`,
      meaning:
        'Equal bytes are promised for one version and one kind of processor; other versions differ in the last digits.',
      facts,
    };
  }
  return {
    name: 'onnxruntime',
    state: 'wrong',
    found: `${version}, without a build for ${system}`,
    meaning:
      'Nothing can be scored. Install the package anew on this very system (npm install), not a copy of another one; Alpine and other systems with musl have no build.',
    facts,
  };
}
