/**
 * Which package has onnxruntime. onnxruntime-node brings the binaries of all platforms, and an install script that fetches
 * more; so reward-score comes with a package for each platform that has what onnxruntime-node has for it (packaging/). It is
 * found without being loaded, so that the main thread can name its version.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { messageOf, runError } from '../../errors.js';
import { cpuArchitecture } from '../../platform/cpu.js';
import { hasMusl, platformName, systemName } from '../../platform/environment.js';
import { isFile } from '../../platform/files.js';

/** Platforms that onnxruntime-node has binaries for; those of Linux need glibc. */
export const platforms = ['darwin-arm64', 'linux-arm64', 'linux-x64', 'win32-arm64', 'win32-x64'] as const;

export const packageFor = (platform: string): string => `reward-score-onnxruntime-${platform}`;

export interface OnnxruntimePackage {
  readonly name: string;
  /** The version of onnxruntime-node, which a platform's package has too. */
  readonly version: string;
}

const requireHere = createRequire(import.meta.url);

/** @throws FatalError `run` where there is neither package */
export function findOnnxruntime(): OnnxruntimePackage {
  const found = installedPackage();
  if (found !== undefined) return found;
  const platform = platformName();
  refuseUnsupported(platform);
  throw runError(
    `expected the package ${packageFor(platform)}, which comes with reward-score as an optional dependency, found neither it ` +
      'nor onnxruntime-node; install reward-score again and leave out no optional dependencies',
  );
}

/** The package of onnxruntime, and its library for this system; undefined where there is none. Nothing is loaded. */
export function onnxruntimeBuild(): { readonly version: string | undefined; readonly library: string | undefined } {
  const found = installedPackage();
  if (found === undefined) return { version: undefined, library: undefined };
  const folder = dirname(requireHere.resolve(`${found.name}/package.json`));
  const places = ['', join('bin/napi-v6', systemName(), cpuArchitecture())];
  const libraries = places.map((place) => join(folder, place, 'onnxruntime_binding.node'));
  return { version: found.version, library: libraries.find(isFile) };
}

function installedPackage(): OnnxruntimePackage | undefined {
  for (const name of [packageFor(platformName()), 'onnxruntime-node']) {
    const version = versionOf(name);
    if (version !== undefined) return { name, version };
  }
  return undefined;
}

/**
 * Loads native code.
 *
 * @throws FatalError `run` where there is neither package, or it cannot be loaded on this machine
 */
export function loadOnnxruntime(): unknown {
  const { name } = findOnnxruntime();
  try {
    return requireHere(name);
  } catch (error) {
    refuseUnsupported(platformName());
    throw runError(`${name} cannot be loaded on ${platformName()}: ${messageOf(error)}`, { cause: error });
  }
}

/** @throws FatalError `run` where onnxruntime has no binary for this machine, whatever is installed */
function refuseUnsupported(platform: string): void {
  const musl = hasMusl();
  if ((platforms as readonly string[]).includes(platform) && !musl) return;
  throw runError(
    `expected a platform that onnxruntime has binaries for (${platforms.join(', ')}; those of Linux need glibc), ` +
      `got ${platform}${musl ? ' with musl' : ''}; use another machine, or a container of Debian's`,
  );
}

function versionOf(name: string): string | undefined {
  try {
    return (requireHere(`${name}/package.json`) as { version: string }).version;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
