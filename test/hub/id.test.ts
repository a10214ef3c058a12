import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCommit, parseHubId } from '../../dist/hub/id.js';

const long = 'a'.repeat(96);

test('ids by the rules of the hub, with or without a revision', () => {
  for (const [text, repository, revision] of [
    ['org/name', 'org/name', 'main'],
    ['gpt2', 'gpt2', 'main'],
    ['123/Foo-BAR_foo.bar123', '123/Foo-BAR_foo.bar123', 'main'],
    ['_/_', '_/_', 'main'],
    [`${long}/${long}`, `${long}/${long}`, 'main'],
    ['org/name@v1.0', 'org/name', 'v1.0'],
    ['org/name@refs/pr/3', 'org/name', 'refs/pr/3'],
    ['org/name@a@b', 'org/name', 'a@b'],
  ] as const) {
    assert.deepEqual(parseHubId(text), { kind: 'model', repository, revision, text });
  }
});

test('what is no id by those rules is told so, and that it is no path either', () => {
  for (const text of [
    '',
    'datasets/org/name',
    '.name',
    'name-',
    'org/-name',
    'org/',
    '/name',
    'org//name',
    'org--name',
    'org/na..me',
    'org/name.git',
    `${long}a`,
    'org/na me',
    'caf\u00e9',
    'https://huggingface.co/org/name',
    'C:\\models',
  ]) {
    assert.throws(() => parseHubId(text), { kind: 'usage', message: /found no directory .* no Hugging Face id/ }, text);
  }
});

test('a revision that git would refuse never becomes a path', () => {
  for (const revision of [
    '',
    '..',
    '../../x',
    'a/../b',
    '/a',
    'a/',
    'a//b',
    '.a',
    'a.lock',
    'a b',
    'a\\b',
    'a:b',
    'a@{1}',
    'a.',
  ]) {
    assert.throws(() => parseHubId(`org/name@${revision}`), {
      kind: 'usage',
      message: /branch, tag or commit after @/,
    });
  }
});

test('only a whole hash is a commit', () => {
  assert.deepEqual(['a'.repeat(40), 'a'.repeat(39), 'A'.repeat(40), 'main'].map(isCommit), [true, false, false, false]);
});
