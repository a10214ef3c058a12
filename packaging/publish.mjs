/**
 * Publishes the archives that pack-all.mjs wrote to npm, with provenance: the platforms' first, since the program's names them.
 *
 *     node packaging/publish.mjs DIR [--dry-run]
 *
 * A version that npm has is left as it is: a platform's package has onnxruntime's version and changes with it alone, and a
 * release that broke off goes on with what is missing. Nothing is published where the program's version is there with other
 * bytes, which would be another release under the same name.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const program = /^reward-score-(\d+\.\d+\.\d+)\.tgz$/;
const platform = /^(reward-score-onnxruntime-[a-z0-9]+-[a-z0-9]+)-(\d+\.\d+\.\d+)\.tgz$/;

/** @returns the integrity of a version that npm has, or undefined */
function publishedIntegrity(npm, name, version) {
  const { status, stdout, stderr } = npm(['view', `${name}@${version}`, 'dist.integrity', '--json']);
  if (status === 0) return stdout.trim() === '' ? undefined : JSON.parse(stdout);
  if (/\bE404\b/.test(stdout + stderr)) return undefined;
  throw new Error(`npm view ${name}@${version}: expected an answer or E404, got exit code ${status}: ${stderr}`);
}

/**
 * @param npm runs npm with these arguments, and returns its status, stdout and stderr
 * @param log takes what there is to read
 * @throws where the archives are not those of one release, npm fails, or npm has this version of the program with other bytes
 */
export function publish(directory, { dryRun, npm, log }) {
  const archives = readdirSync(directory).filter((file) => file.endsWith('.tgz'));
  const platforms = archives.filter((file) => platform.test(file));
  const programs = archives.filter((file) => program.test(file));
  if (programs.length !== 1 || platforms.length === 0 || platforms.length + 1 !== archives.length) {
    throw new Error(
      `${directory}: expected reward-score and the packages of platforms, once each, got ${archives.join(', ') || 'none'}; ` +
        'write them into an empty directory with npm run pack:all',
    );
  }
  const steps = [...platforms.sort(), ...programs].map((file) => {
    const [, name, version] = platform.exec(file) ?? [undefined, 'reward-score', program.exec(file)[1]];
    const integrity = `sha512-${createHash('sha512')
      .update(readFileSync(join(directory, file)))
      .digest('base64')}`;
    return { file, name, version, integrity, there: publishedIntegrity(npm, name, version) };
  });
  const other = steps.find(({ name, integrity, there }) => name === 'reward-score' && there && there !== integrity);
  if (other !== undefined) {
    throw new Error(
      `reward-score@${other.version}: npm has it with other bytes; give this release a version of its own`,
    );
  }
  for (const { file, name, version, integrity, there } of steps) {
    if (there !== undefined) {
      const same = there === integrity ? 'the same bytes' : 'made by another build of the same onnxruntime';
      log(`${name}@${version}: npm has it already (${same})\n`);
      continue;
    }
    const flags = ['--access', 'public', '--provenance', ...(dryRun ? ['--dry-run'] : [])];
    const { status, stdout, stderr } = npm(['publish', join(directory, file), ...flags]);
    log(stdout + stderr);
    if (status !== 0) throw new Error(`npm publish ${file}: exit code ${status}; run it again for what is missing`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { 'dry-run': { type: 'boolean' } } });
  const [named] = positionals;
  if (named === undefined) throw new Error('expected a directory: node packaging/publish.mjs DIR');
  publish(resolve(named), {
    dryRun: values['dry-run'],
    npm: (args) => spawnSync('npm', args, { encoding: 'utf8' }),
    log: (text) => process.stdout.write(text),
  });
}
