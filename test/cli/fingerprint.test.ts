/**
 * A mutation check of the fingerprint: whatever a reward or an output can depend on is changed, one thing at a time, and
 * `--resume` and `merge` refuse by its name to go on. The settings are those of the flags' records and the files those of
 * the readers, so that a new one without a case here fails.
 */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { variableOf } from '../../dist/cli/flags/flag.js';
import { flagsOf } from '../../dist/cli/flags/flags.js';
import { tokenizerFiles } from '../../dist/model/tokenizer/directory.js';
import { readRunFile, writeRunFile } from '../../dist/run/run-file.js';
import { writeHeadedModels } from '../support/headed-models.js';
import { type RunOptions, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';

const directory = temporaryDirectory();
let made = 0;
const file = (name: string, content: string): string => writeFile(directory, name, content);
const fixture = join(root, 'fixtures/tiny-gpt2');
const tiny = join(directory, 'tiny');
cpSync(fixture, tiny, { recursive: true });

const headed = (await writeHeadedModels()).directory;
const languageModel = join(headed, 'gpt2-lm');
const adapter = adapterOn(join(headed, 'gpt2-classifier'));

const dated = file('dated.jinja', '{{ strftime_now("%F") }}{{ messages[0].content }}');
const jsonl = file('rows.jsonl', '{"id":"a","text":"hello"}\n{"id":"b","text":"good day to you"}\n');
const csv = file('rows.csv', 'text\nhello\ngood day\n');
const candidates = file('candidates.jsonl', '{"prompt":"p","candidates":[" a"," b and c"]}\n');
const grouped = file('grouped.jsonl', '{"id":"a","text":"x"}\n{"id":"a","text":"y"}\n');

/** The command line of a run without what is changed. */
interface Base {
  readonly command?: 'score' | 'best';
  readonly input?: string;
  readonly model?: string;
  readonly args?: readonly string[];
}

interface Setting extends Base {
  /** Before the change; default: not given. */
  readonly from?: string;
  /** After it; true: the switch is given. */
  readonly to: string | true;
  /** What is said in the place of the difference. */
  readonly says?: RegExp;
}

const settings: Readonly<Record<string, Setting>> = {
  // Named by what they hold: a copy of the same model elsewhere is the same.
  model: { from: tiny, to: twoLabels('swapped'), args: ['--logit', '0'], model: '', says: /model\.safetensors was/ },
  tokenizer: {
    from: tiny,
    to: modelWith(fixture, 'tokenizer_config.json', '{"pad_token":"!"}'),
    says: /tokenizer_config\.json was/,
  },
  template: { from: 'chai', to: 'chatml' },
  'last-speaker': { to: 'assistant' },
  'bot-name': { to: 'Eliza' },
  'user-name': { to: 'Anna' },
  system: { to: 'none' },
  'template-date': { args: ['--template', dated], from: '2026-11-29', to: '2026-11-30' },
  'max-length': { to: '7' },
  'truncation-side': { to: 'right' },
  reserve: { to: '5' },
  activation: { to: 'sigmoid' },
  head: { model: languageModel, from: 'token:1', to: 'token:2' },
  logit: { model: twoLabels('two'), from: '0', to: '1' },
  precision: { to: 'int8' },
  // The other name is another output, whose work is not gone on with: `merge` alone can meet both.
  output: { to: '' },
  from: { to: 'text' },
  to: { to: 'scores' },
  delimiter: { input: csv, to: ';' },
  quote: { input: csv, to: 'none' },
  'max-row-bytes': { to: '1000' },
  details: { to: true },
  keep: { to: 'id' },
  'min-reward': { to: '1' },
  'top-percent': { from: '5', to: '10' },
  'reward-field': { to: 'score' },
  rescore: { to: true },
  'use-rewards': { to: true },
  'on-error': { to: 'skip' },
  errors: { from: join(directory, 'one.errors'), to: join(directory, 'two.errors') },
  shard: { from: '1/2', to: '2/2' },
  stream: { to: true, says: /expected --stream or --resume, got both/ },
  text: { to: 'id' },
  prompt: { to: 'id' },
  response: { to: 'id' },
  messages: { to: 'id' },
  candidates: { to: 'id' },
  chosen: { to: 'id' },
  rejected: { to: 'id' },
};

const best: Base = { command: 'best', input: candidates };
const settingsOfBest: Readonly<Record<string, Setting>> = {
  group: { ...best, input: grouped, from: 'id', to: 'text' },
  gather: { ...best, input: grouped, args: ['--group', 'id'], to: true },
  'response-field': { ...best, to: 'winner' },
  top: { ...best, to: '1' },
  rank: { ...best, to: true },
  pairs: { ...best, to: true },
  'min-gap': { ...best, args: ['--pairs'], to: '0.5' },
  to: { command: 'best', input: csv, args: ['--group', 'text'], to: 'tsv' },
};

describe('every flag that decides a reward or the output', () => {
  const deciding = (command: 'score' | 'best'): string[] =>
    flagsOf(command).flatMap(({ name, decides }) => (decides === 'run' ? [] : [name]));

  test('has a case', () => {
    assert.deepEqual(Object.keys(settings).sort(), deciding('score').sort());
    const { details: _, 'min-reward': __, 'top-percent': ___, ...shared } = settings;
    assert.deepEqual(Object.keys({ ...shared, ...settingsOfBest }).sort(), deciding('best').sort());
  });

  for (const [name, setting] of [...Object.entries(settings), ...Object.entries(settingsOfBest)]) {
    if (name === 'output') continue;
    const says = setting.says ?? new RegExp(`--${name} was .+ and is `);
    test(`${setting.command ?? 'score'} --${name}`, async () => {
      const { output, input } = await finishedOf(setting, asFlag(name, setting.from), false);
      await refused({ ...setting, input }, asFlag(name, setting.to), output, says);
    });
    if (!flagsOf('score').some((flag) => flag.name === name && flag.decides === 'reward')) continue;
    test(`${variableOf({ name })}, and the input has grown`, async () => {
      const { output, input } = await finishedOf(setting, asVariable(name, setting.from), true);
      await refused({ ...setting, input }, asVariable(name, setting.to), output, says);
    });
  }

  test('-o FILE, where it decides that the output is compressed', async () => {
    const parts = [await shard({}, 1, 'plain.jsonl'), await shard({}, 2, 'packed.jsonl.gz')];
    await refusesToMerge(parts, /--output was none and is gzip/);
  });
});

describe('every file that a reward can depend on', () => {
  /** A change of a model's directory. */
  interface FileChange {
    readonly file: string;
    readonly what?: string;
    /** The model as it was; default: the small one. */
    readonly model?: string;
    readonly args?: readonly string[];
    readonly change: (model: string) => void;
  }

  const replace =
    (name: string, text: string, by: string) =>
    (model: string): void => {
      const path = join(model, name);
      const content = readFileSync(path, 'utf8');
      assert.ok(content.includes(text), `${name} has no ${text}`);
      writeFileSync(path, content.replace(text, by));
    };
  const write =
    (name: string, content: string) =>
    (model: string): void =>
      writeFileSync(join(model, name), content);
  const editConfig = (edit: object): ((model: string) => void) => editJson('config.json', edit);
  const { tokenizer, vocabulary, merges, config, specialTokens, addedTokens, chatTemplate, chatTemplateJson } =
    tokenizerFiles;
  const chat = (text: string): string => JSON.stringify({ chat_template: text });

  const changes: readonly FileChange[] = [
    { file: tokenizer, change: replace(tokenizer, '"version"', ' "version"') },
    { file: vocabulary, model: oldForm(), change: replace(vocabulary, '{', '{ ') },
    { file: merges, model: oldForm(), change: replace(merges, '\n', '\n\n') },
    { file: config, change: write(config, '{"pad_token":"!"}') },
    { file: config, what: 'is gone', change: (model) => rmSync(join(model, config)) },
    {
      file: config,
      what: 'chat_template',
      args: ['--template', 'model'],
      model: modelWith(tiny, config, chat('a')),
      change: write(config, chat('b')),
    },
    { file: specialTokens, change: write(specialTokens, '{"pad_token":"!"}') },
    { file: addedTokens, change: write(addedTokens, '{"<x>":1}') },
    {
      file: chatTemplate,
      args: ['--template', 'model'],
      model: modelWith(tiny, chatTemplate, 'a'),
      change: write(chatTemplate, 'b'),
    },
    {
      file: chatTemplateJson,
      args: ['--template', 'model'],
      model: modelWith(tiny, chatTemplateJson, chat('a')),
      change: write(chatTemplateJson, chat('b')),
    },
    {
      file: 'additional_chat_templates/tool.jinja',
      change(model) {
        mkdirSync(join(model, 'additional_chat_templates'));
        write('additional_chat_templates/tool.jinja', 'a')(model);
      },
    },
    { file: 'config.json', what: 'epsilon', change: editConfig({ layer_norm_epsilon: 0.01 }) },
    { file: 'config.json', what: 'activation', change: editConfig({ activation_function: 'relu' }) },
    { file: 'config.json', what: 'heads', change: editConfig({ n_head: 1 }) },
    { file: 'config.json', what: 'label', change: editConfig({ id2label: { 0: 'other' } }) },
    { file: 'config.json', what: 'pad token', change: editConfig({ pad_token_id: 7 }) },
    { file: 'config.json', what: 'end token', change: editConfig({ eos_token_id: 7 }) },
    {
      file: 'the class of the tokenizer',
      model: modelWith(tiny, config, '{}'),
      change: editConfig({ tokenizer_class: 'PreTrainedTokenizerFast' }),
    },
    { file: 'model.safetensors', change: changeWeights },
    { file: 'adapter_config.json', model: adapter, change: editJson('adapter_config.json', { lora_alpha: 3 }) },
    {
      file: 'adapter_config.json',
      what: 'pattern',
      model: adapter,
      change: editJson('adapter_config.json', { alpha_pattern: { c_fc: 1 } }),
    },
    {
      file: 'model.safetensors or adapter_model.safetensors',
      model: adapter,
      change: (model) => changeWeights(model, 'adapter_model.safetensors'),
    },
    {
      file: 'model.safetensors or adapter_model.safetensors',
      what: 'of another base',
      model: adapter,
      change(model) {
        const base = modelWith(join(headed, 'gpt2-classifier'));
        changeWeights(base);
        editJson('adapter_config.json', { base_model_name_or_path: base })(model);
      },
    },
    {
      file: 'model.safetensors or value_head.safetensors',
      model: withValueHead(),
      change: (model) => changeWeights(model, 'value_head.safetensors'),
    },
  ];

  test('has a case', () => {
    const missing = Object.values(tokenizerFiles).filter((name) => !changes.some(({ file }) => file === name));
    assert.deepEqual(missing, []);
  });

  for (const { file: name, what, model = tiny, args = [], change } of changes) {
    test(`${name}${what === undefined ? '' : `: ${what}`}`, async () => {
      const { output, input } = await finishedOf({ model, args }, {}, false);
      const changed = modelWith(model);
      change(changed);
      await refused({ model: changed, args, input }, {}, output, wasNamed(name));
    });
  }

  test('weights of the same size, time and inode', async () => {
    const model = modelWith();
    const path = join(model, 'model.safetensors');
    // Of whole seconds, as archives keep it: it can be set again to the nanosecond.
    const seconds = 1_700_000_000;
    utimesSync(path, seconds, seconds);
    const output = await finished({ model });
    const { ino, size, mtimeNs } = statSync(path, { bigint: true });
    changeWeights(model);
    utimesSync(path, seconds, seconds);
    const now = statSync(path, { bigint: true });
    assert.deepEqual([now.ino, now.size, now.mtimeNs], [ino, size, mtimeNs]);
    await refused({ model }, {}, output, wasNamed('model.safetensors'));
  });

  test('tokenizer_config.json, and the input has grown', async () => {
    const { output, input } = await finishedOf({}, {}, true);
    const model = modelWith(tiny, config, '{"pad_token":"!"}');
    await refused({ model, input }, {}, output, wasNamed(config));
  });

  test('a field of config.json that nothing reads may change', async () => {
    const { output, input } = await finishedOf({}, {}, false);
    const model = modelWith();
    editConfig({ transformers_version: '9' })(model);
    const run = await again({ model, input }, {}, output);
    assert.equal(run.code, 0, run.stderr);
  });

  test('a Jinja file', async () => {
    const template = file('template.jinja', '{{ messages[0].content }}');
    const base = { args: ['--template', template] };
    const output = await finished(base);
    writeFileSync(template, '{{ messages[0].content }}!');
    await refused(base, {}, output, /the text of the template was/);
  });
});

describe('besides settings and files', () => {
  test('the version of the program', async () => {
    const { output, input } = await finishedOf({}, {}, false);
    await refused({ input }, { version: '99.0.0' }, output, /reward-score was .+ and is 99\.0\.0/);
  });

  test('the command', async () => {
    const base = { input: grouped };
    const output = await finished({ ...base, command: 'best', args: ['--group', 'id'] });
    await refused(base, {}, output, /command was best and is score/);
  });
});

describe('inputs', () => {
  const long = file('long.jsonl', `${readFileSync(jsonl, 'utf8')}{"id":"c","text":"and a third"}\n`);
  const input = { input: long };
  const now = (path: string): RegExp =>
    new RegExp(`\\.run\\.json: cannot go on: ${long} was read, and now ${join(directory, path)} is, `);

  test('another file, which is shorter, as long, or longer', async () => {
    const output = await finished(input);
    const content = readFileSync(long, 'utf8');
    for (const [name, other, says] of [
      ['short', '{"text":"a"}\n', `which has 13 bytes and not ${content.length};`],
      ['equal', content.replace('third', 'fourt'), 'which has other bytes;'],
      ['longer', content.replace('hello', 'jello') + content, 'with other rows;'],
    ] as const) {
      const path = file(`${name}.jsonl`, other);
      await refused({ input: path }, {}, output, new RegExp(`${now(`${name}.jsonl`).source}${says}`));
    }
    // One that was only moved is the same.
    const moved = await again({ input: file('moved.jsonl', content) }, {}, output);
    assert.deepEqual([moved.code, moved.stderr], [0, '']);
  });

  test('--limit, below the rows that are done', async () => {
    const output = await finished(input);
    const limited = (limit: string): Base => ({ ...input, args: ['--limit', limit] });
    await refused(
      limited('1'),
      {},
      output,
      /: cannot go on: --limit was none and is 1, and 3 rows are done; give what/,
    );
    assert.equal((await again(limited('3'), {}, output)).code, 0);
    const part = await finished(limited('2'));
    await refused(limited('1'), {}, part, /: cannot go on: --limit was 2 and is 1, and 2 rows are done;/);
    assert.equal((await again(input, {}, part)).code, 0);
    assert.deepEqual(readFileSync(part), readFileSync(output));
  });
});

describe('merge', () => {
  const parts = async (first: Base = {}, second: Base = first): Promise<[string, string]> => [
    await shard(first, 1),
    await shard(second, 2),
  ];

  test('refuses by name whatever of the fingerprint differs', async () => {
    const [first, second] = await parts({ args: ['--template', file('any.jinja', 'a')] });
    const state = readRunFile(second);
    assert.ok(state);
    const names = Object.keys(state.fingerprint).filter((name) => name !== '--shard');
    assert.ok(names.length > 35, 'it is the whole fingerprint');
    for (const name of names) {
      await writeRunFile(second, { ...state, fingerprint: { ...state.fingerprint, [name]: 'other' } });
      await refusesToMerge([first, second], wasNamed(name));
    }
  });

  test('refuses shards that were made with different settings, and of different files', async () => {
    await refusesToMerge(await parts({}, { args: ['--max-length', '7'] }), /--max-length was 256 and is 7/);
    const other = modelWith(tiny, tokenizerFiles.config, '{"pad_token":"!"}');
    await refusesToMerge(await parts({}, { model: other }), wasNamed(tokenizerFiles.config));
  });

  test('shards list their bad rows in files of their own, all of them or none', async () => {
    const list = (name: string): Base => ({ args: ['--errors', join(directory, name)] });
    const both = await parts(list('1.errors'), list('2.errors'));
    const merged = await rewardScore(['merge', ...both, '-o', join(directory, 'merged.jsonl')]);
    assert.equal(merged.code, 0, merged.stderr);
    await refusesToMerge(await parts(list('1.errors'), {}), /--errors was a file and is none/);
  });
});

describe('model check says what differs from the run that wrote the rewards', () => {
  const check = (model: string, against: string, more: readonly string[] = [], options: RunOptions = {}) =>
    rewardScore(['model', 'check', model, '--against', against, '-j', '1', ...more], options);

  test('nothing where nothing does', async () => {
    const run = await check(tiny, await finished({}));
    assert.equal(run.code, 0, run.stderr);
    assert.doesNotMatch(run.stderr, /was scored with/);
  });

  test('settings, files and the version by name, and no setting of the output', async () => {
    const model = modelWith();
    const output = await finished({ model, args: ['--details', '--text', 'text'] });
    changeWeights(model);
    const run = await check(model, output, ['--max-length', '3'], { version: '99.0.0' });
    assert.equal(run.code, 3, run.stderr);
    const [, said = ''] = run.stderr.split('was scored with other settings: ');
    assert.deepEqual(
      said.match(/[^ ]+ was [^,]+ and is /g)?.map((text) => text.split(' ')[0]),
      ['reward-score', 'model.safetensors', '--max-length'],
    );
  });

  test('a run file that cannot be read is no reason not to check', async () => {
    const output = await finished({});
    writeFileSync(`${output}.run.json`, '{}');
    const run = await check(tiny, output);
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stderr, /is not compared: .*run\.json: expected the state of a run of this version/);
  });
});

