/** The environment as huggingface_hub 2.4.0 reads it (constants.py, utils/_auth.py). */
import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { readHubEnvironment, type Variables } from '../../dist/hub/environment.js';
import { readToken } from '../../dist/hub/token.js';
import { proxyHint } from '../../dist/hub/transfer-error.js';
import { temporaryDirectory, writeFile } from '../support/run.js';

const HOME = '/users/someone';
const read = (variables: Variables) => readHubEnvironment({ HOME, ...variables });

test('the cache directory: the most particular variable wins', () => {
  const ladder = [
    ['HF_HUB_CACHE', '/a', '/a'],
    ['HUGGINGFACE_HUB_CACHE', '/b', '/b'],
    ['HF_HOME', '/c', '/c/hub'],
    ['XDG_CACHE_HOME', '/d', '/d/huggingface/hub'],
  ] as const;
  for (let first = 0; first < ladder.length; first++) {
    const variables = Object.fromEntries(ladder.slice(first));
    assert.equal(read(variables).cacheDirectory, ladder[first]?.[2]);
    // Set and empty is not set.
    const emptied = Object.fromEntries(ladder.slice(0, first).map(([name]) => [name, '']));
    assert.equal(read({ ...variables, ...emptied }).cacheDirectory, ladder[first]?.[2]);
  }
  assert.equal(read({}).cacheDirectory, `${HOME}/.cache/huggingface/hub`);
});

test('~ and $VARIABLES in paths', () => {
  const cacheOf = (path: string): string => read({ HF_HUB_CACHE: path, DISK: '/disk', N: '1' }).cacheDirectory;
  assert.equal(cacheOf('~'), HOME);
  assert.equal(cacheOf('~/x'), `${HOME}/x`);
  assert.equal(cacheOf('/x~'), '/x~');
  assert.equal(cacheOf('$DISK/x'), '/disk/x');
  const braced = (name: string): string => `\${${name}}`;
  assert.equal(cacheOf(`/x${braced('N')}y$N`), '/x1y1');
  assert.equal(cacheOf(`/$UNKNOWN/${braced('UNKNOWN')}`), `/$UNKNOWN/${braced('UNKNOWN')}`);
  assert.equal(cacheOf('relative'), resolve('relative'));
  assert.equal(read({ HF_HOME: '~/hf' }).tokenFile, `${HOME}/hf/token`);
  assert.equal(read({ HF_HOME: '~/hf', HF_TOKEN_PATH: '$HOME/t' }).tokenFile, `${HOME}/t`);
});

test('offline: either variable, and HF_HUB_OFFLINE has the last word', () => {
  for (const yes of ['1', 'on', 'ON', 'Yes', 'TRUE'])
    assert.equal(read({ HF_HUB_OFFLINE: yes }).offlineBy, 'HF_HUB_OFFLINE');
  for (const no of ['0', 'off', 'no', 'y', '2', '']) assert.equal(read({ HF_HUB_OFFLINE: no }).offlineBy, undefined);
  assert.equal(read({ TRANSFORMERS_OFFLINE: '1' }).offlineBy, 'TRANSFORMERS_OFFLINE');
  assert.equal(read({ HF_HUB_OFFLINE: '', TRANSFORMERS_OFFLINE: '1' }).offlineBy, 'TRANSFORMERS_OFFLINE');
  assert.equal(read({ HF_HUB_OFFLINE: '0', TRANSFORMERS_OFFLINE: '1' }).offlineBy, undefined);
});

test('timeouts are whole seconds, 10 unless set', () => {
  assert.deepEqual(read({}).etagTimeout, { ms: 10_000, variable: 'HF_HUB_ETAG_TIMEOUT' });
  assert.equal(read({ HF_HUB_ETAG_TIMEOUT: '3' }).etagTimeout.ms, 3000);
  assert.equal(read({ HF_HUB_DOWNLOAD_TIMEOUT: ' 60 ' }).downloadTimeout.ms, 60_000);
  assert.equal(read({ HF_HUB_DOWNLOAD_TIMEOUT: '0' }).downloadTimeout.ms, 10_000);
  assert.throws(() => read({ HF_HUB_ETAG_TIMEOUT: 'soon' }), {
    kind: 'usage',
    message: 'expected HF_HUB_ETAG_TIMEOUT to be a number of seconds, got soon',
  });
});

test('the endpoint', () => {
  assert.equal(read({}).endpoint, 'https://huggingface.co');
  assert.equal(read({ HF_ENDPOINT: 'https://mirror.example/hf//' }).endpoint, 'https://mirror.example/hf');
  assert.throws(() => read({ HF_ENDPOINT: 'mirror.example' }), { kind: 'usage', message: /HF_ENDPOINT .* got mirror/ });
  const secret = 'https://someone:password@mirror.example';
  assert.throws(() => read({ HF_ENDPOINT: secret }), {
    kind: 'usage',
    message: 'expected HF_ENDPOINT without a user name and password in it',
  });
});

test('the token: HF_TOKEN, its old name, then the file', () => {
  const directory = temporaryDirectory();
  writeFile(directory, 'token', 'from-file\n');
  const token = (variables: Variables) => readToken(variables, read({ HF_HOME: directory, ...variables }));
  assert.deepEqual(token({ HF_TOKEN: ' a\r\n', HUGGING_FACE_HUB_TOKEN: 'b' }), { value: 'a', source: 'HF_TOKEN' });
  assert.equal(token({ HF_TOKEN: '', HUGGING_FACE_HUB_TOKEN: 'b' })?.value, 'b');
  assert.deepEqual(token({ HF_TOKEN: ' ' }), { value: 'from-file', source: join(directory, 'token') });
  assert.equal(token({ HF_TOKEN_PATH: join(directory, 'none') }), undefined);
  assert.equal(token({ HF_TOKEN: 'a', HF_HUB_DISABLE_IMPLICIT_TOKEN: 'yes' }), undefined);
  assert.throws(() => token({ HF_TOKEN: 's\u00e9cret' }), {
    kind: 'usage',
    message: /^HF_TOKEN: expected [a-zA-Z ]+$/,
  });
  assert.throws(() => token({ HF_TOKEN_PATH: directory }), {
    kind: 'usage',
    message: /expected a file with an access/,
  });
});

test('a proxy that Node.js does not use is worth a word', () => {
  assert.equal(proxyHint({}), '');
  assert.match(proxyHint({ https_proxy: 'http://proxy.example' }), /uses https_proxy only .* NODE_USE_ENV_PROXY=1$/);
  assert.equal(proxyHint({ HTTPS_PROXY: 'http://proxy.example', NODE_USE_ENV_PROXY: '1' }), '');
});
