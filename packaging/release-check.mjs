/**
 * Holds together what names the version: package.json, its lock file, the Python package, the changelog and the tag.
 *
 *     node packaging/release-check.mjs              between releases
 *     node packaging/release-check.mjs v1.2.3       for a release: prints its section of the changelog
 *
 * Exits with 1 where they differ, and says all that does.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @param root the folder of package.json
 * @param tag that of a release, or undefined
 * @returns what differs, a line each, and the entries of the newest release
 */
export function checkRelease(root, tag) {
  const read = (path) => readFileSync(join(root, path), 'utf8');
  const { version } = JSON.parse(read('package.json'));
  const problems = [];
  const expectVersion = (where, got) => {
    if (got !== version) problems.push(`${where}: expected ${version} as in package.json, got ${got ?? 'none'}`);
  };

  // Python writes 1.2.3-rc.1 in another way; a release has three numbers.
  if (!/^\d+\.\d+\.\d+$/.test(version)) problems.push(`package.json: expected a version like 1.2.3, got ${version}`);
  const lock = JSON.parse(read('package-lock.json'));
  expectVersion('package-lock.json', lock.version);
  expectVersion('package-lock.json, packages[""]', lock.packages[''].version);
  const python = 'python/pyproject.toml';
  if (existsSync(join(root, python))) {
    const project = /^\[project\]\n(?:(?!\[).*\n)*/m.exec(read(python))?.[0] ?? '';
    expectVersion(python, /^version = "(.*)"$/m.exec(project)?.[1]);
  } else if (tag !== undefined) {
    problems.push(`${python}: expected the Python package, which is released with it, found no such file`);
  }

  /** The changelog's sections, newest first: [heading without ##, text]. */
  const sections = read('CHANGELOG.md')
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section.slice(section.indexOf('\n')).trim()]);
  const [unreleased, ...released] = sections;
  if (unreleased?.[0] !== '[Unreleased]') problems.push('CHANGELOG.md: expected ## [Unreleased] as the first section');
  const headings = released.map(([heading]) => {
    const [, number] = /^\[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}$/.exec(heading) ?? [];
    if (number === undefined) problems.push(`CHANGELOG.md: expected ## [1.2.3] - 2026-01-31, got ## ${heading}`);
    return number;
  });
  // Until the first release there is none.
  if (headings.length > 0 && headings[0] !== undefined) expectVersion('CHANGELOG.md, the newest release', headings[0]);

  if (tag !== undefined) {
    if (tag !== `v${version}`) problems.push(`tag: expected v${version} as in package.json, got ${tag}`);
    if (headings.length === 0)
      problems.push(`CHANGELOG.md: expected a section ## [${version}] - and the day, found none`);
    if (unreleased?.[1]) problems.push('CHANGELOG.md: expected nothing under [Unreleased] any more, found entries');
    if (released.length > 0 && !released[0][1])
      problems.push(`CHANGELOG.md: expected entries under ## ${released[0][0]}`);
  }
  return { problems, notes: released[0]?.[1] ?? '' };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const tag = process.argv[2];
  const { problems, notes } = checkRelease(fileURLToPath(new URL('..', import.meta.url)), tag);
  if (problems.length > 0) {
    process.stderr.write(`${problems.join('\n')}\n`);
    process.exitCode = 1;
  } else if (tag !== undefined) process.stdout.write(`${notes}\n`);
}
