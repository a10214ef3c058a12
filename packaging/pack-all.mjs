/**
 * Writes every package that is published into a directory: reward-score, and one for each platform.
 *
 *     npm run pack:all -- DIR
 *
 * --folders writes each as a folder, not an archive.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makePlatformPackage, packageFor, platforms, publishedManifest } from './platforms.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @returns what npm says of the package that it packs of a folder, or would pack */
function pack(source, ...flags) {
  const output = execFileSync('npm', ['pack', '--json', '--ignore-scripts', ...flags], {
    cwd: source,
    encoding: 'utf8',
    // npm lists every file of the package there.
    stdio: ['ignore', 'pipe', 'ignore'],
    shell: process.platform === 'win32',
  });
  return JSON.parse(output)[0];
}

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

/** Makes the folder of the program's package: what `files` of package.json says, with the manifest that users get. */
function makeProgramPackage(directory) {
  for (const { path } of pack(root, '--dry-run').files) {
    mkdirSync(join(directory, dirname(path)), { recursive: true });
    copyFileSync(join(root, path), join(directory, path));
  }
  const manifestFile = join(directory, 'package.json');
  const manifest = publishedManifest(JSON.parse(readFileSync(manifestFile, 'utf8')));
  writeFileSync(manifestFile, `${JSON.stringify(manifest, null, 2)}\n`);
}

const { positionals, values } = parseArgs({ allowPositionals: true, options: { folders: { type: 'boolean' } } });
const [named] = positionals;
if (named === undefined) throw new Error('expected a directory: npm run pack:all -- DIR');
const destination = resolve(named);
mkdirSync(destination, { recursive: true });
const scratch = values.folders ? destination : mkdtempSync(join(tmpdir(), 'reward-score-pack-'));
const packages = [
  ['reward-score', makeProgramPackage],
  ...platforms.map((platform) => [packageFor(platform), (directory) => makePlatformPackage(platform, directory)]),
];
try {
  for (const [name, make] of packages) {
    const source = join(scratch, name);
    await make(source);
    if (values.folders) continue;
    const { filename, size, unpackedSize } = pack(source, '--pack-destination', destination);
    process.stdout.write(`${filename}  ${megabytes(size)}, unpacked ${megabytes(unpackedSize)}\n`);
    rmSync(source, { recursive: true });
  }
} finally {
  if (!values.folders) rmSync(scratch, { recursive: true, force: true });
}
