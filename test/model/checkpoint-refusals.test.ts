/** Each file that is not read, and the sentence that says why. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { FatalError } from '../../dist/errors.js';
import { openTensors, readCheckpoint } from '../../dist/model/checkpoint/checkpoint.js';
import { openSafetensors } from '../../dist/model/checkpoint/safetensors.js';
import { openTorch } from '../../dist/model/checkpoint/torch.js';
import { findWeightFiles } from '../../dist/model/checkpoint/weight-files.js';
import { rewardScore, root, temporaryDirectory } from '../support/run.js';
import {
  called,
  dict,
  float32s,
  integer,
  integers,
  legacyPreamble,
  list,
  littleEndian,
  named,
  no,
  none,
  persistent,
  pickled,
  storage,
  tensor,
  text,
  tuple,
  writeTorchLegacy,
  writeTorchZip,
  writeZip,
} from '../support/torch-files.js';

const DAMAGED = '; download it again';
const OTHERWISE = '; save the model with transformers as model.safetensors';

const directory = temporaryDirectory();
let files = 0;
const newPath = (): string => join(directory, `${files++}.bin`);

/** The message of the FatalError that an action ends in, without the path before it. */
function refusal(path: string, action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof FatalError, String(error));
    assert.ok(error.message.startsWith(`${path}: `), error.message);
    return error.message.slice(path.length + 2);
  }
  throw new Error('nothing was refused');
}

/** Opens a file and reads all of it. */
function readAll(path: string): void {
  const source = openTorch(path);
  try {
    for (const name of source.names) source.read(name, 0, 1);
  } finally {
    source.close();
  }
}

const one = dict({ a: tensor({ shape: [1] }) });
const four = { 0: float32s(1) };

describe('zip archives of torch.save', () => {
  const cases: Readonly<Record<string, readonly [write: (path: string) => void, message: string]>> = {
    'of a deflated tensor': [
      (path) =>
        writeZip(path, [
          { name: 'x/data.pkl', content: pickled(one) },
          { name: 'x/data/0', content: float32s(1), method: 8 },
        ]),
      `expected entry x/data/0 to be stored as it is, it is compressed (method 8)${OTHERWISE}`,
    ],
    'of an encrypted pickle': [
      (path) => writeZip(path, [{ name: 'x/data.pkl', content: pickled(one), flags: 1 }]),
      `expected entry x/data.pkl to be stored as it is, it is encrypted${OTHERWISE}`,
    ],
    'of a big-endian machine': [
      (path) =>
        writeTorchZip(path, pickled(one), four, { more: [{ name: 'archive/byteorder', content: Buffer.from('big') }] }),
      `expected little-endian numbers, got byteorder "big"${OTHERWISE}`,
    ],
    'of TorchScript': [
      (path) =>
        writeTorchZip(path, pickled(one), four, { more: [{ name: 'archive/constants.pkl', content: pickled(none) }] }),
      `expected an archive of torch.save, got TorchScript (torch.jit.save)${OTHERWISE}`,
    ],
    'of something else': [
      (path) => writeZip(path, [{ name: 'readme.txt', content: Buffer.from('hello') }]),
      `expected an archive of torch.save with one NAME/data.pkl, found 0${OTHERWISE}`,
    ],
    'without a storage': [
      (path) => writeTorchZip(path, pickled(one), {}),
      `expected entry archive/data/0 in the archive${DAMAGED}`,
    ],
    'with a storage that is too short': [
      (path) => writeTorchZip(path, pickled(dict({ a: tensor({ shape: [2] }) })), four),
      `expected 8 bytes in entry archive/data/0 (FloatStorage of 2), got 4${DAMAGED}`,
    ],
    'with an entry twice': [
      (path) =>
        writeZip(path, [
          { name: 'x/data.pkl', content: pickled(one) },
          { name: 'x/data.pkl', content: pickled(one) },
        ]),
      `the archive's directory has a second entry x/data.pkl at byte 450${DAMAGED}`,
    ],
    'cut short': [
      (path) => {
        writeTorchZip(path, pickled(one), four);
        truncateSync(path, 300);
      },
      `expected a whole zip archive, found no directory at the end of 300 bytes${DAMAGED}`,
    ],
    'with a directory that claims more than the file has': [
      (path) => {
        writeTorchZip(path, pickled(one), four, { zip64: true });
        const bytes = readFileSync(path);
        littleEndian(1e15, 8).copy(bytes, bytes.length - 22 - 20 - 56 + 40);
        writeFileSync(path, bytes);
      },
      `expected the archive's directory before byte 436, got 1000000000000000 bytes at byte 258${DAMAGED}`,
    ],
    'with an entry that reaches beyond the file': [
      (path) => {
        const elements = 1e9;
        writeTorchZip(path, pickled(dict({ a: tensor({ shape: [1], elements }) })), { 0: 4 * elements });
        const bytes = Buffer.alloc(200);
        // Its directory, behind the pickle alone.
        writeZip(path, [
          { name: 'x/data.pkl', content: pickled(dict({ a: tensor({ shape: [1], elements }) })) },
          { name: 'x/data/0', content: bytes },
        ]);
        const file = readFileSync(path);
        const at = file.lastIndexOf('PK\x01\x02');
        for (const field of [20, 24]) littleEndian(4 * elements, 4).copy(file, at + field);
        writeFileSync(path, file);
      },
      `expected entry x/data/0 of 4000000000 bytes at byte 197${DAMAGED}`,
    ],
  };
  for (const [name, [write, message]] of Object.entries(cases)) {
    test(name, () => {
      const path = newPath();
      write(path);
      assert.equal(
        refusal(path, () => readAll(path)),
        message,
      );
    });
  }
});