/** Arguments and variables that are given besides those of the base. */
interface Given extends RunOptions {
  readonly args?: readonly string[];
}

function asFlag(name: string, value: string | true | undefined): Given {
  if (value === undefined) return {};
  return { args: value === true ? [`--${name}`] : [`--${name}`, value] };
}

function asVariable(name: string, value: string | true | undefined): Given {
  return value === undefined ? {} : { env: { [variableOf({ name })]: value === true ? '1' : value } };
}

function commandLine(
  { command = 'score', input = jsonl, model = tiny, args = [] }: Base,
  given: Given,
  output: string,
) {
  const ofModel = model === '' ? [] : ['-m', model];
  return [command, '-q', '-j', '1', ...ofModel, input, '-o', output, ...args, ...(given.args ?? [])];
}

/** Runs to the end, and returns the output. */
async function finished(base: Base, given: Given = {}, name = `${++made}.jsonl`): Promise<string> {
  const output = join(directory, name);
  const run = await rewardScore(commandLine(base, given, output), given);
  assert.ok(run.code === 0 || run.code === 3, run.stderr);
  return output;
}

interface FinishedRun {
  readonly output: string;
  readonly input: string;
}

const finishedRuns = new Map<string, Promise<FinishedRun>>();

/**
 * A finished run, on whose output others that are refused can be tried.
 *
 * @param grown the input has more rows since
 */
