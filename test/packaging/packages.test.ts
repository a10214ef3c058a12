/**
 * The packages that are published: the bundles and the licences of what is in them, what the locked onnxruntime-node has, and
 * a program that runs on nothing else.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { environment, jsonLines, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly integrity?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

const directory = temporaryDirectory();
execFileSync(process.execPath, [join(root, 'packaging/pack-all.mjs'), '--folders', directory]);

const readJson = (path: string): Manifest => JSON.parse(readFileSync(path, 'utf8')) as Manifest;
const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

const bundle = join(directory, 'reward-score/dist/bundle');

const platforms = readdirSync(directory).filter((name) => name !== 'reward-score');
const here = `reward-score-onnxruntime-${process.platform}-${process.arch}`;
const onnxruntime = join(root, 'node_modules/onnxruntime-node');

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

test('the package carries the program, its types, its manual page, the bundled model and the schema, and no more', () => {
  const kinds = [
    /^(?:package\.json|README\.md|LICENSE|bin\/reward-score\.js)$/,
    /^dist\/bundle\/[\w-]+\.js(?:\.map)?$/,
    /^dist\/bundle\/types\/.*\.d\.ts$/,
    /^dist\/bundle\/THIRD-PARTY-LICENSES\.txt$/,
    /^docs\/reward-score\.1$/,
    /^models\/starter\//,
    /^schema\//,
  ];
  const entries = readdirSync(join(directory, 'reward-score'), { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(join(directory, 'reward-score'), join(parentPath, name)));
  assert.deepEqual(
    paths.filter((path) => !kinds.some((kind) => kind.test(path))),
    [],
  );
  for (const kind of kinds)
    assert.ok(
      paths.some((path) => kind.test(path)),
      String(kind),
    );
  // npm (11.19) links the page for man from a list, and silently not from a string.
  assert.deepEqual(readJson(join(directory, 'reward-score/package.json')).man, ['docs/reward-score.1']);
});

test('platforms have the binaries of the locked onnxruntime-node, and its licence', () => {
  const lockOf = (file: string): Manifest =>
    (readJson(join(root, file)) as unknown as { packages: Record<string, Manifest> }).packages[
      'node_modules/onnxruntime-node'
    ] as Manifest;
  const locked = lockOf('package-lock.json');
  assert.equal(lockOf('node_modules/.package-lock.json').integrity, locked.integrity);

  for (const name of platforms) {
    const { version, os, cpu, libc, license, scripts, files } = readJson(join(directory, name, 'package.json'));
    assert.equal(version, locked.version, name);
    assert.equal(`reward-score-onnxruntime-${os}-${cpu}`, name);
    assert.deepEqual(
      [libc, license, scripts],
      [String(os) === 'linux' ? ['glibc'] : undefined, 'MIT', undefined],
      name,
    );
    const binaries = join(onnxruntime, 'bin/napi-v6', String(os), String(cpu));
    const kept = (files as readonly string[]).filter(
      (file) => !/^(?:index\.js|LICENSE|ThirdPartyNotices\.txt)$/.test(file),
    );
    const hashes = kept.map((file) => hashOf(join(directory, name, file)));
    assert.deepEqual(
      hashes,
      kept.map((file) => hashOf(join(binaries, file))),
      name,
    );
    // What is left out is there under another name.
    for (const file of readdirSync(binaries))
      assert.ok(hashes.includes(hashOf(join(binaries, file))), `${name}: ${file}`);
    for (const file of readdirSync(join(directory, name)))
      assert.ok(['package.json', 'README.md', ...(files as readonly string[])].includes(file), `${name}: ${file}`);
  }
  const all = readdirSync(join(onnxruntime, 'bin/napi-v6'), { recursive: true, encoding: 'utf8' });
  assert.equal(platforms.length, all.filter((file) => file.endsWith('.node')).length);
});

test('the manifest names them, and nothing else to install', () => {
  const manifest = readJson(join(directory, 'reward-score/package.json'));
  const checkout = readJson(join(root, 'package.json'));
  const version = readJson(join(onnxruntime, 'package.json')).version;
  assert.deepEqual(manifest.optionalDependencies, Object.fromEntries(platforms.map((name) => [name, version])));
  assert.deepEqual(manifest.peerDependencies, { 'onnxruntime-node': version });
  assert.deepEqual(
    [manifest.dependencies, manifest.devDependencies, manifest.scripts, checkout.optionalDependencies],
    [undefined, undefined, undefined, undefined],
  );
});

/** Runs the program where nothing is installed but the packages in `node_modules` of the directory. */
const installed = (args: readonly string[], nodeFlags: readonly string[] = []) =>
  new Promise<{ readonly code: unknown; readonly stdout: string; readonly stderr: string }>((resolve) => {
    const program = join(directory, 'node_modules/reward-score/bin/reward-score.js');
    execFile(process.execPath, [...nodeFlags, program, ...args], { env: environment() }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });

test('the packages of the program and of this platform are all that it takes', async () => {
  const modules = join(directory, 'node_modules');
  mkdirSync(modules);
  renameSync(join(directory, 'reward-score'), join(modules, 'reward-score'));
  const rows = join(root, 'fixtures/conversations.jsonl');

  const none = await installed(['-q', rows]);
  assert.match(none.stderr, new RegExp(`^reward-score: expected the package ${here}, .*; install .*\\n$`));
  assert.deepEqual([none.code, none.stdout], [1, '']);

  const elsewhere = writeFile(directory, 'elsewhere.mjs', "Object.defineProperty(process, 'arch', { value: 'ia32' });");
  const unsupported = await installed(['-q', rows], ['--import', elsewhere]);
  assert.match(unsupported.stderr, /^reward-score: expected a platform .*, got linux-ia32; use .*\n$/);
  assert.equal(unsupported.code, 1);

  renameSync(join(directory, here), join(modules, here));
  const { code, stdout, stderr } = await installed(['-q', rows]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(jsonLines(stdout), jsonLines((await rewardScore(['-q', rows])).stdout));
});
