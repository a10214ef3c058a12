/** What the package holds: the bundles, the licences of what is in them, and nothing that only a checkout needs. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../support/run.js';

const bundle = join(root, 'dist/bundle');

test('the licence of each bundled package is kept, and of no other', () => {
  const licences = readFileSync(join(bundle, 'THIRD-PARTY-LICENSES.txt'), 'utf8');
  // esbuild writes above each module where it is from.
  const folders = new Set(
    readdirSync(bundle)
      .filter((name) => name.endsWith('.js'))
      .flatMap((name) => [
        ...readFileSync(join(bundle, name), 'utf8').matchAll(/^ *\/\/ (node_modules\/.*?[cm]?js)$/gm),
      ])
      .map(([, file]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file as string)?.[0] as string),
  );
  assert.ok(folders.has('node_modules/commander') && folders.has('node_modules/vega'), [...folders].join());
  const titles = [...folders].map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const file = readdirSync(join(root, folder)).find((file) => /^licen[cs]e/i.test(file)) as string;
    assert.ok(licences.includes(readFileSync(join(root, folder, file), 'utf8').trim()), folder);
    return `${name} ${version} (${license})`;
  });
  const listed = [...licences.matchAll(/^-{100}\n(.*)$/gm)].map(([, title]) => title as string);
  assert.deepEqual(listed.sort(), titles.sort());
});

test('npm pack carries the program, its types, the bundled model and the schema, and no more', () => {
  const output = execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: root, encoding: 'utf8' });
  const [{ files }] = JSON.parse(output) as [{ files: readonly { readonly path: string }[] }];
  const kinds = [
    /^(?:package\.json|README\.md|LICENSE|bin\/reward-score\.js)$/,
    /^dist\/bundle\/[\w-]+\.js(?:\.map)?$/,
    /^dist\/bundle\/types\/.*\.d\.ts$/,
    /^dist\/bundle\/THIRD-PARTY-LICENSES\.txt$/,
    /^models\/starter\//,
    /^schema\//,
  ];
  const paths = files.map(({ path }) => path);
  assert.deepEqual(
    paths.filter((path) => !kinds.some((kind) => kind.test(path))),
    [],
  );
  for (const kind of kinds)
    assert.ok(
      paths.some((path) => kind.test(path)),
      String(kind),
    );
});
