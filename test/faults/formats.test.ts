/**
 * The program's invariants over generated files of both formats: what is read comes out as it was, record by record,
 * and each record is scored as it is when it stands alone.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { compressMember } from '../../dist/compression/compress.js';
import { loadRewardModel, type RewardInput, type RewardModel } from '../../dist/index.js';
import { readTokenizerFiles } from '../../dist/model/tokenizer/files.js';
import { Tokenizer } from '../../dist/model/tokenizer/tokenizer.js';
import { runBinary, runBinaryInChunks } from '../support/binary.js';
import type { Run } from '../support/in-process.js';
import { jsonLines, root, temporaryDirectory, useTinyModel, writeFile } from '../support/run.js';

useTinyModel();

const directory = temporaryDirectory();
const fixture = join(root, 'fixtures/tiny-gpt2');
const tokenizer = new Tokenizer(readTokenizerFiles(fixture));
let model: RewardModel;

before(async () => {
  process.env.REWARD_SCORE_CACHE = join(root, '.test-build/cache');
  mkdirSync(process.env.REWARD_SCORE_CACHE, { recursive: true });
  model = await loadRewardModel(fixture, { workers: 1 });
});
after(() => model.close());

/** A run costs half a second: a failure is shown as it was found, not made small over minutes. */
const costly = { endOnFailure: true, includeErrorInReport: true };

/** Unicode of every plane, with what formats give a meaning to. */
const character = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }) },
  {
    weight: 4,
    arbitrary: fc.constantFrom('"', '""', ',', '\t', '\n', '\r\n', '\r', ' ', '\\', '}', '{', ']', '\u0000', '\u2028'),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('\ufeff', '\u0085', '\u{1f600}', '\u{20000}', '\u{e0001}', '\u{f0000}', '\u{10ffff}'),
  },
);
const text = fc.array(character, { maxLength: 8 }).map((parts) => parts.join(''));

const close = (a: unknown, b: unknown): boolean =>
  a === b || (typeof a === 'number' && typeof b === 'number' && Math.abs(a - b) <= 1e-5 * Math.max(1, Math.abs(b)));

/** What a record says: its rewards and its code. */
interface Verdict {
  readonly rewards: readonly (number | null)[];
  readonly code: string | undefined;
}

async function alone(row: RewardInput): Promise<Verdict> {
  const [result] = await model.score([row]);
  assert.ok(result !== undefined);
  const rewards = [result.reward ?? null].flat() as (number | null)[];
  return { rewards, code: result.ok ? undefined : result.code };
}

function agree(got: Verdict, expected: Verdict, what: string): void {
  assert.equal(got.code, expected.code, what);
  const failed = (rewards: Verdict['rewards']): boolean => rewards.every((reward) => reward === null);
  if (failed(got.rewards) && failed(expected.rewards)) return;
  assert.equal(got.rewards.length, expected.rewards.length, what);
  for (const [i, reward] of got.rewards.entries()) assert.ok(close(reward, expected.rewards[i]), what);
}

function finished(run: Run): Buffer {
  assert.ok(run.code === 0 || run.code === 3, run.stderr);
  assert.equal(run.stderr, '');
  return run.bytes;
}

/** The same bytes come whatever the workers, the way the input comes, and its packing. */
async function checkOtherWays(input: Buffer, format: string, cuts: readonly number[], expected: Buffer): Promise<void> {
  const flags = ['-q', '--from', format, '--reward-field', 'r'];
  const [plain, gzip, zstd] = [
    writeFile(directory, `input.${format}`, input),
    writeFile(directory, `input.${format}.gz`, gzipSync(input)),
    writeFile(directory, `input.${format}.zst`, await compressMember(input, 'zstd')),
  ];
  for (const [what, run] of [
    ['two workers', runBinary([...flags, '-j', '2', plain])],
    ['in chunks', runBinaryInChunks([...flags, '-j', '1'], input, cuts)],
    ['gzip', runBinary([...flags, '-j', '1', gzip])],
    ['zstd', runBinary([...flags, '-j', '3', zstd])],
  ] as const) {
    assert.ok(finished(await run).equals(expected), what);
  }
}

