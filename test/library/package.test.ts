/** The library as a dependency: how programs of each kind import it, and what one learns that has bundled it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { root, temporaryDirectory, writeFile } from '../support/run.js';

const directory = temporaryDirectory();
const run = promisify(execFile);

mkdirSync(join(directory, 'node_modules'));
symlinkSync(root, join(directory, 'node_modules/reward-score'), 'junction');
symlinkSync(join(root, 'node_modules/@types'), join(directory, 'node_modules/@types'), 'junction');
writeFile(directory, 'package.json', '{}');

const program = `
import { FatalError, loadRewardModel, type RewardInput, type RewardModelOptions, type RewardResult } from 'reward-score';

interface Row { readonly prompt: string; readonly response: string; readonly id?: number | undefined }

export async function scored(rows: readonly Row[], length: number | undefined): Promise<RewardResult[]> {
  const options: RewardModelOptions = { maxLength: length, activation: undefined, signal: undefined };
  await using model = await loadRewardModel(undefined, options);
  const inputs: RewardInput[] = [...rows, 'a text', { messages: [], candidates: ['a'] }];
  for await (const result of model.scoreStream(rows)) if (!result.ok) console.error(result.code, result.message);
  return model.score(inputs, { signal: undefined });
}

export const isUsage = (error: unknown): boolean => error instanceof FatalError && error.kind === 'usage';

// @ts-expect-error: there is no such option
void loadRewardModel('model', { activaton: 'none' });
// @ts-expect-error: nor such a value
void loadRewardModel('model', { activation: 'tanh' });
`;
const fromCommonJs = `
export const scored = async (rows: readonly string[]) => {
  const { loadRewardModel } = await import('reward-score');
  const model = await loadRewardModel();
  const [result] = await model.score(rows);
  return result?.ok ? result.reward : undefined;
};
`;

/** Checks the types of a program, those of the library included. */
async function check(file: string, settings: Readonly<Record<string, unknown>>): Promise<string> {
  const config = {
    compilerOptions: {
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      target: 'es2023',
      types: ['node'],
      ...settings,
    },
    files: [file],
  };
  const path = writeFile(directory, `tsconfig-${file}.json`, JSON.stringify(config));
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout } = await run(process.execPath, [compiler, '-p', path]).catch((error: { stdout: string }) => error);
  return stdout;
}

describe('types', { concurrency: 2 }, () => {
  const lib = ['es2023', 'esnext.disposable'];
  for (const exactOptionalPropertyTypes of [false, true]) {
    test(`a module, with exactOptionalPropertyTypes: ${exactOptionalPropertyTypes}`, async () => {
      const file = writeFile(directory, `program-${exactOptionalPropertyTypes}.mts`, program);
      const settings = { module: 'nodenext', lib, exactOptionalPropertyTypes };
      assert.equal(await check(file.slice(directory.length + 1), settings), '');
    });
  }

  test('CommonJS, by import(), under the oldest rules for it', async () => {
    writeFile(directory, 'program.cts', fromCommonJs);
    assert.equal(await check('program.cts', { module: 'node16', moduleResolution: 'node16' }), '');
  });
});

describe('at run time', { concurrency: 2 }, () => {
  test('CommonJS, by import() and by require()', async () => {
    const file = writeFile(
      directory,
      'program.cjs',
      `import('reward-score').then(({ loadRewardModel }) => {
        const { loadRewardModel: required } = process.features.require_module ? require('reward-score') : { loadRewardModel };
        console.log(required === loadRewardModel);
      });`,
    );
    assert.equal((await run(process.execPath, [file])).stdout, 'true\n');
  });

  test('a bundle without the file that threads run', async () => {
    const bundle = join(directory, 'bundle');
    cpSync(join(root, 'dist'), join(bundle, 'dist'), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(bundle, 'node_modules'), 'junction');
    const missing = join(bundle, 'dist/bundle/thread.js');
    rmSync(missing);
    const file = writeFile(
      bundle,
      'program.mjs',
      `import { loadRewardModel } from './dist/bundle/index.js';
      const error = await loadRewardModel(process.argv[2]).catch((error) => error);
      console.log(error.name, error.kind, error.message);`,
    );
    const { stdout } = await run(process.execPath, [file, join(root, 'fixtures/tiny-gpt2')]);
    assert.equal(
      stdout,
      `FatalError run ${missing}: expected the file that worker threads run, found none; ` +
        'do not bundle reward-score: keep it as an external package\n',
    );
  });
});
