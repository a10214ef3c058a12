/** The licences of the packages that are bundled. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param files paths of files of packages, relative to `root`
 * @returns a text with the name, the version and the licence of each package that one of the files is of
 * @throws where a package has no file of its licence
 */
export function licencesOf(root, files) {
  const folders = new Set(files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)[0]));
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const own = readdirSync(join(root, folder)).filter((file) => /^(licen[cs]e|notice)/i.test(file));
    if (own.length === 0)
      throw new Error(`${folder}: expected a file of its licence, found none: it cannot be bundled`);
    const text = own.map((file) => readFileSync(join(root, folder, file), 'utf8').trim()).join('\n\n');
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  const line = '-'.repeat(100);
  return `This package contains the following ones, each under its licence.\n\n${texts.map((text) => `${line}\n${text}\n`).join('')}`;
}
