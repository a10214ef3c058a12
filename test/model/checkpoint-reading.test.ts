/** Values out of files written by hand: what no small model of torch's has. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readStrided } from '../../dist/model/checkpoint/strided.js';
import { openTorch } from '../../dist/model/checkpoint/torch.js';
import { findWeightFiles } from '../../dist/model/checkpoint/weight-files.js';
import { temporaryDirectory, writeFile } from '../support/run.js';
import {
  called,
  dict,
  float32s,
  list,
  named,
  persistent,
  pickled,
  shortBytes,
  tensor,
  tuple,
  writeTorchLegacy,
  writeTorchZip,
} from '../support/torch-files.js';

const directory = temporaryDirectory();
let files = 0;
const newPath = (): string => join(directory, `${files++}.bin`);

function readAll(path: string): Record<string, number[]> {
  const source = openTorch(path);
  try {
    return Object.fromEntries(
      source.names.map((name) => {
        const elements = (source.shapeOf(name) as readonly number[]).reduce((a, b) => a * b, 1);
        return [name, [...source.read(name, 0, elements)]];
      }),
    );
  } finally {
    source.close();
  }
}

describe('zip archives', () => {
  const pair = pickled(
    dict({ a: tensor({ key: '0', shape: [2] }), b: tensor({ key: '1', shape: [3], type: 'HalfStorage' }) }),
  );
  const halves = Buffer.from(Uint16Array.of(0x3c00, 0xc000, 0x0001).buffer);
  const values = { a: [1, 2], b: [1, -2, 2 ** -24] };

  for (const zip64 of [false, true]) {
    test(zip64 ? 'with every size in 64 bits' : 'with sizes in 32 bits', () => {
      const path = newPath();
      writeTorchZip(path, pair, { 0: float32s(1, 2), 1: halves }, { zip64 });
      assert.deepEqual(readAll(path), values);
    });
  }

  test('with a comment that looks like the end of an archive', () => {
    const path = newPath();
    writeTorchZip(path, pair, { 0: float32s(1, 2), 1: halves }, { comment: `PK\x05\x06${'\0'.repeat(30)}` });
    assert.deepEqual(readAll(path), values);
  });

  test('beyond 4 GB', () => {
    const path = newPath();
    const elements = 4.5e9;
    const far = {
      buffer: tensor({ key: '0', type: 'ByteStorage', elements, shape: [2] }),
      a: tensor({ key: '1', shape: [2] }),
    };
    writeTorchZip(path, pickled(dict(far)), { 0: elements, 1: float32s(1, 2) });
    const source = openTorch(path);
    assert.deepEqual([...source.read('a', 0, 2)], [1, 2]);
    source.close();
    rmSync(path);
  });
});

test('a pickle of Python 2: names as bytes, an OrderedDict made of a list of pairs', () => {
  const path = newPath();
  const storage = persistent(
    tuple(
      shortBytes('storage'),
      named('torch', 'FloatStorage'),
      shortBytes('7'),
      shortBytes('cpu'),
      Buffer.from('K\x02'),
    ),
  );
  const view = called(
    named('torch._utils', '_rebuild_tensor_v2'),
    storage,
    Buffer.from('K\0'),
    Buffer.from('K\x02\x85', 'latin1'),
    Buffer.from('K\x01\x85', 'latin1'),
    Buffer.from([0x89]),
    called(named('collections', 'OrderedDict')),
  );
  const state = called(named('collections', 'OrderedDict'), list(list(shortBytes('a.weight'), view)));
  writeTorchLegacy(path, pickled(state), [{ key: '7', elements: 2, content: float32s(3, 4) }]);
  assert.deepEqual(readAll(path), { 'a.weight': [3, 4] });
});

test('the same value of a pickle in several places', () => {
  const path = newPath();
  const put = Buffer.from('q\x07', 'latin1');
  const get = Buffer.from('h\x07', 'latin1');
  const shared = Buffer.concat([tensor({ shape: [1] }), put]);
  writeTorchZip(path, pickled(dict({ a: shared, b: get })), { 0: float32s(5) });
  assert.deepEqual(readAll(path), { a: [5], b: [5] });
});

test('any stretch of a tensor of any strides', () => {
  const axis = fc.record({ size: fc.integer({ min: 1, max: 5 }), stride: fc.integer({ min: 0, max: 40 }) });
  const axes = fc.array(axis, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(axes, fc.nat(9), fc.nat(), fc.nat(), (dimensions, offset, from, length) => {
      const shape = dimensions.map(({ size }) => size);
      const strides = dimensions.map(({ stride }) => stride);
      const positions = dimensions.reduce(
        (places, { size, stride }) =>
          places.flatMap((place) => Array.from({ length: size }, (_, index) => place + index * stride)),
        [offset],
      );
      const start = from % positions.length;
      const count = 1 + (length % (positions.length - start));
      const read = (position: number, elements: number) =>
        Float32Array.from({ length: elements }, (_, i) => position + i);
      const values = readStrided({ offset, shape, strides }, start, count, read);
      assert.deepEqual([...values], positions.slice(start, start + count));
    }),
  );
});

test('a large transposed matrix, in blocks of bounded size', () => {
  const [rows, columns] = [3000, 2000];
  let largest = 0;
  const read = (position: number, elements: number): Float32Array => {
    largest = Math.max(largest, elements);
    return Float32Array.from({ length: elements }, (_, index) => position + index);
  };
  const transposed = { offset: 1, shape: [rows, columns], strides: [1, rows] };
  const start = 1_234_567;
  const values = readStrided(transposed, start, 700_000, read);
  assert.ok(
    values.every((value, i) => value === 1 + Math.floor((start + i) / columns) + rows * ((start + i) % columns)),
  );
  assert.ok(largest <= 1 << 20, `${largest} elements at once`);
});

test('of several forms in a folder, safetensors before .bin, and one file before several', () => {
  const folder = join(directory, 'several');
  mkdirSync(folder);
  const index = (file: string) => JSON.stringify({ weight_map: { a: file } });
  writeFile(folder, 'part.x', '');
  const forms = [
    { name: 'pytorch_model.bin.index.json', content: index('part.x'), file: 'part.x' },
    { name: 'pytorch_model.bin', content: '', file: 'pytorch_model.bin' },
    { name: 'model.safetensors.index.json', content: index('part.x'), file: 'part.x' },
    { name: 'model.safetensors', content: '', file: 'model.safetensors' },
  ];
  for (const { name, content, file } of forms) {
    writeFile(folder, name, content);
    const { path, files: found } = findWeightFiles(folder);
    assert.deepEqual([path, found], [join(folder, name), [join(folder, file)]]);
  }
});

test('the files of an index, in the order in which it first names them', () => {
  const folder = join(directory, 'ordered');
  mkdirSync(folder);
  for (const name of ['1.bin', '2.bin']) writeFile(folder, name, '');
  writeFile(folder, 'pytorch_model.bin.index.json', '{"weight_map": {"x": "2.bin", "a": "1.bin", "b": "2.bin"}}');
  assert.deepEqual(findWeightFiles(folder).files, [join(folder, '2.bin'), join(folder, '1.bin')]);
});