describe('the form of torch.save before 1.6', () => {
  const content = float32s(1);
  const stored = [{ key: '0', elements: 1, content }];
  const cases: Readonly<Record<string, readonly [write: (path: string) => void, message: string]>> = {
    'with another magic number': [
      (path) => writeTorchLegacy(path, pickled(one), stored, legacyPreamble({ magic: '00112233445566778899' })),
      `expected a file of torch.save, got another pickle${OTHERWISE}`,
    ],
    'of another protocol': [
      (path) => writeTorchLegacy(path, pickled(one), stored, legacyPreamble({ protocol: 1000 })),
      `expected protocol 1001 of torch.save, got 1000${OTHERWISE}`,
    ],
    'of a big-endian machine': [
      (path) => writeTorchLegacy(path, pickled(one), stored, legacyPreamble({ littleEndianSystem: false })),
      `expected little-endian numbers, got a file of a big-endian machine${OTHERWISE}`,
    ],
    'with a storage of another size': [
      (path) => writeTorchLegacy(path, pickled(one), [{ key: '0', elements: 3, content }]),
      `expected 1 elements in storage 0 at byte 236, got 3${DAMAGED}`,
    ],
    'without a storage': [(path) => writeTorchLegacy(path, pickled(one), []), `storage 0 is not in the file${DAMAGED}`],
    'with a storage of nothing': [
      (path) => writeTorchLegacy(path, pickled(one), [...stored, { key: '1', elements: 1, content }]),
      `expected each key of a storage that tensors lie in, got "1"${DAMAGED}`,
    ],
    'cut short in a storage': [
      (path) => writeTorchLegacy(path, pickled(one), [{ key: '0', elements: 1, content: content.subarray(0, 3) }]),
      `storage 0 ends at byte 248, the file has 247${DAMAGED}`,
    ],
    'cut short in a pickle': [
      (path) => writeFileSync(path, legacyPreamble().subarray(0, 20)),
      `expected 4 bytes, 2 are left (byte 18)${DAMAGED}`,
    ],
    'of something else': [
      (path) => writeFileSync(path, 'hello'),
      `expected a file of torch.save, found neither a zip archive nor a pickle${DAMAGED}`,
    ],
    'of nothing': [
      (path) => writeFileSync(path, ''),
      `expected a file of torch.save, found neither a zip archive nor a pickle${DAMAGED}`,
    ],
    'of a Git LFS pointer': [
      (path) => writeFileSync(path, 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3096165928\n'),
      'expected weights, got a Git LFS pointer; fetch the file itself with git lfs pull',
    ],
    'of a web page': [
      (path) => writeFileSync(path, '<!DOCTYPE html><title>404</title>'),
      'expected weights, got a web page; download the file itself',
    ],
  };
  for (const [name, [write, message]] of Object.entries(cases)) {
    test(name, () => {
      const path = newPath();
      write(path);
      assert.equal(
        refusal(path, () => readAll(path)),
        message,
      );
    });
  }
});

describe('pickles', () => {
  /** Where a byte of the pickle's value lies in the file: behind the local header and the pickle's first two bytes. */
  const at = (offset: number): string => `(byte ${30 + 'archive/data.pkl'.length + 7 + 2 + offset})`;
  const raw = (...parts: readonly (Uint8Array | string)[]): Buffer =>
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)));
  const cases: Readonly<Record<string, readonly [value: Uint8Array, message: string]>> = {
    'that name a function': [
      called(named('posix', 'system'), text('true')),
      `pickle names posix.system, which is not allowed ${at(0)}${OTHERWISE}`,
    ],
    'that name a function by strings': [
      raw(text('builtins'), text('eval'), '\x93'),
      `pickle names builtins.eval, which is not allowed ${at(22)}${OTHERWISE}`,
    ],
    'that name a function in control characters': [
      named('os\x1b[2J', 'system'),
      `pickle names os\\u001b[2J.system, which is not allowed ${at(0)}${OTHERWISE}`,
    ],
    'that name a type of tensors not known here': [
      named('torch._utils', '_rebuild_sparse_tensor'),
      `pickle names torch._utils._rebuild_sparse_tensor, which is not allowed ${at(0)}${OTHERWISE}`,
    ],
    ...Object.fromEntries(
      // Every opcode that could make something other than numbers, strings, tuples, lists, dicts and what is listed.
      Object.entries({
        POP: '0',
        POP_MARK: '1',
        DUP: '2',
        BINBYTES: 'B',
        SHORT_BINBYTES: 'C',
        FLOAT: 'F',
        BINFLOAT: 'G',
        PERSID: 'P',
        STRING: 'S',
        UNICODE: 'V',
        DICT: 'd',
        GET: 'g',
        INST: 'i',
        LIST: 'l',
        OBJ: 'o',
        PUT: 'p',
        NEWOBJ: '\x81',
        EXT1: '\x82',
        EXT2: '\x83',
        EXT4: '\x84',
        LONG4: '\x8b',
        BINUNICODE8: '\x8d',
        BINBYTES8: '\x8e',
        EMPTY_SET: '\x8f',
        ADDITEMS: '\x90',
        FROZENSET: '\x91',
        NEWOBJ_EX: '\x92',
        BYTEARRAY8: '\x96',
        NEXT_BUFFER: '\x97',
        READONLY_BUFFER: '\x98',
      }).map(([opcode, byte]) => [
        `that use ${opcode}`,
        [raw(byte), `pickle uses ${opcode}, which the weights of a model need not ${at(0)}${OTHERWISE}`],
      ]),
    ),
    'with a byte that is no opcode': [raw('\x07'), `expected a pickle, got 0x07 ${at(0)}${DAMAGED}`],
    'of a later protocol': [raw('\x80\x06'), `expected pickle protocol 5 or lower, got 6 ${at(0)}${OTHERWISE}`],
    'with a string longer than what is left': [
      raw('X\xff\xff\xff\xff'),
      `expected 4294967295 bytes, 1 are left ${at(5)}${DAMAGED}`,
    ],
    'with a string that is not UTF-8': [raw('\x8c\x01\xff'), `expected a string in UTF-8 ${at(0)}${DAMAGED}`],
    'with a name that does not end': [
      raw('c', 'x'.repeat(2000)),
      `expected a line of at most 1024 bytes ${at(1026)}${DAMAGED}`,
    ],
    'with an integer of many bytes': [
      raw('\x8a\xff', Buffer.alloc(255)),
      `expected an integer of at most 16 bytes ${at(0)}${OTHERWISE}`,
    ],
    'of too many steps': [
      raw('('.repeat(1 << 20)),
      `expected a pickle of at most 1048576 opcodes ${at((1 << 20) - 1)}${OTHERWISE}`,
    ],
    'that take what is not there': [raw('R'), `pickle has REDUCE where it does not fit ${at(0)}${DAMAGED}`],
    'that take what is below a mark': [raw('N(\x85'), `pickle has TUPLE1 where it does not fit ${at(2)}${DAMAGED}`],
    'that look up what was never kept': [raw('h\0'), `pickle has BINGET where it does not fit ${at(0)}${DAMAGED}`],
    'that call a value': [raw(text('a'), ')R'), `pickle has REDUCE where it does not fit ${at(7)}${DAMAGED}`],
    'that call a type of storages': [
      called(named('torch', 'FloatStorage')),
      `pickle has REDUCE where it does not fit ${at(22)}${DAMAGED}`,
    ],
    'that give an object a state': [
      raw(tensor({ shape: [1] }), dict({}), 'b'),
      `pickle has BUILD where it does not fit ${at(tensor({ shape: [1] }).length + dict({}).length)}${DAMAGED}`,
    ],
    'that add to a tuple': [raw(')Na'), `pickle has APPEND where it does not fit ${at(2)}${DAMAGED}`],
    'that call with arguments that do not fit': [
      called(named('torch._utils', '_rebuild_parameter'), none),
      `pickle calls what it names with arguments that do not fit ${at(36)}${DAMAGED}`,
    ],
    'that refer to a module': [
      persistent(tuple(text('module'), none, none, none, none)),
      `pickle refers to something that is no storage of a tensor ${at(17)}${OTHERWISE}`,
    ],
    'that describe a storage in two ways': [
      tuple(storage({ shape: [1] }), storage({ shape: [2] })),
      `storage 0 is described in two ways ${at(1 + 2 * storage({ shape: [1] }).length)}${DAMAGED}`,
    ],
    'of a list': [
      list(tensor({ shape: [1] })),
      `expected a dict of tensors by name (a state dict), got a list${OTHERWISE}`,
    ],
    'of a training checkpoint': [
      dict({ state_dict: one, epoch: integer(3) }),
      `expected a dict of tensors by name (a state dict), got a dict under "state_dict"${OTHERWISE}`,
    ],
    'of a whole model': [
      called(named('transformers.models.gpt2.modeling_gpt2', 'GPT2Model')),
      `pickle names transformers.models.gpt2.modeling_gpt2.GPT2Model, which is not allowed ${at(0)}${OTHERWISE}`,
    ],
    'of a tensor without a storage': [
      dict({
        a: called(
          named('torch._utils', '_rebuild_tensor_v2'),
          none,
          integer(0),
          integers([1]),
          integers([1]),
          no,
          none,
        ),
      }),
      `tensor a is not described by a storage, an offset, a size and a stride${DAMAGED}`,
    ],
    'of a tensor that reaches past its storage': [
      dict({ a: tensor({ shape: [2, 3], strides: [1, 2], offset: 1, elements: 6 }) }),
      `tensor a reaches element 7 of storage 0, which has 6${DAMAGED}`,
    ],
    'of a tensor with a negative stride': [
      dict({ a: tensor({ shape: [1], strides: [-1] }) }),
      `tensor a is not described by a storage, an offset, a size and a stride${DAMAGED}`,
    ],
    'of a tensor that is the negative of what is stored': [
      dict({ a: tensor({ shape: [1] }, dict({ neg: Buffer.of(0x88) })) }),
      `tensor a is a lazy negative or conjugate of what is stored${OTHERWISE}`,
    ],
    'of a tensor of an empty storage': [
      dict({ a: tensor({ shape: [1], elements: 0 }) }),
      `tensor a reaches element 1 of storage 0, which has 0${DAMAGED}`,
    ],
  };
  for (const [name, [value, message]] of Object.entries(cases)) {
    test(name, () => {
      const path = newPath();
      writeTorchZip(path, pickled(value), four);
      assert.equal(
        refusal(path, () => readAll(path)),
        message,
      );
    });
  }

  for (const type of [
    'DoubleStorage',
    'LongStorage',
    'IntStorage',
    'ShortStorage',
    'CharStorage',
    'ByteStorage',
    'BoolStorage',
  ]) {
    test(`${type}: its names and shapes are read, its values refused`, () => {
      const path = newPath();
      const size = { DoubleStorage: 8, LongStorage: 8, IntStorage: 4, ShortStorage: 2 }[type] ?? 1;
      writeTorchZip(path, pickled(dict({ 'a\n': tensor({ shape: [1, 1], type }) })), { 0: Buffer.alloc(size) });
      const source = openTorch(path);
      assert.deepEqual(source.shapeOf('a\n'), [1, 1]);
      assert.equal(
        refusal(path, () => source.read('a\n', 0, 1)),
        `expected tensor a\\u000a in a FloatStorage, HalfStorage or BFloat16Storage, got a ${type}${OTHERWISE}`,
      );
      source.close();
    });
  }

  test('that make fifty thousand dicts of one list take no more than that list', () => {
    const path = newPath();
    const pairs = list(...Array.from({ length: 20_000 }, (_, index) => list(text(`${index}`), none)));
    const again = raw(named('collections', 'OrderedDict'), 'h\0\x85R');
    const value = raw(pairs, 'q\0', ...Array.from({ length: 50_000 }, () => again));
    writeTorchZip(path, pickled(value), {});
    const before = process.memoryUsage().rss;
    readAll(path);
    assert.ok(process.memoryUsage().rss - before < 400e6);
  });
});