// --- JSON lines -----------------------------------------------------------------------------------------------------

/** A text as JSON spells it, with or without escapes that need not be. */
const jsonText = fc.tuple(text, fc.boolean()).map(([value, escaped]) => {
  const spelled = JSON.stringify(value);
  if (!escaped) return spelled;
  return spelled
    .replaceAll('/', '\\/')
    .replaceAll(/[^\p{ASCII}]/gu, (found) =>
      [...Array(found.length).keys()].map((i) => `\\u${found.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
    );
});
const jsonOther = fc.oneof(
  fc.constantFrom(
    '12345678901234567890',
    '1e400',
    '-0',
    '1.50',
    '1E5',
    'null',
    'true',
    '"\\ud800"',
    '[[],{}]',
    '{"}":"{"}',
  ),
  fc.jsonValue().map((value) => JSON.stringify(value)),
);
const member = (name: string, value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  value.map((spelled) => `"${name}":${spelled}`);
const message = fc
  .tuple(fc.constantFrom('user', 'Bot'), jsonText)
  .map(([role, content]) => `{"role":"${role}","content":${content}}`);
const list = (of: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(of, { maxLength: 3 }).map((items) => `[${items.join(', ')}]`);
const object = fc
  .tuple(
    fc.oneof(
      fc.tuple(member('text', jsonText)),
      fc.tuple(member('text', jsonText), member('text', jsonText)),
      fc.tuple(member('prompt', jsonText), member('response', fc.oneof(jsonText, jsonOther))),
      fc.tuple(member('messages', list(message)), member('response', jsonText)),
      fc.tuple(member('prompt', jsonText), member('candidates', list(fc.oneof(jsonText, jsonText, jsonOther)))),
      fc.tuple(member('chosen', jsonText), member('rejected', jsonText)),
      fc.tuple(member('text', jsonOther)),
      fc.constant([] as string[]),
    ),
    fc.array(fc.tuple(fc.constantFrom('id', 'extra', '\\u0069d', '__proto__', ' '), jsonOther), { maxLength: 3 }),
    fc.constantFrom(',', ' , ', ',\t'),
    fc.constantFrom('', ' ', '\t'),
  )
  .map(([read, others, comma, space]) => {
    const members = [...others.slice(1), ...others.slice(0, 0)].map(([name, value]) => `"${name}":${value}`);
    const first = others.slice(0, 1).map(([name, value]) => `"${name}" : ${value}`);
    return `${space}{${space}${[...first, ...read, ...members].join(comma)}${space}}${space}`;
  });

interface Line {
  readonly bytes: Buffer;
  readonly kind: 'object' | 'string' | 'none' | 'blank';
  readonly code?: string;
}

const jsonLine: fc.Arbitrary<Line> = fc.oneof(
  { weight: 12, arbitrary: object.map((line): Line => ({ bytes: Buffer.from(line), kind: 'object' })) },
  { weight: 2, arbitrary: jsonText.map((line): Line => ({ bytes: Buffer.from(line), kind: 'string' })) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('{"text":', 'nonsense', "{'a':1}", '{"text":"a"}}', '"', '\ufeff\ufeff""')
      .map((line): Line => ({ bytes: Buffer.from(line), kind: 'none', code: 'BAD_JSON' })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('[1]', '12345678901234567890', '1e400', 'null')
      .map((line): Line => ({ bytes: Buffer.from(line), kind: 'none', code: 'BAD_ROW' })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('{"text":"\xff"}', '{"id":"\xc0\x80","text":"a"}')
      .map((line): Line => ({ bytes: Buffer.from(line, 'latin1'), kind: 'object', code: 'BAD_UTF8' })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', ' ', '\t \r').map((line): Line => ({ bytes: Buffer.from(line), kind: 'blank' })),
  },
);

const jsonFile = fc.record({
  mark: fc.boolean(),
  lines: fc.array(fc.tuple(jsonLine, fc.constantFrom('\n', '\n', '\r\n')), { maxLength: 120, size: 'max' }),
  lastLineEnd: fc.boolean(),
});

const FIRST = '"first"\n';

describe('JSON lines', { concurrency: 2 }, () => {
  const build = ({ mark, lines, lastLineEnd }: typeof jsonFile extends fc.Arbitrary<infer T> ? T : never) => {
    const pieces = lines.flatMap(([{ bytes }, end], i) =>
      i === lines.length - 1 && !lastLineEnd ? [bytes] : [bytes, Buffer.from(end)],
    );
    const input = Buffer.concat([Buffer.from(mark ? '\ufeff' : ''), Buffer.from(FIRST), ...pieces]);
    const rows = lines.flatMap(([line, end], i) =>
      line.kind === 'blank' ? [] : [{ ...line, end: i === lines.length - 1 && !lastLineEnd ? '\n' : end }],
    );
    return { input, rows };
  };

  test('each line comes out with its own bytes, and scored as it is alone', async () => {
    await fc.assert(
      fc.asyncProperty(jsonFile, async (file) => {
        const { input, rows } = build(file);
        const output = finished(await runBinary(['-q', '-j', '1', '--reward-field', 'r'], { stdin: input }));
        const records = output.toString('latin1').split('\n').slice(1, -1);
        assert.equal(records.length, rows.length);
        for (const [i, record] of records.entries()) {
          const { bytes, kind, code, end } = rows[i] as (typeof rows)[number];
          const line = bytes.toString('latin1');
          const whole = Buffer.from(`${record}\n`, 'latin1');
          const parsed = JSON.parse(whole.toString('utf8').trim()) as Record<string, unknown>;
          if (kind === 'object') {
            const at = line.lastIndexOf('}');
            assert.ok(`${record}\n`.startsWith(line.slice(0, at)), record);
            assert.ok(`${record}\n`.endsWith(line.slice(at) + end), record);
          } else if (kind === 'string') {
            assert.ok(record.startsWith(`{"text":${line},"r":`), record);
          } else {
            const { input } = parsed.reward_error as { input: string };
            assert.equal(input, bytes.toString('utf8').replace(/^\ufeff/, ''));
          }
          const reason = parsed.reward_error as { code: string } | undefined;
          const rewards = [parsed.r ?? [parsed.r_chosen ?? null, parsed.r_rejected ?? null]].flat();
          const got: Verdict = { rewards: rewards as number[], code: reason?.code };
          if (code !== undefined) assert.equal(got.code, code);
          else agree(got, await alone(JSON.parse(bytes.toString('utf8')) as RewardInput), record);
        }
      }),
      { ...costly, numRuns: 6 },
    );
  });

  test('in whatever way it is read', async () => {
    await fc.assert(
      fc.asyncProperty(
        jsonFile,
        fc.array(fc.integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 8 }),
        async (file, cuts) => {
          const { input } = build(file);
          const expected = finished(await runBinary(['-q', '-j', '1', '--reward-field', 'r'], { stdin: input }));
          await checkOtherWays(input, 'jsonl', cuts, expected);
        },
      ),
      { ...costly, numRuns: 2 },
    );
  });

  test('--limit is as if the file ended there', async () => {
    await fc.assert(
      fc.asyncProperty(jsonFile, fc.integer({ min: 1, max: 130 }), async (file, limit) => {
        const { input } = build(file);
        const lines = input.toString('latin1').split(/(?<=\n)/);
        let left = limit;
        const cut = lines.filter((line) => (/^(\xef\xbb\xbf)?\s*$/.test(line) ? left > 0 : left-- > 0));
        const flags = ['-q', '-j', '1', '--reward-field', 'r'];
        const [limited, short] = await Promise.all([
          runBinary([...flags, '--limit', String(limit)], { stdin: input }),
          runBinary(flags, { stdin: Buffer.from(cut.join(''), 'latin1') }),
        ]);
        assert.equal(finished(limited).toString('latin1'), finished(short).toString('latin1'));
      }),
      { ...costly, numRuns: 3 },
    );
  });

  test('--details tells the tokens that the tokenizer makes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { minLength: 1, maxLength: 80, size: 'max' }),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom('left', 'right'),
        async (texts, maxLength, side) => {
          const input = texts.map((content) => `${JSON.stringify({ text: content })}\n`).join('');
          const args = ['-q', '-j', '1', '--details', '--max-length', `${maxLength}`, '--truncation-side', side];
          const run = await runBinary(args, { stdin: input });
          for (const [i, row] of jsonLines(finished(run).toString()).entries()) {
            const { length } = tokenizer.encode(texts[i] as string);
            if (length === 0) {
              assert.equal(row.reward, null);
              continue;
            }
            assert.equal(row.reward_tokens, Math.min(maxLength, length));
            assert.equal(row.reward_truncated, Math.max(0, length - maxLength));
          }
        },
      ),
      { ...costly, numRuns: 3 },
    );
  });
});

// --- CSV ------------------------------------------------------------------------------------------------------------

interface Table {
  readonly header: readonly string[];
  /** The columns that are read. */
  readonly read: readonly string[];
}

const tables: readonly Table[] = [
  { header: ['id', 'text', 'note'], read: ['text'] },
  { header: ['prompt', 'id', 'response'], read: ['prompt', 'response'] },
  { header: ['id', 'chosen', 'rejected', 'prompt'], read: ['prompt', 'chosen', 'rejected'] },
  { header: ['candidates', 'a "b", c\nd', 'prompt'], read: ['prompt', 'candidates'] },
  { header: ['text'], read: ['text'] },
];

/** A cell, quoted where it must be, and now and then where it need not. */
const spell = (cell: string, always: boolean): string =>
  always || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;

const cellText = fc.oneof(
  text,
  fc.constantFrom('12345678901234567890', '1e400', '', ' a ', '=1+1', '\ufeff', '"', '""'),
);
const jsonCell = fc.array(text, { minLength: 1, maxLength: 3 }).map((items) => JSON.stringify(items));

type CsvLine =
  | { readonly kind: 'record'; readonly cells: readonly string[]; readonly text: string }
  | { readonly kind: 'ragged'; readonly cells: readonly string[]; readonly text: string }
  | { readonly kind: 'damaged'; readonly text: string }
  | { readonly kind: 'blank'; readonly text: '' };

function csvLine({ header }: Table): fc.Arbitrary<CsvLine> {
  const width = header.length;
  const cells = fc.tuple(...header.map((name) => (name === 'candidates' ? jsonCell : cellText)));
  const quoting = fc.array(fc.boolean(), { minLength: width, maxLength: width });
  const record = fc.tuple(cells, quoting).map(([values, quoted]): CsvLine => {
    const spelled = values.map((cell, i) => spell(cell, quoted[i] ?? true));
    // One empty cell alone would be a blank record, and a mark at the beginning of a line is a quote's neighbour.
    const text = spelled.join(',');
    return { kind: 'record', cells: values, text: text === '' ? '""' : text };
  });
  const ragged = fc
    .array(cellText, { minLength: 1, maxLength: width + 3 })
    .filter((values) => values.length !== width && values.join('') !== '')
    .map(
      (values): CsvLine => ({
        kind: 'ragged',
        cells: values,
        text: values.map((cell) => spell(cell, false)).join(','),
      }),
    );
  return fc.oneof(
    { weight: 12, arbitrary: record },
    { weight: 1, arbitrary: ragged },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('a "b"', 'x,"a"b', 'y, "a",b')
        .map((line): CsvLine => ({ kind: 'damaged', text: line })),
    },
    { weight: 1, arbitrary: fc.constant<CsvLine>({ kind: 'blank', text: '' }) },
  );
}

const csvFile = fc.constantFrom(...tables).chain((table) =>
  fc.record({
    table: fc.constant(table),
    mark: fc.boolean(),
    headerEnd: fc.constantFrom('\n', '\r\n'),
    lines: fc.array(fc.tuple(csvLine(table), fc.constantFrom('\n', '\n', '\r\n')), { maxLength: 80, size: 'max' }),
    lastLineEnd: fc.boolean(),
  }),
);

describe('CSV', { concurrency: 2 }, () => {
  const build = (file: typeof csvFile extends fc.Arbitrary<infer T> ? T : never, keep = Number.POSITIVE_INFINITY) => {
    const { table, mark, headerEnd, lastLineEnd } = file;
    let left = keep;
    const lines = file.lines.filter(([{ kind }]) => (kind === 'blank' ? left > 0 : left-- > 0));
    const whole = lines.length === file.lines.length && !lastLineEnd;
    const body = lines.map(([{ text }, end], i) => text + (i === lines.length - 1 && whole ? '' : end));
    const header = table.header.map((name) => spell(name, false)).join(',');
    return {
      header,
      input: Buffer.from(`${mark ? '\ufeff' : ''}${header}${headerEnd}${body.join('')}`),
      rows: lines.flatMap(([line, end], i) =>
        line.kind === 'blank' ? [] : [{ ...line, end: i === lines.length - 1 && whole ? headerEnd : end }],
      ),
    };
  };
  const flags = ['-q', '-j', '1', '--from', 'csv', '--reward-field', 'r'];
  const rowOf = ({ header, read }: Table, cells: readonly string[]): RewardInput =>
    Object.fromEntries(
      read.map((name) => {
        const cell = cells[header.indexOf(name)] as string;
        return [name, name === 'candidates' ? JSON.parse(cell) : cell];
      }),
    );

  test('each record comes out with its own bytes and cells, and scored as it is alone', async () => {
    await fc.assert(
      fc.asyncProperty(csvFile, async (file) => {
        const { table, mark, headerEnd } = file;
        const { input, rows, header } = build(file);
        const path = join(directory, 'reasons.jsonl');
        const output = finished(await runBinary([...flags, '--errors', path], { stdin: input })).toString();
        const asJson = jsonLines(finished(await runBinary([...flags, '--to', 'jsonl'], { stdin: input })).toString());
        assert.equal(asJson.length, rows.length);

        const pair = table.read.includes('chosen');
        const added = pair ? 2 : 1;
        let at = 0;
        const take = (expected: string): void => {
          assert.equal(output.slice(at, at + expected.length), expected);
          at += expected.length;
        };
        take(`${mark ? '\ufeff' : ''}${header},${pair ? 'r_chosen,r_rejected' : 'r'}${headerEnd}`);
        for (const [i, row] of rows.entries()) {
          const json = asJson[i] as Record<string, unknown>;
          const code = (json.reward_error as { code: string } | undefined)?.code;
          take(row.text);
          const end = output.indexOf(row.end, at);
          const rest = output.slice(at, end);
          at = end + row.end.length;
          if (row.kind !== 'record') {
            const missing = row.kind === 'ragged' ? Math.max(0, table.header.length - row.cells.length) : 0;
            assert.equal(rest, ','.repeat(missing + added));
            assert.equal(code, 'BAD_CSV');
            assert.equal((json.reward_error as { input: string }).input, row.text);
            continue;
          }
          const [cells] = parse(row.text + rest, { relax_column_count: true, record_delimiter: ['\n', '\r\n'] });
          assert.deepEqual((cells as string[]).slice(0, -added), row.cells);
          for (const [column, name] of table.header.entries()) assert.equal(json[name], row.cells[column]);
          const numbers = (cells as string[])
            .slice(-added)
            .flatMap((cell) => (cell === '' ? null : (JSON.parse(cell) as number | null)));
          const jsonRewards = [json.r ?? (pair ? [json.r_chosen ?? null, json.r_rejected ?? null] : null)].flat();
          agree({ rewards: numbers, code }, { rewards: jsonRewards as number[], code }, rest);
          agree({ rewards: numbers, code }, await alone(rowOf(table, row.cells)), row.text + rest);
        }
        assert.equal(at, output.length);
      }),
      { ...costly, numRuns: 6 },
    );
  });

  test('in whatever way it is read, and cut by --limit', async () => {
    await fc.assert(
      fc.asyncProperty(
        csvFile,
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 90 }),
        async (file, cuts, limit) => {
          const { input } = build(file);
          await checkOtherWays(input, 'csv', cuts, finished(await runBinary(flags, { stdin: input })));
          const limited = finished(await runBinary([...flags, '--limit', `${limit}`], { stdin: input }));
          const short = finished(await runBinary(flags, { stdin: build(file, limit).input }));
          assert.equal(limited.toString(), short.toString());
        },
      ),
      { ...costly, numRuns: 2 },
    );
  });
});