function finishedOf({ command, input, model, args }: Base, given: Given, grown: boolean): Promise<FinishedRun> {
  const base = { ...(command && { command }), ...(input && { input }), ...(args && { args }) };
  const whole = model === undefined ? base : { ...base, model };
  const key = JSON.stringify([whole, given, grown]);
  const run = finishedRuns.get(key) ?? finishAnew(whole, given, grown);
  finishedRuns.set(key, run);
  return run;
}

async function finishAnew(base: Base, given: Given, grown: boolean): Promise<FinishedRun> {
  const { input = jsonl } = base;
  const own = file(`${++made}-${basename(input)}`, readFileSync(input, 'utf8'));
  const output = await finished({ ...base, input: own }, given);
  if (grown) appendFileSync(own, '{"text":"more"}\n');
  return { output, input: own };
}

const again = (base: Base, given: Given, output: string) =>
  rewardScore([...commandLine(base, given, output), '--resume'], given);

async function refused(base: Base, given: Given, output: string, says: RegExp): Promise<void> {
  const before = readFileSync(output);
  const run = await again(base, given, output);
  assert.equal(run.code, 2, run.stderr);
  assert.match(run.stderr, says);
  assert.deepEqual(readFileSync(output), before);
}

/** That a difference is named. */
const wasNamed = (name: string): RegExp => new RegExp(`[:,] ${name.replace(/\W/g, '\\$&')} was .+ and is `);