describe('safetensors', () => {
  const header = (value: unknown, data = 4): Buffer => {
    const json = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
    return Buffer.concat([littleEndian(json.length, 8), json, Buffer.alloc(data)]);
  };
  const whole = 'not a whole safetensors file: ';
  const cases: Readonly<Record<string, readonly [content: Buffer, message: string]>> = {
    'of nothing': [Buffer.alloc(0), `${whole}expected at least 8 bytes, got 0${DAMAGED}`],
    'with a header that claims more than the file has': [
      Buffer.concat([littleEndian(1000, 8), Buffer.from('{}')]),
      `${whole}its header claims 1000 bytes, the file has 10${DAMAGED}`,
    ],
    'with a header that is a list': [header([]), `${whole}its header is not an object${DAMAGED}`],
    'with an entry without a shape': [
      header({ 'a\x1b': { dtype: 'F32', data_offsets: [0, 4] } }),
      `${whole}its header has a malformed entry for a\\u001b${DAMAGED}`,
    ],
    'with a tensor that ends beyond the file': [
      header({ a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } }),
      `${whole}a ends at byte 70, the file has 66${DAMAGED}`,
    ],
    'with a tensor of another size than its shape': [
      header({ a: { dtype: 'F32', shape: [2], data_offsets: [0, 4] } }),
      `${whole}a is F32 [2] and takes 4 bytes${DAMAGED}`,
    ],
    'of another type, when it is read': [
      header({ a: { dtype: 'I32', shape: [1], data_offsets: [0, 4] } }),
      `expected tensor a in F32, F16 or BF16, got I32`,
    ],
  };
  for (const [name, [content, message]] of Object.entries(cases)) {
    test(name, () => {
      const path = newPath();
      writeFileSync(path, content);
      assert.equal(
        refusal(path, () => {
          const source = openSafetensors(path);
          try {
            source.read('a', 0, 1);
          } finally {
            source.close();
          }
        }),
        message,
      );
    });
  }

  test('with a header that is not JSON', () => {
    const path = newPath();
    writeFileSync(path, header('{"a'));
    assert.match(
      refusal(path, () => openSafetensors(path)),
      /^not a whole safetensors file: its header is not JSON \(.+\); download it again$/,
    );
  });
});

