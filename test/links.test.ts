/** Links between the documents lead somewhere: to a file or a folder of the repository, and to a heading that is there. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { test } from 'node:test';
import { root } from './support/run.js';

/** Folders whose Markdown is read by people on the web. */
const folders = ['docs', 'bench', 'examples', 'models', 'python', 'recipes', 'training'];

const markdownOf = (folder: string, recursive: boolean): string[] =>
  readdirSync(join(root, folder), { recursive, encoding: 'utf8' })
    // What is installed or made in a folder is not ours: it is in a folder whose name begins with a dot, or npm's.
    .filter((name) => name.endsWith('.md') && !name.split(sep).some((part) => /^\.|^node_modules$/.test(part)))
    .map((name) => join(root, folder, name));

const pages = [...markdownOf('.', false), ...folders.flatMap((folder) => markdownOf(folder, true))];

const withoutBlocks = (text: string): string => text.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '');

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutBlocks(readFileSync(page, 'utf8')).matchAll(/^#{1,6} (.*)$/gm)) {
    const shown = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1');
    const anchor = shown
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-');
    let name = anchor;
    for (let count = 1; anchors.has(name); count++) name = `${anchor}-${count}`;
    anchors.add(name);
  }
  return anchors;
}

/** Targets of links, pictures and their HTML; code is no link. */
function targetsOf(page: string): string[] {
  const text = withoutBlocks(readFileSync(page, 'utf8')).replaceAll(/`[^`]*`/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"\s]+)"/g)]
    .map(([, markdown, html]) => (markdown ?? html) as string)
    .filter((target) => !/^[a-z][a-z+.-]*:/i.test(target));
}

const isIn = (target: string): boolean => !relative(root, target).startsWith('..');

test('every relative link leads to a file and a heading', () => {
  const broken: string[] = [];
  let links = 0;
  for (const page of pages) {
    for (const target of targetsOf(page)) {
      links++;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : resolve(dirname(page), decodeURIComponent(path));
      const found =
        isIn(file) &&
        existsSync(file) &&
        (anchor === undefined || (file.endsWith('.md') && anchorsOf(file).has(anchor)));
      if (!found) broken.push(`${relative(root, page)}: ${target}`);
    }
  }
  assert.ok(links > 150, `only ${links} links were found`);
  assert.deepEqual(broken, []);
});

test('every page of docs/ is reached from its index', () => {
  for (const folder of ['docs', 'docs/design']) {
    const index = join(root, folder, 'README.md');
    const reached = new Set(targetsOf(index).map((target) => resolve(dirname(index), target.replace(/#.*/, ''))));
    const lost = markdownOf(folder, false).filter((page) => page !== index && !reached.has(page));
    assert.deepEqual(
      lost.map((page) => relative(root, page)),
      [],
    );
  }
});
