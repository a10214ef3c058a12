/**
 * Rows of tens of megabytes, and inputs of a shape that nobody means: the right answer or a bad row, in bounded memory. Not
 * part of `npm test`: `npm run test:sizes`. Seconds of the processor are told, and a test that hangs ends.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { start } from '../support/binary.js';
import { root, temporaryDirectory, useTinyModel } from '../support/run.js';

useTinyModel();

const directory = temporaryDirectory();
const MB = 2 ** 20;
const PROSE = 'The quick brown fox jumps over the lazy dog. I am here, you are there! 12345 café ünï 😀 ';

/** A piece of the input, and how often it comes. */
type Part = readonly [piece: string, times?: number];

interface Case {
  readonly name: string;
  readonly args?: readonly string[];
  readonly parts: readonly Part[];
  /** Most that the process may take in memory. */
  readonly megabytes: number;
  /** Of the output: how each record begins and ends. */
  readonly records: readonly (readonly [beginning: string, end: RegExp])[];
  readonly code?: number;
}

/** Pieces of about a megabyte. */
function* chunksOf(parts: readonly Part[]): Generator<Buffer> {
  for (const [piece, times = 1] of parts) {
    const together = Math.max(1, Math.min(times, Math.floor(MB / piece.length)));
    const many = Buffer.from(piece.repeat(together));
    let left = times;
    for (; left >= together; left -= together) yield many;
    if (left > 0) yield Buffer.from(piece.repeat(left));
  }
}

async function check({ args = [], parts, megabytes, records, code = 0 }: Case, number: number): Promise<string> {
  const measured = join(directory, `${number}.json`);
  const child = start(['-q', '-j', '1', ...args], {
    nodeFlags: ['--import', join(root, 'test/support/measure-process.mjs')],
    env: { MEASURED: measured },
  });
  const output: Buffer[] = [];
  const said: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk));
  child.stdin?.on('error', () => undefined);
  const ended = once(child, 'close') as Promise<[number | null]>;
  for (const chunk of chunksOf(parts)) {
    if (child.stdin?.write(chunk) === false) await Promise.race([once(child.stdin, 'drain'), ended]);
  }
  child.stdin?.end();
  const [exitCode] = await ended;
  assert.equal(Buffer.concat(said).toString(), '');
  assert.equal(exitCode, code);
  const lines = splitLines(Buffer.concat(output));
  assert.equal(lines.length, records.length);
  for (const [i, [beginning, end]] of records.entries()) {
    const line = lines[i] as Buffer;
    assert.equal(line.subarray(0, Buffer.byteLength(beginning)).toString(), beginning);
    assert.match(line.subarray(-300).toString(), end);
  }
  const took = JSON.parse(readFileSync(measured, 'utf8')) as { megabytes: number; seconds: number };
  assert.ok(took.megabytes < megabytes, `expected at most ${megabytes} MB in memory, got ${took.megabytes}`);
  return `${took.megabytes.toFixed(0)} MB, ${took.seconds.toFixed(1)} s`;
}

function splitLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf('\n', from);
    lines.push(bytes.subarray(from, end));
    from = end + 1;
  }
  return lines;
}

/** What takes so long on any machine does not end. */
const HANGS_MS = 900_000;

const REWARD = /"reward":-?\d+\.\d+\}$/;
const CELL = /,-?\d+\.\d+$/;
const AFTER = ['{"text":"after"', REWARD] as const;
const prose = (megabytes: number): Part => [PROSE, Math.ceil((megabytes * MB) / Buffer.byteLength(PROSE))];
const tooLarge = (bytes: number): RegExp => new RegExp(`"code":"ROW_TOO_LARGE".*"bytes":${bytes}\\}\\}$`);

