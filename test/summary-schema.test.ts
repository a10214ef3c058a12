/** Summaries of real runs against the schema that ships with the package. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { ExitCode, exitCodeOf } from '../dist/cli/exit-codes.js';
import { signals } from '../dist/cli/signals.js';
import { activations } from '../dist/model/activation.js';
import { failureCodes } from '../dist/rows/failure.js';
import { rowKinds } from '../dist/rows/kinds/kinds.js';
import { start } from './support/binary.js';
import { copyExportedModel } from './support/exported-models.js';
import { HubDouble } from './support/hub-double.js';
import { rewardScore, root, temporaryDirectory } from './support/run.js';

interface Schema {
  readonly description?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly propertyNames?: Schema;
  readonly additionalProperties?: boolean | Schema;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly $defs: Readonly<Record<string, Schema>>;
}

// As a user of the package gets it.
const schema = createRequire(import.meta.url)('reward-score/summary.schema.json') as Schema;
const validate = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }).compile(schema);
const directory = temporaryDirectory();
const rows = readFileSync(join(root, 'fixtures/conversations.jsonl'), 'utf8');

function readSummary(path: string): Record<string, unknown> {
  const summary = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  validate(summary);
  assert.equal(validate.errors ?? null, null);
  return summary;
}

const exported = ['-m', copyExportedModel(directory, 'bert'), '--logit', '0'];

for (const [i, [what, args, stdin, expected]] of (
  [
    ['every form', [], rows, { complete: true, exitCode: 0, rows: 6, rewardsWritten: 9 }],
    ['bad rows', [], `${rows}{"text":""}\nnot JSON\n`, { complete: true, exitCode: 3, rows: 8, failed: 2 }],
    ['CSV', ['--from', 'csv'], 'text\na\n', { complete: true, exitCode: 0, rows: 1 }],
    ['no input', [], '', { complete: true, exitCode: 0, rows: 0, forms: {} }],
    ['an exported model', exported, '"a"\n', { complete: true, exitCode: 0, rows: 1 }],
    ['best', ['best'], '{"prompt":"p","candidates":["a","b"]}\n', { complete: true, exitCode: 0, rows: 1 }],
    ['a dry run', ['--dry-run'], rows, { complete: true, exitCode: 0, rows: 6, rewardsWritten: 0 }],
    [
      'a run that failed',
      ['--on-error', 'fail'],
      '"a"\n{}\n"b"\n',
      { complete: false, exitCode: 1, rows: 2, failed: 1 },
    ],
  ] as const
).entries()) {
  test(`the summary of ${what}`, async () => {
    const path = join(directory, `${i}.json`);
    await rewardScore([...args, '-q', '-j', '1', '--summary', path], { stdin });
    const summary = readSummary(path);
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(summary[name], value, name);
  });
}

test('the summary of a data set on the hub', async () => {
  const datasets = { 'org/data': { branches: { main: { 'rows.jsonl': rows } } } };
  const { endpoint } = await HubDouble.start({ files: {}, datasets });
  const path = join(directory, 'data set.json');
  const address = 'hf://datasets/org/data/rows.jsonl';
  const { code, stderr } = await rewardScore(['-q', '--summary', path, address], { env: { HF_ENDPOINT: endpoint } });
  assert.equal(code, 0, stderr);
  const [input] = readSummary(path).inputs as Record<string, unknown>[];
  assert.deepEqual(Object.keys(input ?? {}).sort(), ['bytes', 'commit', 'etag', 'path', 'rows', 'sha256']);
});

test('the summary of an evaluation of scored rows, which needs no model', async () => {
  const path = join(directory, 'evaluation.json');
  const args = ['eval', '-q', '--fail-under', 'mean=2', '--summary', path];
  await rewardScore(args, { stdin: '{"reward":1}\n{"reward":2}\n{}\n' });
  const { complete, exitCode, rows: read, failed, model, scoring, forms } = readSummary(path);
  assert.deepEqual({ complete, exitCode, read, failed }, { complete: true, exitCode: 4, read: 3, failed: 1 });
  assert.deepEqual({ model, scoring, forms }, { model: null, scoring: null, forms: {} });
});

test('the summary of an interrupted run', async () => {
  const path = join(directory, 'interrupted.json');
  const child = start(['-q', '-j', '1', '--summary', path]);
  // Some windows, and an input that does not end.
  child.stdin?.write('{"text":"hello"}\n'.repeat(10_000));
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  child.stdout?.resume();
  child.kill('SIGINT');
  await once(child, 'close');
  const { complete, exitCode } = readSummary(path);
  assert.deepEqual({ complete, exitCode }, { complete: false, exitCode: 130 });
});

test('its closed lists are those of the program', () => {
  const { exitCode, scoring, forms } = schema.properties ?? {};
  assert.deepEqual(schema.$defs.failureCode?.enum, Object.keys(failureCodes));
  assert.deepEqual(forms?.propertyNames?.enum, rowKinds);
  assert.deepEqual(scoring?.properties?.activation?.enum, activations);
  assert.deepEqual(exitCode?.enum, [...Object.values(ExitCode), ...signals.map(exitCodeOf)]);
});

test('it describes every field, and allows no other', () => {
  let fields = 0;
  const visit = ({ properties, additionalProperties, items, type }: Schema, at: string): void => {
    for (const [name, field] of Object.entries(properties ?? {})) {
      fields++;
      assert.ok(field.description, `${at}${name} has no description`);
      visit(field, `${at}${name}.`);
    }
    if (type === 'object') assert.ok(additionalProperties !== undefined && additionalProperties !== true, at);
    if (items !== undefined) visit(items, at);
  };
  visit(schema, '');
  assert.ok(fields > 40);
});
