/**
 * How texts are read, where a model says it and where a user does: what is told, what is refused before anything is
 * written, and what is counted. Each of these was once scored without a word.
 */
import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { jsonLines, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';

const directory = temporaryDirectory();
const fixture = join(root, 'fixtures/tiny-gpt2');
let made = 0;

/** A copy of the small model with these members in tokenizer_config.json. */
function modelWith(config: object, files: Readonly<Record<string, string>> = {}): string {
  const model = join(directory, `model-${++made}`);
  cpSync(fixture, model, { recursive: true });
  const path = join(model, 'tokenizer_config.json');
  const own = JSON.parse(readFileSync(path, 'utf8')) as object;
  writeFileSync(path, JSON.stringify({ ...own, ...config }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(model, name), content);
  return model;
}

const chat = '{% for m in messages %}<|{{ m.role }}|>{{ m.content }}\n{% endfor %}';
const lines = (...rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const user = (content: string) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });

interface Summary {
  readonly scoring: Readonly<Record<string, unknown>>;
  readonly notices: object;
  readonly hints: object;
}

async function scored(args: readonly string[], stdin: string) {
  const path = join(directory, `summary-${++made}.json`);
  const run = await rewardScore(['-j', '1', '--summary', path, ...args], { stdin });
  const summary = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Summary) : undefined;
  return { ...run, rows: run.code === 2 ? [] : jsonLines(run.stdout), summary };
}

describe('the settings come with the model', { concurrency: 2 }, () => {
  const text = lines({ text: 'hello there' });
  const cases: readonly {
    readonly what: string;
    readonly model: string;
    readonly args?: string[];
    readonly reading: string;
  }[] = [
    {
      what: 'GPT-2 that says nothing',
      model: modelWith({ model_max_length: 1024 }),
      reading: 'template chai, 256 tokens, cut left (the default for GPT2)',
    },
    {
      what: 'files lower the length',
      model: modelWith({ model_max_length: 100.9 }),
      reading: 'template chai (the default for GPT2), 100 tokens (model_max_length), cut left (the default for GPT2)',
    },
    {
      what: 'a chat template is used, as long as the network allows',
      model: modelWith({ chat_template: chat, model_max_length: 1e30 }),
      reading:
        'template of the model (tokenizer_config.json), 256 tokens (max_position_embeddings), cut left (the default for GPT2)',
    },
    {
      what: 'a file of its own comes first',
      model: modelWith({ chat_template: 'no', model_max_length: 200 }, { 'chat_template.jinja': chat }),
      reading:
        'template of the model (chat_template.jinja), 200 tokens (model_max_length), cut left (the default for GPT2)',
    },
    {
      what: 'a template in JSON',
      model: modelWith({}, { 'chat_template.json': JSON.stringify({ chat_template: chat }) }),
      reading:
        'template of the model (chat_template.json), 256 tokens (model_max_length), cut left (the default for GPT2)',
    },
    {
      what: 'flags win',
      model: modelWith({ chat_template: chat }),
      args: ['--template', 'dialogrpt', '--max-length', '7', '--truncation-side', 'right'],
      reading: 'template dialogrpt (--template), 7 tokens (--max-length), cut right (--truncation-side)',
    },
    {
      what: 'texts as they are',
      model: modelWith({ chat_template: chat, model_max_length: 99 }),
      args: ['--template', 'none'],
      reading: 'texts as they are (--template), 99 tokens (model_max_length), cut left (the default for GPT2)',
    },
  ];
  for (const { what, model, args = [], reading } of cases) {
    test(what, async () => {
      const { stderr, code, summary } = await scored(['-m', model, ...args], text);
      assert.equal(code, 0, stderr);
      assert.equal(stderr.split('\n')[0], `reward-score: reading: ${reading}`);
      assert.ok(summary);
      assert.equal(Object.keys(summary.scoring.sources as object).length, 6);
    });
  }

  test('the summary has each setting and what it comes from', async () => {
    const { summary } = await scored(['-q', '-m', modelWith({ chat_template: chat, model_max_length: 50 })], text);
    const { maxLength, template, lastSpeaker, truncationSide, sources } = summary?.scoring ?? {};
    assert.deepEqual(
      { maxLength, template, lastSpeaker, truncationSide, sources },
      {
        maxLength: 50,
        template: 'the chat template of the model',
        lastSpeaker: 'assistant',
        truncationSide: 'left',
        sources: {
          template: 'tokenizer_config.json',
          maxLength: 'model_max_length',
          truncationSide: 'the default for GPT2',
          lastSpeaker: 'a chat template',
          pooling: 'GPT2ForSequenceClassification',
          head: 'GPT2ForSequenceClassification',
        },
      },
    );
  });

  test('model info says them', async () => {
    const { stdout } = await rewardScore(['model', 'info', '--json', modelWith({ chat_template: chat })]);
    const { settings } = JSON.parse(stdout) as { settings: Record<string, { value: unknown; source: string }> };
    assert.deepEqual(settings.template, { value: 'model', source: 'tokenizer_config.json' });
    assert.deepEqual(settings.specialTokens, { value: { before: [], after: [] }, source: 'the tokenizer' });
  });

  test('a template of its own makes the text, where none is named', async () => {
    const model = modelWith({ chat_template: chat });
    const rows = lines(
      { messages: [user('Hi'), assistant('Yo')] },
      { prompt: 'Hi', response: 'Yo' },
      '<|user|>Hi\n<|assistant|>Yo\n',
    );
    const { stdout } = await rewardScore(['-q', '-j', '1', '--to', 'scores', '-m', model], { stdin: rows });
    assert.equal(
      new Set(
        stdout
          .trimEnd()
          .split('\n')
          .map((reward) => Number(reward).toFixed(5)),
      ).size,
      1,
      stdout,
    );
  });

  test('the bundled model can be named, and then nothing need be said', async () => {
    const { stderr, summary } = await scored(['-m', 'starter'], text);
    assert.doesNotMatch(stderr, /no model named/);
    assert.deepEqual(summary?.notices, {});
    const unnamed = await scored([], text);
    assert.deepEqual(unnamed.summary?.notices, { NO_MODEL_NAMED: 1 });
  });

  test('a template that ignores its messages', async () => {
    const { stderr, summary } = await scored(
      ['-m', fixture, '--template', writeFile(directory, 'same.jinja', 'always')],
      text,
    );
    assert.match(stderr, /same\.jinja gives one text for two different conversations/);
    assert.deepEqual(summary?.notices, { TEMPLATE_IGNORES_MESSAGES: 1 });
    const strict = await scored(['--strict', '-m', fixture, '--template', join(directory, 'same.jinja')], text);
    assert.equal(strict.code, 2);
  });
});

