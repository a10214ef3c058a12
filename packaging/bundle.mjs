/**
 * Bundles what tsc has checked: dist/bundle/ holds the program, the library and the worker thread with all packages that
 * they use but onnxruntime, the types of the library, and the licences of those packages.
 *
 * The three are bundled apart. A thread is another realm and shares nothing with the main thread, so that common chunks
 * would only be more files to open, and a start is mostly the opening of files. Within each, what is imported on demand
 * is a file of its own. All files are in one folder at the depth of dist/cli/ and dist/scorer/, so that paths which are
 * relative to a source (package.json, models/, ./thread.js) lead to the same place.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { licencesOf } from './licences.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const outdir = join(root, 'dist/bundle');

/**
 * Each program, and what is loaded before any of the files that it imports on demand: with which file, and where it is
 * certain of all but some.
 *
 * esbuild makes a file of what the same entries reach, which is dozens of small ones. So each file that is imported on demand is
 * made to reach what has been loaded by then, which changes nothing but that all of it becomes one file.
 */
const programs = [
  { entryPoints: { start: 'src/cli/start.ts' }, external: ['./process.js'], loaded: [] },
  {
    entryPoints: { process: 'src/cli/process.ts' },
    loaded: [
      { file: 'src/cli/process.ts', but: [] },
      // Other commands need nearly all that score needs.
      {
        file: 'src/cli/commands/score.ts',
        but: ['src/cli/commands/completion.ts', 'src/cli/commands/merge.ts', 'src/scorer/first-thread.ts'],
      },
    ],
  },
  { entryPoints: { index: 'src/index.ts' }, loaded: [{ file: 'src/index.ts', but: [] }] },
  { entryPoints: { thread: 'src/scorer/thread.ts' }, loaded: [{ file: 'src/scorer/thread.ts', but: [] }] },
];

/** A package that vega tries to load and does without. onnxruntime is found at run time (model/backend/onnxruntime-package.ts). */
const optional = ['canvas'];

/** CommonJS packages call require for Node's own modules. */
const requireForCommonJs =
  "import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);";

/** Maps of our own sources alone: those of packages would be four times as large. */
const withoutMapsOfPackages = {
  name: 'without-maps-of-packages',
  setup({ onLoad }) {
    const emptyMap = Buffer.from('{"version":3,"sources":[""],"mappings":"AAAA"}').toString('base64');
    onLoad({ filter: /\/node_modules\/.*\.[cm]?js$/ }, ({ path }) => ({
      contents: `${readFileSync(path, 'utf8')}\n//# sourceMappingURL=data:application/json;base64,${emptyMap}`,
      loader: 'js',
    }));
  },
};

/** Has each of the files reach what is loaded before it. */
const reachingWhatIsLoaded = (files, loaded) => ({
  name: 'reaching-what-is-loaded',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
      const name = relative(root, path);
      if (!files.includes(name)) return undefined;
      const imports = loaded
        .filter(({ file, but }) => file !== name && !but.includes(name))
        .map(({ file }) => `import ${JSON.stringify(join(root, file))};\n`);
      // At the end, so that lines keep their numbers.
      return { contents: `${readFileSync(path, 'utf8')}\n${imports.join('')}`, loader: 'ts' };
    });
  },
});

/** @returns the paths, relative to the root, of the files of packages that are in the bundles */
async function bundle() {
  const files = new Set();
  for (const { entryPoints, external, loaded } of programs) {
    const options = {
      absWorkingDir: root,
      entryPoints,
      outdir,
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      external: [...optional, ...(external ?? [])],
      chunkNames: '[name]-[hash]',
      banner: { js: requireForCommonJs },
      // Beside the files: Node reads them only where it is told to (node --enable-source-maps, or src/cli/source-lines.ts).
      sourcemap: 'linked',
      sourcesContent: false,
      // They are in the file of licences, whole.
      legalComments: 'none',
      metafile: true,
      logLevel: 'warning',
    };
    const { metafile: first } = await build({ ...options, write: false });
    const onDemand = Object.values(first.outputs)
      .flatMap(({ entryPoint }) => entryPoint ?? [])
      .filter((file) => !Object.values(entryPoints).includes(file));
    const { metafile } = await build({
      ...options,
      plugins: [withoutMapsOfPackages, reachingWhatIsLoaded(onDemand, loaded)],
    });
    for (const { inputs } of Object.values(metafile.outputs)) {
      for (const file of Object.keys(inputs)) if (file.startsWith('node_modules/')) files.add(file);
    }
  }
  return [...files];
}

/** Copies the declarations that the library's own refers to. tsc has written those of every file. */
function copyTypes() {
  const copied = new Set();
  const copy = (file) => {
    if (copied.has(file)) return;
    copied.add(file);
    const text = readFileSync(join(root, 'dist', file), 'utf8');
    const target = join(outdir, 'types', file);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
    for (const [, name] of text.matchAll(/^(?:import|export)\s[^;']*?from '([^']+)'/gm)) {
      if (name.startsWith('node:')) continue;
      if (!name.startsWith('.'))
        throw new Error(`dist/${file}: the library's types name ${name}, which users do not have`);
      copy(relative('/', join('/', dirname(file), name)).replace(/\.js$/, '.d.ts'));
    }
  };
  copy('index.d.ts');
}

rmSync(outdir, { recursive: true, force: true });
const files = await bundle();
writeFileSync(join(outdir, 'THIRD-PARTY-LICENSES.txt'), licencesOf(root, files));
copyTypes();
