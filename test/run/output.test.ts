/** Where an output goes, and how the file that it goes on with is recognised. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { FatalError } from '../../dist/errors.js';
import { spellOptionsAs } from '../../dist/option-name.js';
import { AppendedFile } from '../../dist/run/appended-file.js';
import { filePosition } from '../../dist/run/file-position.js';
import { openOutput } from '../../dist/run/output.js';
import { checkDistinct, followLinks, partialOf } from '../../dist/run/output-path.js';
import { readRunFile, runFileOf, startOfRun, writeRunFile } from '../../dist/run/run-file.js';
import { temporaryDirectory, writeFile } from '../support/run.js';

// As on the command line.
spellOptionsAs('flag');

const folder = temporaryDirectory();
const text = (path: string): string => readFileSync(path, 'utf8');
const usage = (message: RegExp) => (error: unknown) =>
  error instanceof FatalError && error.kind === 'usage' && message.test(error.message);

describe('followLinks', () => {
  test('leads to the file, whether it is there yet or not, over several links', () => {
    mkdirSync(join(folder, 'disk'));
    symlinkSync('disk', join(folder, 'mount'));
    symlinkSync('mount/new.jsonl', join(folder, 'inner.jsonl'));
    symlinkSync(join(folder, 'inner.jsonl'), join(folder, 'outer.jsonl'));
    assert.equal(followLinks(join(folder, 'outer.jsonl')), join(folder, 'disk/new.jsonl'));
    writeFileSync(join(folder, 'disk/new.jsonl'), '');
    assert.equal(followLinks(join(folder, 'outer.jsonl')), join(folder, 'disk/new.jsonl'));
  });

  test('leaves alone what is no link', () => {
    for (const path of ['-', 'nothing.jsonl', '/dev/null', join(folder, 'none/out.jsonl')]) {
      assert.equal(followLinks(path), path);
    }
  });

  test('refuses a circle', () => {
    symlinkSync('b', join(folder, 'a'));
    symlinkSync('a', join(folder, 'b'));
    assert.throws(() => followLinks(join(folder, 'a')), usage(/\/a: expected a file, got links that lead in a circle/));
  });
});

describe('checkDistinct compares files and not names', () => {
  const output = join(folder, 'distinct.jsonl');
  const link = join(folder, 'distinct-link');
  symlinkSync('distinct.jsonl', link);
  const refused = (): void =>
    assert.throws(
      () => checkDistinct(output, { '--errors': link }),
      usage(/expected --errors to be another file than --output/),
    );
  test('of which there is none yet', refused);
  test('of which there is one', () => {
    writeFileSync(output, '');
    refused();
  });
  test('of the run’s own', () => {
    symlinkSync('distinct.jsonl.run.lock', join(folder, 'lock-link'));
    assert.throws(() => checkDistinct(output, { '--summary': join(folder, 'lock-link') }), usage(/--summary/));
  });
  test('and lets the same device be named twice', () => {
    checkDistinct('/dev/stdout', { '--errors': '/dev/stderr', '--summary': join(folder, 'summary') });
  });
});

describe('a file that is gone on with', () => {
  const written = async (path: string, ...pieces: string[]) => {
    const file = await AppendedFile.open(path);
    for (const piece of pieces) await file.write(Buffer.from(piece));
    await file.close();
    return filePosition(file);
  };

  test('is cut off behind the place, and written from there', async () => {
    const path = join(folder, 'cut');
    const position = await written(path, 'a'.repeat(3000), 'b'.repeat(3000), 'c');
    writeFileSync(path, `${text(path)}rubbish`);
    const file = await AppendedFile.open(path, position);
    await file.write(Buffer.from('d'));
    await file.close();
    assert.equal(text(path), `${'a'.repeat(3000)}${'b'.repeat(3000)}cd`);
    const whole = await written(join(folder, 'whole'), text(path));
    assert.deepEqual(filePosition(file), whole);
  });

  test('is refused where other bytes stand before the place, and is not touched', async () => {
    const position = await written(join(folder, 'list'), '{"line":1}\n{"line":2}\n');
    const other = writeFile(folder, 'other', '{"line":7}\n{"line":8}\n{"line":9}\n');
    const message = /other: expected the bytes that its run had written before byte 22, got others/;
    await assert.rejects(AppendedFile.open(other, position), usage(message));
    assert.equal(text(other), '{"line":7}\n{"line":8}\n{"line":9}\n');
  });

  test('is refused where it is shorter or gone', async () => {
    const position = await written(join(folder, 'long'), 'long');
    const message = /expected 4 bytes or more, as its run had written, got 0/;
    await assert.rejects(AppendedFile.open(writeFile(folder, 'empty', ''), position), usage(message));
    await assert.rejects(AppendedFile.open(join(folder, 'gone'), position), usage(message));
  });

  test('by two at once has nothing twice', async () => {
    const path = join(folder, 'two');
    const position = await written(path, 'begun ');
    const [one, other] = [await AppendedFile.open(path, position), await AppendedFile.open(path, position)];
    for (const piece of ['and ', 'ended']) for (const file of [one, other]) await file.write(Buffer.from(piece));
    await Promise.all([one.close(), other.close()]);
    assert.equal(text(path), 'begun and ended');
  });
});

describe('run.json', () => {
  const output = join(folder, 'state.jsonl');
  const state = startOfRun({ fingerprint: {}, runtimes: [], inputs: [], shard: null, limit: null });

  test('is read as it was written', async () => {
    await writeRunFile(output, state);
    assert.deepEqual(readRunFile(output), state);
  });

  for (const [what, change] of [
    ['a place that is off', (content: string) => content.replace('"bytes":0', '"bytes":7')],
    ['a missing member', (content: string) => content.replace('"windows":0,', '')],
  ] as const) {
    test(`is refused with ${what}`, async () => {
      await writeRunFile(output, state);
      const content = text(runFileOf(output));
      assert.notEqual(change(content), content);
      writeFileSync(runFileOf(output), change(content));
      assert.throws(() => readRunFile(output), usage(/run\.json: expected what a run wrote there, got something that/));
    });
  }

  for (const content of ['', 'null', '5', '[]', '{"form":1}']) {
    test(`is refused when it holds ${content === '' ? 'nothing' : content}`, () => {
      writeFileSync(runFileOf(output), content);
      assert.throws(() => readRunFile(output), usage(/expected the state of a run of this version/));
    });
  }
});

test('standard output is the stream that was handed in, and a reader that has gone is no error', async () => {
  const stdout = new PassThrough();
  const output = await openOutput('-', { stdin: new PassThrough(), stdout });
  assert.ok(await output.write(Buffer.from('row\n')));
  assert.equal(String(stdout.read()), 'row\n');
  stdout.destroy(Object.assign(new Error('gone'), { code: 'EPIPE' }));
  await new Promise((go) => setImmediate(go));
  assert.equal(await output.write(Buffer.from('row\n')), false);
});

test('an output has its name only when it is whole', async () => {
  const path = join(folder, 'named.jsonl.gz');
  const output = await openOutput(path, { stdin: new PassThrough(), stdout: new PassThrough() });
  await output.finish(async () => assert.ok(readFileSync(partialOf(path)).length > 0));
  assert.throws(() => readFileSync(partialOf(path)), /ENOENT/);
});