describe('what would be a guess is refused, before anything is written', { concurrency: 2 }, () => {
  const whole = { chosen: 'a', rejected: 'b' };
  const cases: readonly {
    readonly what: string;
    readonly row: object;
    readonly args: string[];
    readonly says: string;
  }[] = [
    {
      what: 'a mistyped field',
      row: { prompt: 'a', respnse: 'b' },
      args: ['--response', 'response'],
      says: 'expected a field "response" (--response), got ["prompt","respnse"]; did you mean respnse?',
    },
    {
      what: 'a field that is null',
      row: { prompt: 'a', reply: null },
      args: ['--response', 'reply'],
      says: 'expected a value of "reply" (--response), got null',
    },
    {
      what: 'a text beside prompt and response',
      row: { text: 'a', prompt: 'b', response: 'c' },
      args: [],
      says: 'expected a text, or prompt and response, got both; say which with --text text or --response response',
    },
    {
      what: 'a text beside question and answer',
      row: { text: 'a', question: 'b', answer: 'c' },
      args: [],
      says: 'expected a text, or question and answer, got both; say which with --text text or --response answer',
    },
    {
      what: 'two prompts',
      row: { question: 'a', instruction: 'b', answer: 'c' },
      args: [],
      says: 'expected one field that is the prompt, got question and instruction; say which with --prompt',
    },
    {
      what: 'two responses',
      row: { question: 'a', answer: 'b', output: 'c' },
      args: [],
      says: 'expected one field that is the response, got answer and output; say which with --response',
    },
    {
      what: 'messages under --template none',
      row: { messages: [user('a')] },
      args: ['--template', 'none'],
      says: 'expected --template chai, dialogrpt, chatml, model or a Jinja file for the messages in messages, got none',
    },
    {
      what: 'whole texts under a chat template',
      row: whole,
      args: ['--template', 'chatml'],
      says: 'expected a prompt beside chosen, which a chat template needs, got whole texts; score them as they are with --template none',
    },
    {
      what: 'a prompt that is rendered',
      row: { prompt: '<|im_start|>user\na<|im_end|>\n', response: 'b' },
      args: ['--template', 'chatml'],
      says: 'expected a prompt that the chat template has not rendered yet, got one that begins as it does; score rendered text with --template none',
    },
    {
      what: 'a system message for which a text has no place',
      row: { rules: 'a', prompt: 'b', response: 'c' },
      args: ['--system', 'rules'],
      says: 'expected messages, or a chat template, beside rules (--system), got the text prompt, which has no place for it',
    },
  ];
  for (const { what, row, args, says } of cases) {
    test(what, async () => {
      const file = writeFile(directory, `${++made}.jsonl`, lines(row, { text: 'good' }));
      const output = `${file}.out`;
      for (const more of [['-o', output], ['--shard', '2/2', '-o', output], ['--dry-run']]) {
        const { code, stderr, stdout } = await rewardScore(['-q', '-j', '1', '-m', fixture, ...args, ...more, file]);
        assert.deepEqual([code, stderr, stdout], [2, `reward-score: ${file}:1: ${says}\n`, '']);
      }
      assert.ok(!existsSync(output));
    });
    test(`${what}: in a later row, a bad row`, async () => {
      const good = args.includes('--response') || args.includes('--system') ? {} : { text: 'good' };
      const first = { ...good, prompt: 'p', response: 'r', reply: 'r', rules: '' };
      const rows = good.text === undefined ? lines(first, row) : lines(good, row);
      const { rows: output } = await scored(['-q', '-m', fixture, ...args], rows);
      const { reward, reward_error: error } = output[1] as {
        reward: unknown;
        reward_error?: { code: string; message: string };
      };
      if (what === 'a prompt that is rendered') assert.equal(typeof reward, 'number');
      else assert.deepEqual(error, { code: 'BAD_ROW', message: says });
    });
  }

  test('before the model is prepared, which may take minutes', async () => {
    const row = writeFile(directory, `${++made}.jsonl`, lines({ text: 'a', prompt: 'b', response: 'c', label: 1 }));
    for (const command of [['score'], ['eval'], ['explain'], ['score', '--output-dir', join(directory, `${++made}`)]]) {
      const cache = join(directory, `cache-${++made}`);
      const run = (...files: string[]) =>
        rewardScore([...command, '-q', '-j', '1', '-m', fixture, ...files], { env: { REWARD_SCORE_CACHE: cache } });
      const { code, stderr } = await run(row);
      assert.match(stderr, /:1: expected a text, or prompt and response, got both/);
      assert.equal(code, 2);
      assert.ok(!existsSync(join(cache, 'prepared')), command.join(' '));
      await run(writeFile(directory, `${++made}.jsonl`, lines({ text: 'a', label: 1 })));
      assert.ok(existsSync(join(cache, 'prepared')), command.join(' '));
    }
  });

  test('columns that contradict each other', async () => {
    const { code, stderr } = await rewardScore(['-q', '-m', fixture, '--from', 'csv'], {
      stdin: 'text,prompt,response\na,b,c\n',
    });
    assert.deepEqual([code, stderr.includes('expected a text, or prompt and response, got both')], [2, true]);
  });

  test('messages, where neither the model nor the user has a template', async () => {
    // A decoder whose family has no usual layout.
    const model = modelWith({});
    const config = join(model, 'config.json');
    assert.ok(existsSync(config));
    const { code, stderr } = await rewardScore(['-q', '-m', model, '--template', 'model'], {
      stdin: lines({ messages: [user('a')] }),
    });
    assert.deepEqual([code, stderr.includes('expected a chat template for --template model, found none')], [2, true]);
  });
});