/** The output of a shard of two. */
const shard = (base: Base, index: number, name?: string): Promise<string> =>
  finished({ ...base, args: [...(base.args ?? []), '--shard', `${index}/2`] }, {}, name);

async function refusesToMerge(parts: readonly string[], says: RegExp): Promise<void> {
  const run = await rewardScore(['merge', ...parts, '-o', join(directory, 'refused.jsonl')]);
  assert.equal(run.code, 2, run.stderr);
  assert.match(run.stderr, says);
}

/** A copy of a model with one more file, or another. */
function modelWith(model = fixture, name?: string, content = ''): string {
  const copy = join(directory, `model-${++made}`);
  cpSync(model, copy, { recursive: true });
  if (name !== undefined) writeFileSync(join(copy, name), content);
  return copy;
}

function editJson(name: string, edit: object): (model: string) => void {
  return (model) => {
    const path = join(model, name);
    writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), ...edit }));
  };
}

/** An adapter whose copies find their base too. */
function adapterOn(base: string): string {
  const model = modelWith(join(headed, 'gpt2-head-saved'));
  editJson('adapter_config.json', { base_model_name_or_path: base })(model);
  return model;
}

function withValueHead(): string {
  const model = modelWith(languageModel);
  cpSync(join(headed, 'gpt2-value/value_head.safetensors'), join(model, 'value_head.safetensors'));
  return model;
}