const cases: readonly Case[] = [
  {
    name: 'a JSONL text of 50 MB',
    parts: [['{"text":"'], prose(50), ['"}\n"after"\n']],
    megabytes: 1200,
    records: [['{"text":"The quick', REWARD], AFTER],
  },
  {
    name: 'a JSONL field of 50 MB that is not scored',
    parts: [['{"text":"a","x":"'], prose(50), ['"}\n"after"\n']],
    megabytes: 900,
    records: [['{"text":"a","x":"The quick', REWARD], AFTER],
  },
  {
    name: 'a quoted CSV cell of 10 MB',
    args: ['--from', 'csv'],
    parts: [['id,text\n1,"'], prose(10), ['"\n2,after\n']],
    megabytes: 800,
    records: [
      ['id,text,reward', /reward$/],
      ['1,"The quick', CELL],
      ['2,after,', CELL],
    ],
  },
  {
    name: 'a line of text of 10 MB',
    args: ['--from', 'text', '--max-length', '64', '--truncation-side', 'right'],
    parts: [prose(10), ['\nafter\n']],
    megabytes: 700,
    records: [['{"text":"The quick', REWARD], AFTER],
  },
  {
    name: 'a word of a million letters',
    parts: [['{"text":"'], ['a', 1e6], ['"}\n"after"\n']],
    megabytes: 900,
    records: [['{"text":"aaa', REWARD], AFTER],
  },
  {
    name: '10 MB of blank lines',
    parts: [['\n', 10 * MB], ['"after"\n']],
    megabytes: 300,
    records: [AFTER],
  },
  {
    name: '50 MB of brackets that are not closed',
    parts: [['"first"\n{"text":"a","x":'], ['[', 50 * MB], ['\n"after"\n']],
    megabytes: 3500,
    records: [['{"text":"first"', REWARD], ['{"reward":null,', /\[\[\["\}\}$/], AFTER],
    code: 3,
  },
  {
    name: '50 MB of brackets in a field that is not read',
    parts: [['"first"\n{"text":"a","x":'], ['[', 25 * MB], [']', 25 * MB], ['}\n"after"\n']],
    megabytes: 3500,
    records: [['{"text":"first"', REWARD], ['{"text":"a","x":[[[', /\]\]\],"reward":-?\d+\.\d+\}$/], AFTER],
  },
  {
    name: 'a million brackets for a message',
    parts: [['"first"\n{"messages":['], ['[', 1e6], [']', 1e6], [']}\n"after"\n']],
    megabytes: 600,
    records: [
      ['{"text":"first"', REWARD],
      ['{"messages":[[[', /\]\]\],"reward":null,.*"BAD_ROW".*\[\[\.\.\."\}\}$/],
      AFTER,
    ],
    code: 3,
  },
  {
    name: 'a million candidates',
    parts: [['{"prompt":"Hi","candidates":["first"'], [',"one","two"', 500_000], [']}\n"after"\n']],
    megabytes: 1300,
    records: [['{"prompt":"Hi"', /,-?\d+\.\d+\]\}$/], AFTER],
  },
  {
    name: '100,000 messages',
    parts: [
      ['{"messages":[{"role":"user","content":"first"}'],
      [',{"role":"Bot","content":"a message"}', 100_000],
      [']}\n"after"\n'],
    ],
    megabytes: 700,
    records: [['{"messages"', REWARD], AFTER],
  },
  {
    name: 'a line of 2 GB',
    parts: [['"first"\n'], ['x', 2048 * MB], ['\n"after"\n']],
    megabytes: 300,
    records: [['{"text":"first"', REWARD], ['{"reward":null,', tooLarge(2048 * MB)], AFTER],
    code: 3,
  },
  {
    name: 'a quote that is never closed in 100 MB',
    args: ['--from', 'csv', '--to', 'jsonl'],
    parts: [['id,text\n0,first\n1,"'], prose(100)],
    megabytes: 300,
    records: [
      ['{"id":"0","text":"first"', REWARD],
      ['{"reward":null,', /"code":"ROW_TOO_LARGE".*"bytes":\d{9}\}\}$/],
    ],
    code: 3,
  },
  {
    name: 'a CSV of a million columns',
    args: ['--from', 'csv'],
    parts: [
      ['text'],
      [',c', 1e6],
      ['\na'],
      [',1', 1e6],
      ['\n"b"'],
      [',"2"', 1e6],
      ['\nshort,1\nlong'],
      [',1', 1e6 + 1],
      ['\n'],
    ],
    megabytes: 1300,
    records: [
      ['text,c,c', /,c,c,reward$/],
      ['a,1,1', CELL],
      ['"b","2","2"', /"2",-?\d+\.\d+$/],
      ['short,1,,,', /,,,,$/],
      ['long,1,1', /,1,1,$/],
    ],
    code: 3,
  },
  {
    name: 'a header of a million columns, none of which is read',
    args: ['--from', 'csv', '--text', 'c'],
    parts: [['c'], [',d', 1e6], ['\na\n']],
    megabytes: 600,
    records: [
      ['c,d,d', /,d,d,reward$/],
      ['a,,,', /,,,$/],
    ],
    code: 3,
  },
  ...(['\n', '\r\n'] as const).map((end): Case => {
    const most = 8 * MB;
    const row = (length: number): Part[] => [['{"text":"a","x":"'], ['y', length - 19], [`"}${end}`]];
    const [kept, left] = [
      ['{"text":"a","x":"yyy', /"reward":-?\d+\.\d+\}\r?$/],
      ['{"reward":null,', new RegExp(`"bytes":${most + 1}\\}\\}\\r?$`)],
    ] as const;
    return {
      name: `--max-row-bytes, with ${JSON.stringify(end)}`,
      args: ['--max-row-bytes', String(most)],
      parts: [...row(most - 1), ...row(most), ...row(most + 1), ...row(most), ...row(most + 1).slice(0, -1), ['"}']],
      megabytes: 500,
      records: [kept, kept, left, kept, left],
      code: 3,
    };
  }),
];

describe('sizes', { concurrency: 1 }, () => {
  for (const [number, entry] of cases.entries()) {
    test(entry.name, { timeout: HANGS_MS }, async (context) => context.diagnostic(await check(entry, number)));
  }
});