describe('roles', { concurrency: 2 }, () => {
  const bad = async (row: object, args: readonly string[]) => {
    const { rows } = await scored(['-q', '-m', fixture, ...args], lines({ text: 'good' }, row));
    return (rows[1] as { reward_error?: { message: string } }).reward_error?.message;
  };

  test('of a name that a chat template does not know', async () => {
    const message = await bad({ messages: [user('a'), { role: 'Anna', content: 'b' }] }, ['--template', 'chatml']);
    assert.match(message ?? '', /^expected speakers that a chat template knows \(.*human.*\), got "Anna" in messages$/);
  });

  test('the last message is to be the assistant’s under a chat template', async () => {
    const row = { messages: [assistant('a'), user('b')] };
    assert.match(
      (await bad(row, ['--template', 'chatml'])) ?? '',
      /^expected the last message to be the assistant's \(--last-speaker\), got one of "user"$/,
    );
    assert.equal(await bad(row, ['--template', 'chatml', '--last-speaker', 'any']), undefined);
    assert.equal(await bad(row, []), undefined);
    assert.match((await bad(row, ['--last-speaker', 'assistant'])) ?? '', /--last-speaker/);
  });

  test('a call of a tool passes to a Jinja template alone', async () => {
    const call = { role: 'assistant', content: null, tool_calls: [{ function: { name: 'look_up' } }] };
    const row = {
      messages: [user('a'), call, { role: 'tool', content: '7' }, assistant('b')],
      tools: [{ name: 'look_up' }],
    };
    const jinja = writeFile(
      directory,
      'tools.jinja',
      '{{ tools[0].name }}{% for m in messages %}{{ m.role }}{% if m.tool_calls %}{{ m.tool_calls[0].function.name }}{% else %}{{ m.content }}{% endif %};{% endfor %}',
    );
    const { stdout } = await rewardScore(['-q', '-j', '1', '--to', 'scores', '-m', fixture, '--template', jinja], {
      stdin: lines(row, 'look_upusera;assistantlook_up;tool7;assistantb;'),
    });
    const [one, other] = stdout.trimEnd().split('\n').map(Number) as [number, number];
    assert.ok(Math.abs(one - other) < 1e-5, stdout);
    assert.match((await bad(row, [])) ?? '', /a call of a tool, which only a Jinja template can write$/);
    assert.match((await bad(row, ['--template', 'chatml'])) ?? '', /a call of a tool|knows/);
  });

  test('an empty list is no call, and a function_call is one', async () => {
    const [call, none] = [
      { name: 'look_up', arguments: '{}' },
      { tool_calls: [], function_call: null },
    ];
    const says = 'expected messages of text in messages, got a call of a tool, which only a Jinja template can write';
    for (const args of [[], ['--template', 'chatml']]) {
      const { rows } = await scored(
        ['-q', '-m', fixture, ...args],
        lines(
          { messages: [user('a'), assistant('b')] },
          {
            messages: [
              { ...user('a'), ...none },
              { ...assistant('b'), ...none },
            ],
          },
        ),
      );
      const [plain, exported] = rows as { reward: number }[];
      assert.ok(Math.abs((plain?.reward as number) - (exported?.reward as number)) < 1e-5, JSON.stringify(rows));
      for (const content of ['x', null]) {
        const row = { messages: [user('a'), { role: 'assistant', content, function_call: call }, assistant('b')] };
        assert.equal(await bad(row, args), says);
      }
      assert.match(
        (await bad({ messages: [user('a'), { role: 'assistant', content: null, tool_calls: [] }] }, args)) ?? '',
        /^expected messages\[1\] to have a string content, /,
      );
    }
    const jinja = writeFile(
      directory,
      'functions.jinja',
      '{% for m in messages %}{{ m.function_call.name if m.function_call else m.content }};{% endfor %}',
    );
    const row = { messages: [user('a'), { role: 'assistant', content: null, function_call: call }, assistant('b')] };
    const { rows } = await scored(['-q', '-m', fixture, '--template', jinja], lines(row, { text: 'a;look_up;b;' }));
    const [one, other] = rows as { reward: number }[];
    assert.ok(Math.abs((one?.reward as number) - (other?.reward as number)) < 1e-5, JSON.stringify(rows));
  });

  test('parts of a content that are no text', async () => {
    const message = await bad({ messages: [{ role: 'user', content: [{ type: 'image', url: 'x' }] }] }, []);
    assert.equal(
      message,
      'expected part 0 of the content of messages[0] to be {"type":"text","text":…}, got {"type":"image","url":"x"}',
    );
  });
});