/** The small model with a tokenizer of two files. */
function oldForm(): string {
  const model = modelWith();
  const path = join(model, tokenizerFiles.tokenizer);
  const { model: bpe } = JSON.parse(readFileSync(path, 'utf8')) as {
    model: { vocab: Record<string, number>; merges: readonly (string | readonly string[])[] };
  };
  rmSync(path);
  writeFileSync(join(model, tokenizerFiles.vocabulary), JSON.stringify(bpe.vocab));
  const lines = bpe.merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' ')));
  writeFileSync(join(model, tokenizerFiles.merges), `#version: 0.2\n${lines.join('\n')}\n`);
  return model;
}

/** The small model with a second label, whose weights are the first one's from the other end. */
function twoLabels(name: string): string {
  const model = join(directory, name);
  cpSync(fixture, model, { recursive: true });
  const path = join(model, 'model.safetensors');
  const bytes = readFileSync(path);
  const end = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, end)) as Record<
    string,
    { shape: number[]; data_offsets: [number, number] }
  >;
  const score = header['score.weight'];
  assert.ok(score, 'the small model has a head');
  const [from, to] = score.data_offsets;
  const first = bytes.subarray(end + from, end + to);
  const [, elements = 0] = score.shape;
  const size = first.length / elements;
  const parts = Array.from({ length: elements }, (_, i) => first.subarray(size * i, size * (i + 1)));
  const second = Buffer.concat(parts.reverse());
  const data = Buffer.concat([bytes.subarray(end), first, second]);
  score.data_offsets = [bytes.length - end, data.length];
  score.shape[0] = 2;
  // No hole may be left: the old head gets the name of a tensor that nothing reads.
  header['transformer.h.0.attn.masked_bias'] = { ...score, shape: [1, elements], data_offsets: [from, to] };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, text, data]));
  const config = join(model, 'config.json');
  const labels = { id2label: { 0: 'one', 1: 'two' }, num_labels: 2 };
  writeFileSync(config, JSON.stringify({ ...(JSON.parse(readFileSync(config, 'utf8')) as object), ...labels }));
  return model;
}

/** Other weights in a file of the same size. */
function changeWeights(model: string, name = 'model.safetensors'): void {
  const path = join(model, name);
  const handle = openSync(path, 'r+');
  writeSync(handle, Buffer.from([0, 56, 0, 56, 0, 56, 0, 56]), 0, 8, statSync(path).size - 8);
  closeSync(handle);
}
