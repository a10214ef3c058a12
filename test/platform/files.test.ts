/** What is asked of a file system in several places. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  freeBytes,
  isDirectory,
  isFile,
  sizeOf,
  statOrUndefined,
  writeFileAtomically,
} from '../../dist/platform/files.js';
import { temporaryDirectory } from '../support/run.js';

const directory = temporaryDirectory();

test('what a name stands for, links followed; nothing below a file, and nothing at the end of a broken link', () => {
  const [file, folder, link, broken] = ['file', 'folder', 'link', 'broken'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
    string,
  ];
  writeFileSync(file, 'abc');
  mkdirSync(folder);
  symlinkSync(file, link);
  symlinkSync(join(directory, 'nowhere'), broken);
  const below = join(file, 'below');
  assert.deepEqual([file, folder, link, broken, below].map(isFile), [true, false, true, false, false]);
  assert.deepEqual([file, folder, link, broken, below].map(isDirectory), [false, true, false, false, false]);
  assert.deepEqual([file, link, broken, below].map(sizeOf), [3, 3, undefined, undefined]);
  assert.equal(statOrUndefined(below), undefined);
  const free = freeBytes(directory);
  assert.ok(free === undefined || free > 0);
});

test('a file is replaced as a whole, or stays with nothing beside it', async () => {
  const home = mkdtempSync(join(directory, 'atomic-'));
  const path = join(home, 'file');
  for (const [content, options] of [
    ['old', {}],
    ['new', { sync: true }],
    ['newest', { unfinished: `${path}.tmp` }],
  ] as const) {
    await writeFileAtomically(path, content, options);
    assert.equal(readFileSync(path, 'utf8'), content);
  }
  assert.deepEqual(readdirSync(home), ['file']);
  const taken = join(home, 'taken');
  mkdirSync(join(taken, 'full'), { recursive: true });
  await assert.rejects(writeFileAtomically(taken, 'no file can have this name'));
  await assert.rejects(writeFileAtomically(join(home, 'nowhere', 'file'), ''), { code: 'ENOENT' });
  assert.deepEqual(readdirSync(home), ['file', 'taken']);
});