describe('notices and hints are counted', { concurrency: 2 }, () => {
  const rows = lines(
    { messages: [user('a')], response: 'b' },
    { messages: [{ speaker: 'User', text: 'a' }], response: 'b' },
    { messages: [user('a')] },
    { messages: [user('a'), assistant('b')], system: 'Be kind.' },
    { system: 'Be kind.', prompt: 'a ', response: 'b' },
  );

  test('a text that ends with the pad token', async () => {
    const { summary } = await scored(['-q', '-m', fixture], lines({ text: 'a<|endoftext|>' }, { text: 'a' }));
    assert.deepEqual(summary?.hints, { PAD_AT_END: 1 });
  });

  test('in the summary and at the end', async () => {
    const { summary, stderr, code } = await scored(['-m', fixture], rows);
    assert.equal(code, 0);
    assert.deepEqual(summary?.notices, { NAME_DERIVED: 1, ENDS_WITH_USER: 1 });
    assert.deepEqual(summary?.hints, { SYSTEM_UNREAD: 2 });
    assert.match(stderr, /notice: 1 row: the last message/);
    assert.match(stderr, /hint: 2 rows: the row has a system message/);
  });

  test('a notice makes a bad row under --strict, a hint does not', async () => {
    const { rows: output, code } = await scored(['-q', '--strict', '-m', fixture], rows);
    assert.equal(code, 3);
    const failed = output.map((row) => 'reward_error' in (row as object));
    assert.deepEqual(failed, [true, false, true, false, false]);
  });

  test('a rendered prompt in a later row is a message, and counted', async () => {
    const rendered = { prompt: '<|im_start|>user\na', response: 'b' };
    const { summary } = await scored(
      ['-q', '-m', fixture, '--template', 'chatml'],
      lines({ prompt: 'a', response: 'b' }, rendered),
    );
    assert.deepEqual(summary?.notices, { PROMPT_RENDERED: 1 });
  });
});