describe('an index of several files', () => {
  const again = '; download it again';
  const exported = (file: string) =>
    `expected the names of files beside it, got ${file} for a; download the index again, or do not trust it`;
  const cases: Readonly<Record<string, readonly [index: string, message: string | RegExp]>> = {
    'that is not JSON': ['{', /^expected JSON \(.*\); download it again$/],
    'without a map': ['{}', `expected an object weight_map with a file for each tensor${again}`],
    'with an empty map': ['{"weight_map":{}}', `expected an object weight_map with a file for each tensor${again}`],
    'with an absolute path': ['{"weight_map":{"a":"/etc/passwd"}}', exported('"/etc/passwd"')],
    'with a path through the folder above': ['{"weight_map":{"a":"x/../../y"}}', exported('"x/../../y"')],
    'with a backslash': ['{"weight_map":{"a":"..\\\\y"}}', exported('"..\\y"')],
    'with a drive': ['{"weight_map":{"a":"C:y"}}', exported('"C:y"')],
    'with a NUL': ['{"weight_map":{"a":"x\\u0000y"}}', exported('"x\\u0000y"')],
    'with an empty name': ['{"weight_map":{"a":""}}', exported('""')],
    'with a number': ['{"weight_map":{"a":1}}', exported('1')],
    'with a list': ['{"weight_map":{"a":[[]]}}', exported('a list')],
  };
  for (const [name, [index, message]] of Object.entries(cases)) {
    test(name, () => {
      const folder = newPath();
      mkdirSync(folder);
      const path = join(folder, 'model.safetensors.index.json');
      writeFileSync(path, index);
      const refused = refusal(path, () => findWeightFiles(folder));
      if (typeof message === 'string') assert.equal(refused, message);
      else assert.match(refused, message);
    });
  }

  test('with a file that is missing', () => {
    const folder = newPath();
    mkdirSync(folder);
    const path = join(folder, 'pytorch_model.bin.index.json');
    writeFileSync(path, '{"weight_map":{"a":"1.bin","b":"2.bin"}}');
    writeFileSync(join(folder, '1.bin'), '');
    assert.equal(
      refusal(path, () => findWeightFiles(folder)),
      `expected 2 files of weights, 1 missing, the first is ${join(folder, '2.bin')}; download them`,
    );
  });

  for (const [map, message] of [
    ['"a":"1.bin","c":"1.bin"', 'lacks tensor c'],
    ['"b":"1.bin"', 'lacks tensor b'],
    ['"a":"2.bin","b":"1.bin"', 'lacks tensor b'],
  ] as const) {
    test(`that says ${map}`, () => {
      const folder = newPath();
      mkdirSync(folder);
      const path = join(folder, 'pytorch_model.bin.index.json');
      writeFileSync(path, `{"weight_map":{${map}}}`);
      for (const name of ['1.bin', '2.bin']) writeTorchZip(join(folder, name), pickled(one), four);
      const source = findWeightFiles(folder).open();
      const tensors = source.names.filter((name) => map.includes(`"${name}":"1.bin"`));
      assert.equal(
        refusal(path, () => tensors.map((name) => source.shapeOf(name))),
        `${join(folder, '1.bin')} ${message}; download the index and its files again`,
      );
      source.close();
    });
  }

  test('that leaves a tensor out', () => {
    const folder = newPath();
    mkdirSync(folder);
    const path = join(folder, 'pytorch_model.bin.index.json');
    writeFileSync(path, '{"weight_map":{"a":"1.bin"}}');
    writeTorchZip(join(folder, '1.bin'), pickled(dict({ a: tensor({ shape: [1] }), b: tensor({ shape: [1] }) })), four);
    const source = findWeightFiles(folder).open();
    assert.equal(
      refusal(path, () => source.shapeOf('a')),
      `${join(folder, '1.bin')} holds, without the index saying so, tensor b; download the index and its files again`,
    );
    source.close();
  });
});

