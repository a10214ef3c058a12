/**
 * The packages of platforms: what the locked onnxruntime-node has for one platform, without its install script and the
 * binaries of the others. They are made of node_modules, which npm has checked against the lock file.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { packageFor, platforms } from '../dist/model/backend/onnxruntime-package.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const from = join(root, 'node_modules/onnxruntime-node');
const notices = join(root, 'packaging/onnxruntime');

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/**
 * The manifest that users get: what is only needed in a checkout is gone, and npm installs the package of the platform. In
 * the checkout, npm ci would look for packages that are not published yet.
 */
export function publishedManifest({ devDependencies, scripts, ...manifest }) {
  const version = lockedVersion();
  const optionalDependencies = Object.fromEntries(platforms.map((platform) => [packageFor(platform), version]));
  return { ...manifest, optionalDependencies };
}

/**
 * @returns the version of onnxruntime-node that the lock file names
 * @throws where another one is installed
 */
function lockedVersion() {
  const name = 'node_modules/onnxruntime-node';
  const locked = readJson(join(root, 'package-lock.json')).packages[name];
  const installed = readJson(join(root, 'node_modules/.package-lock.json')).packages[name];
  const there = readJson(join(from, 'package.json')).version;
  if (locked.integrity !== installed?.integrity || locked.version !== there) {
    throw new Error(`${from}: expected onnxruntime-node ${locked.version} as it is locked, got ${there}; run npm ci`);
  }
  const noticed = readFileSync(join(notices, 'VERSION'), 'utf8').trim();
  if (noticed !== locked.version) {
    throw new Error(
      `${notices}: expected LICENSE and ThirdPartyNotices.txt of onnxruntime ${locked.version}, got those of ${noticed}; ` +
        'copy them from its Python wheel, and write its version into VERSION',
    );
  }
  return locked.version;
}

/**
 * The binaries of a platform. Those of Windows are all there: which of them its loader wants is not known here. That of
 * macOS twice, under two names: the binding asks for libonnxruntime.1.dylib.
 */
function binariesOf(folder) {
  const names = readdirSync(folder);
  const wanted = names.filter((name) => !/^libonnxruntime\.\d+\.\d+\.\d+\.dylib$/.test(name));
  const known =
    /^(?:onnxruntime_binding\.node|libonnxruntime\.so\.1|libonnxruntime\.1\.dylib|(?:onnxruntime|DirectML|dxcompiler|dxil)\.dll)$/;
  const unknown = wanted.filter((name) => !known.test(name));
  if (unknown.length > 0) {
    throw new Error(
      `${folder}: expected the binaries that onnxruntime-node brings, got ${unknown.join(', ')} too; run npm ci`,
    );
  }
  return wanted;
}

/** Makes the package of a platform in a directory. */
export async function makePlatformPackage(platform, directory) {
  const version = lockedVersion();
  const [os, cpu] = platform.split('-');
  const binaries = join(from, 'bin/napi-v6', os, cpu);
  const files = binariesOf(binaries);
  mkdirSync(directory, { recursive: true });
  for (const name of files) copyFileSync(join(binaries, name), join(directory, name));
  for (const name of ['LICENSE', 'ThirdPartyNotices.txt']) copyFileSync(join(notices, name), join(directory, name));
  await bundleBinding(directory);
  const { repository } = readJson(join(root, 'package.json'));
  const manifest = {
    name: packageFor(platform),
    version,
    description: `onnxruntime ${version} for ${platform}, as onnxruntime-node has it, for reward-score`,
    license: 'MIT',
    ...(repository && { repository }),
    main: 'index.js',
    files: ['index.js', ...files, 'LICENSE', 'ThirdPartyNotices.txt'],
    os: [os],
    cpu: [cpu],
    ...(os === 'linux' && { libc: ['glibc'] }),
    // A binary that runs from an archive (yarn's) is unpacked at every start.
    preferUnplugged: true,
  };
  writeFileSync(join(directory, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(
    join(directory, 'README.md'),
    `The binaries of onnxruntime-node ${version} for ${platform} and its JavaScript in one file. ` +
      'reward-score installs the package of the platform that it is installed on; there is no reason to install it by itself.\n',
  );
}

/** Its JavaScript in one file beside the binaries: it is some thirty, and a start is mostly the opening of files. */
async function bundleBinding(directory) {
  const choice =
    /require\(`\.\.\/bin\/napi-v6\/\$\{process\.platform\}\/\$\{process\.arch\}\/onnxruntime_binding\.node`\)/;
  let replaced = 0;
  const bindingBesideIt = {
    name: 'binding-beside-it',
    setup({ onLoad }) {
      onLoad({ filter: /onnxruntime-node\/dist\/binding\.js$/ }, ({ path }) => ({
        contents: readFileSync(path, 'utf8').replace(choice, () => {
          replaced++;
          return "require('./onnxruntime_binding.node')";
        }),
        loader: 'js',
      }));
    },
  };
  await build({
    entryPoints: [join(from, 'dist/index.js')],
    outfile: join(directory, 'index.js'),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    external: ['*.node'],
    legalComments: 'inline',
    logLevel: 'warning',
    plugins: [bindingBesideIt],
  });
  if (replaced !== 1) throw new Error(`${from}/dist/binding.js: expected one choice of a binary, found ${replaced}`);
}

export { packageFor, platforms };
