/** Who may import whom, read from the sources: docs/design/001-shape.md. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { root } from './support/run.js';

const src = join(root, 'src');

interface Import {
  readonly from: string;
  /** A file under src/, or a package's name. */
  readonly to: string;
  readonly typeOnly: boolean;
  /** By import(), when it is needed. */
  readonly lazy: boolean;
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const imports = files.flatMap(importsOf);

function importsOf(file: string): Import[] {
  const source = readFileSync(join(src, file), 'utf8');
  const found = [
    ...source.matchAll(/^(?:import|export)\s+(type\s)?[^;'"]*?from '([^']+)'/gm),
    ...source.matchAll(/(\bawait )import\('([^']+)'\)/g),
  ];
  return found.map(([statement, marker, name]) => ({
    from: file,
    to: targetOf(file, name as string),
    typeOnly: marker?.startsWith('type') ?? false,
    lazy: statement.startsWith('await'),
  }));
}

function targetOf(file: string, name: string): string {
  if (name.startsWith('.')) return relative(src, resolve(src, dirname(file), name)).replace(/\.js$/, '.ts');
  if (name.startsWith('node:')) return name;
  return name.split('/', name.startsWith('@') ? 2 : 1).join('/');
}

const folderOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] as string) : 'root');

/** Folders that a folder's files may import, itself aside; `errors.ts` and `option-name.ts` are everybody's. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  platform: [],
  hub: ['platform'],
  rows: ['platform'],
  compression: ['rows', 'platform'],
  parquet: ['compression', 'rows', 'platform'],
  selection: ['rows', 'platform'],
  explanation: ['rows'],
  evaluation: ['rows'],
  model: ['platform'],
  report: ['evaluation', 'explanation'],
  scorer: ['model', 'rows', 'selection', 'evaluation', 'explanation', 'hub', 'platform'],
  run: ['rows', 'scorer', 'selection', 'evaluation', 'compression', 'parquet', 'platform'],
  serve: ['run', 'rows', 'scorer', 'platform'],
  library: ['run', 'rows', 'scorer'],
  root: ['library', 'model', 'rows'],
  cli: [
    'run',
    'scorer',
    'selection',
    'evaluation',
    'explanation',
    'report',
    'serve',
    'rows',
    'model',
    'hub',
    'platform',
    'root',
  ],
};

test('every import goes the way data flows', () => {
  for (const { from, to } of imports) {
    if (!to.endsWith('.ts') || ['errors.ts', 'option-name.ts'].includes(to)) continue;
    const [own, other] = [folderOf(from), folderOf(to)];
    assert.ok(own === other || allowed[own]?.includes(other), `${from} imports ${to}`);
  }
  assert.ok(imports.length > 100, 'the imports were not found');
});

test('no files import each other in a ring', () => {
  const targets = new Map(files.map((file) => [file, new Set<string>()]));
  for (const { from, to } of imports) if (targets.has(to)) targets.get(from)?.add(to);
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    assert.ok(!path.includes(file), `a ring: ${[...path.slice(path.indexOf(file)), file].join(' → ')}`);
    if (done.has(file)) return;
    for (const target of targets.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
});

/** A file's source without its comments. */
const codeOf = (file: string): string =>
  readFileSync(join(src, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/ .*/g, '');

test('the process is met in platform/ and cli/ alone', () => {
  const meets = files.filter((file) => /(?<!\.\/)\bprocess\.[a-z]/.test(codeOf(file)));
  const elsewhere = meets.filter((file) => !/^(?:platform|cli)\//.test(file));
  assert.deepEqual(elsewhere, []);
  const inCommandLine = meets.filter(
    (file) => file.startsWith('cli/') && /(?<!\.\/)\bprocess\.(?!versions)[a-z]/.test(codeOf(file)),
  );
  assert.deepEqual(inCommandLine.sort(), ['cli/process.ts', 'cli/signals.ts']);
});

test('below cli/ nothing knows the name of a flag: option-name.ts spells options as the door in use has them', () => {
  // Flags of other programs, and variables of style sheets.
  const others = /--(?:input-type|long=31|model \$\{directory\} --task)|^report\/html\//;
  const knowing = files.flatMap((file) =>
    file.startsWith('cli/')
      ? []
      : [...codeOf(file).matchAll(/.*(?<![\w-])--[a-z].*/g)]
          .map(([line]) => `${file}: ${line.trim()}`)
          .filter((line) => !others.test(line) && !/--this\./.test(line)),
  );
  assert.deepEqual(knowing, []);
});

test('one third-party package has one importing file', () => {
  const importers = new Map<string, Set<string>>();
  for (const { from, to } of imports) {
    if (to.endsWith('.ts') || to.startsWith('node:')) continue;
    importers.set(to, (importers.get(to) ?? new Set()).add(from));
  }
  // All are bundled, and so of no interest to npm where the program is installed; knip finds those that nothing imports.
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies?: object;
    devDependencies: object;
  };
  assert.equal(dependencies, undefined);
  for (const name of importers.keys()) assert.ok(name in devDependencies, `${name} is not pinned`);
  for (const [name, by] of importers) {
    // commander: the program, and each command's flags.
    const most = name === 'commander' ? [...by].filter((file) => !file.startsWith('cli/')).length + 1 : by.size;
    assert.equal(most, 1, `${name} is imported by ${[...by].join(', ')}`);
  }
});

/** Files that are loaded with an entry, following imports that are there at run time. */
function loadedWith(entry: string, lazily: boolean): Set<string> {
  const loaded = new Set<string>();
  const visit = (file: string): void => {
    if (loaded.has(file)) return;
    loaded.add(file);
    for (const { from, to, typeOnly, lazy } of imports) {
      if (from === file && !typeOnly && (lazily || !lazy)) visit(to);
    }
  };
  visit(entry);
  return loaded;
}

test('the main thread never loads onnxruntime or a tokenizer', () => {
  for (const entry of ['cli/main.ts', 'index.ts']) {
    const loaded = loadedWith(entry, true);
    assert.ok(loaded.has('run/windows.ts'), 'what is loaded was not found');
    // A tokenizer is the largest of our own: files.js knows its files, and no more.
    assert.ok(!loaded.has('model/tokenizer/tokenizer.ts'), `${entry} loads the tokenizer`);
    for (const heavy of ['onnxruntime-node', '@huggingface/tokenizers', 'protobufjs']) {
      assert.ok(!loaded.has(heavy), `${entry} loads ${heavy}`);
    }
  }
});

test('--help loads commander and little else', () => {
  const loaded = loadedWith('cli/main.ts', false);
  assert.deepEqual(
    [...loaded].filter((file) => !file.endsWith('.ts') && !file.startsWith('node:')),
    ['commander'],
  );
});

test('flags know nothing of commands', () => {
  for (const { from, to } of imports) {
    if (from.startsWith('cli/flags/')) assert.ok(!/^cli\/(?!flags\/)/.test(to), `${from} imports ${to}`);
  }
});