describe('models', () => {
  const makeModel = (weights: Readonly<Record<string, Uint8Array>>): string => {
    const model = newPath();
    mkdirSync(model);
    for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json']) {
      cpSync(join(root, 'fixtures/tiny-gpt2', name), join(model, name));
    }
    const file = join(model, 'pytorch_model.bin');
    writeTorchZip(file, pickled(dict(weights)), four);
    return model;
  };

  test('with other tensors: all are listed', () => {
    const model = makeModel({
      'wte.weight': tensor({ shape: [1] }),
      'score.bias': tensor({ shape: [1] }),
      'h.0.attn.bias': tensor({ shape: [1, 1, 1] }),
    });
    const path = join(model, 'pytorch_model.bin');
    assert.equal(
      refusal(path, () => openTensors(readCheckpoint(model))),
      'expected the tensors of a GPT2ForSequenceClassification; missing: transformer.wpe.weight [256, 32], ' +
        'transformer.h.0.ln_1.weight [32], transformer.h.0.ln_1.bias [32], transformer.h.0.attn.c_attn.weight [32, 96], ' +
        'transformer.h.0.attn.c_attn.bias [96], transformer.h.0.attn.c_proj.weight [32, 32], ' +
        'transformer.h.0.attn.c_proj.bias [32], transformer.h.0.ln_2.weight [32], …; ' +
        'unexpected: score.bias [1]; ' +
        'of another shape: transformer.wte.weight [1] where config.json means [512, 32]',
    );
  });

  test('with a tensor under two names', () => {
    const model = makeModel({ 'ln_f.bias': tensor({ shape: [1] }), 'transformer.ln_f.bias': tensor({ shape: [1] }) });
    const path = join(model, 'pytorch_model.bin');
    assert.equal(
      refusal(path, () => openTensors(readCheckpoint(model))),
      'expected one tensor transformer.ln_f.bias, got ln_f.bias and transformer.ln_f.bias',
    );
  });

  test('with weights of another kind', () => {
    const folder = newPath();
    mkdirSync(folder);
    const expected = 'expected model.safetensors or pytorch_model.bin, or the index of several such files';
    assert.equal(
      refusal(folder, () => findWeightFiles(folder)),
      `${expected}, found no weights`,
    );
    writeFileSync(join(folder, 'adapter_model.safetensors'), '');
    assert.equal(
      refusal(folder, () => findWeightFiles(folder)),
      `${expected}, found adapter_model.safetensors; its adapter_config.json, which names its base model, is missing`,
    );
  });

  test('whose pickle calls os.system: refused by name, and nothing is called', async () => {
    const marker = join(directory, 'called');
    const call = called(named('posix', 'system'), text(`touch ${marker}`));
    const model = makeModel({ a: call });
    const path = join(model, 'pytorch_model.bin');

    const run = await rewardScore(['-m', model, '-q'], { stdin: '"hi"\n' });

    assert.deepEqual(
      [run.code, run.stdout, run.stderr],
      [1, '', `reward-score: ${path}: pickle names posix.system, which is not allowed (byte 63)${OTHERWISE}\n`],
    );
    assert.ok(!existsSync(marker));
  });
});
