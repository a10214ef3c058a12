/**
 * Which text each form of row is scored as. Nothing shows a row's text, so each row is scored beside the text it
 * should be: the rewards are equal if the row was read and rendered right. Texts one character away show that
 * they would not be equal otherwise.
 */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { authorOfResponse } from '../../dist/rows/kinds/speakers.js';
import { randomNumbers } from '../support/fault-runs.js';
import { jsonLines, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';

const directory = temporaryDirectory();

interface Case {
  readonly name: string;
  /** An object, or a line as it stands. */
  readonly row: object | string;
  /** What is scored, in the order the rewards are written. */
  readonly texts: readonly string[];
}

const row = (name: string, row: object | string, ...texts: string[]): Case => ({ name, row, texts });

type Output = Record<string, unknown>;

const rewardsOf = ({ reward, reward_chosen: chosen, reward_rejected: rejected }: Output): unknown[] =>
  [reward ?? [chosen, rejected]].flat();

/** Texts that a small mistake would make of `text`. */
const nearMisses = (text: string): string[] =>
  [text.slice(1), text.slice(0, -1), `${text}\n`, ` ${text}`].filter((near) => near !== '');

/** Scores the rows beside their texts. A bare string is scored as it is whatever the flags. */
async function check(cases: readonly Case[], args: readonly string[] = []): Promise<void> {
  const lines = cases.flatMap(({ row, texts }) => [
    typeof row === 'string' ? row : JSON.stringify(row),
    ...texts.flatMap((text) => [text, ...nearMisses(text)]).map((text) => JSON.stringify(text)),
  ]);
  const { code, stdout, stderr } = await rewardScore(['-q', '-j', '1', ...args], { stdin: `${lines.join('\n')}\n` });
  assert.equal(stderr, '');
  const output = jsonLines(stdout);
  assert.equal(output.length, lines.length);
  const problems: string[] = [];
  let at = 0;
  for (const { name, texts } of cases) {
    const got = output[at++] as Output;
    const expected = texts.map((text) => {
      const reward = output[at++]?.reward as number;
      for (const near of nearMisses(text)) {
        assert.notEqual(output[at++]?.reward, reward, `${JSON.stringify(near)} is scored as ${JSON.stringify(text)}`);
      }
      return reward;
    });
    const rewards = rewardsOf(got);
    const equal =
      rewards.length === expected.length &&
      expected.every((reward, i) => Math.abs(reward - (rewards[i] as number)) <= 1e-6);
    if (!equal)
      problems.push(`${name}: expected ${texts.map((text) => JSON.stringify(text))} in ${JSON.stringify(got)}`);
  }
  assert.deepEqual(problems, []);
  assert.equal(code, 0);
}

const user = (content: string) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });
const system = (content: string) => ({ role: 'system', content });
const said = (speaker: string, text: string) => ({ speaker, text });

const authors = ['role', 'speaker', 'name', 'from'];
const contents = ['content', 'text', 'message', 'value'];

describe('rows', { concurrency: 2 }, () => {
  test('texts', () =>
    check([
      row('text', { text: 'How are you?' }, 'How are you?'),
      row('input_text', { input_text: 'How are you?' }, 'How are you?'),
      row('text before input_text', { input_text: 'no', text: 'yes' }, 'yes'),
      row('text as it is', { text: '  user: Hi \r\n\n' }, '  user: Hi \r\n\n'),
      row('text with special tokens', { text: 'Hi<|endoftext|>Hello' }, 'Hi<|endoftext|>Hello'),
      row('text with escapes', '{"text":"caf\\u00e9 \\ud83d\\ude00 \\u0000"}', 'caf\u00e9 \ud83d\ude00 \u0000'),
      row('a bare string', '"How are you?"', 'How are you?'),
      row('a bare string with white space around it', ' \t"How are you?"  ', 'How are you?'),
      row('a bare string that looks like JSON', JSON.stringify('{"text":"no"}'), '{"text":"no"}'),
    ]));

  test('pairs', () =>
    check([
      row('whole texts', { chosen: 'H: Hi A: Yo', rejected: 'H: Hi A: No' }, 'H: Hi A: Yo', 'H: Hi A: No'),
      row('after a prompt', { prompt: 'Hi.', chosen: ' Yo', rejected: ' No' }, 'Hi. Yo', 'Hi. No'),
      row('after a string context', { context: 'Hi.', chosen: ' Yo', rejected: ' No' }, 'Hi. Yo', 'Hi. No'),
      row(
        'after messages',
        { messages: [user('Hi')], chosen: 'Yo', rejected: 'No' },
        'user: Hi\nassistant: Yo\n',
        'user: Hi\nassistant: No\n',
      ),
      row(
        'after a prompt of messages',
        { prompt: [user('Hi'), assistant('Yes?'), user('Tea')], chosen: 'Yo', rejected: 'No' },
        'user: Hi\nassistant: Yes?\nuser: Tea\nassistant: Yo\n',
        'user: Hi\nassistant: Yes?\nuser: Tea\nassistant: No\n',
      ),
      row(
        'whole conversations',
        { chosen: [user('Hi'), assistant('Yo')], rejected: [user('Hi'), assistant('No')] },
        'user: Hi\nassistant: Yo\n',
        'user: Hi\nassistant: No\n',
      ),
      row(
        'messages that repeat a prompt of messages',
        { prompt: [user('Hi')], chosen: [user('Hi'), assistant('Yo')], rejected: [user('Hi'), assistant('No')] },
        'user: Hi\nassistant: Yo\n',
        'user: Hi\nassistant: No\n',
      ),
      row(
        'messages that do not repeat the prompt',
        { prompt: [user('Hi')], chosen: [assistant('Yo')], rejected: [assistant('No')] },
        'user: Hi\nassistant: Yo\n',
        'user: Hi\nassistant: No\n',
      ),
      row(
        'messages that repeat a string prompt',
        { prompt: 'Hi', chosen: [user('Hi'), assistant('Yo')], rejected: [user('Hi'), assistant('No')] },
        'user: Hi\nassistant: Yo\n',
        'user: Hi\nassistant: No\n',
      ),
    ]));

  test('candidates', () =>
    check([
      row('candidates', { prompt: 'Hi.', candidates: [' Yo', ' No'] }, 'Hi. Yo', 'Hi. No'),
      row('responses', { prompt: 'Hi.', responses: [' Yo', ' No'] }, 'Hi. Yo', 'Hi. No'),
      row('completions', { prompt: 'Hi.', completions: [' Yo', ' No'] }, 'Hi. Yo', 'Hi. No'),
      row('one candidate', { prompt: 'Hi.', candidates: [' Yo'] }, 'Hi. Yo'),
      row(
        'objects',
        { prompt: 'Hi.', candidates: [{ text: ' A1' }, { content: ' B2', id: 7 }, { response: ' C3' }, ' D4'] },
        'Hi. A1',
        'Hi. B2',
        'Hi. C3',
        'Hi. D4',
      ),
      row('after a string context', { context: 'Hi.', candidates: [' Yo', ' No'] }, 'Hi. Yo', 'Hi. No'),
      row(
        'after messages',
        { messages: [user('Hi')], candidates: ['Yo', { content: 'No', role: 'assistant' }] },
        'user: Hi\nassistant: Yo\n',
        'user: Hi\nassistant: No\n',
      ),
      row(
        'after context messages, by the bot of that name',
        { context: [said('Anna', 'Hi')], bot_name: 'Eliza', responses: ['Yo', 'No'] },
        'Anna: Hi\nEliza: Yo\n',
        'Anna: Hi\nEliza: No\n',
      ),
      row(
        'messages that repeat the prompt',
        { prompt: [user('Hi')], candidates: [[user('Hi'), assistant('Yo')], [assistant('No')]] },
        'user: Hi\nassistant: Yo\n',
        'user: Hi\nassistant: No\n',
      ),
    ]));

  test('prompt and response', () =>
    check([
      row('with nothing between', { prompt: 'User: Hi\nBot:', response: 'Yo' }, 'User: Hi\nBot:Yo'),
      row('completion', { prompt: 'Hi.', completion: ' Yo' }, 'Hi. Yo'),
      row('a string context', { context: 'Hi.', response: ' Yo' }, 'Hi. Yo'),
      row('white space stays', { prompt: ' Hi ', response: '\n Yo\n ' }, ' Hi \n Yo\n '),
      row('an empty prompt', { prompt: '', response: 'Yo' }, 'Yo'),
      row('bot_name names nobody in a text', { prompt: 'Hi.', response: ' Yo', bot_name: 'Eliza' }, 'Hi. Yo'),
      row(
        'a response in messages that repeat the prompt',
        { prompt: 'Hi', response: [user('Hi'), assistant('Yo')] },
        'user: Hi\nassistant: Yo\n',
      ),
    ]));

  test('messages', () =>
    check([
      ...authors.flatMap((author) =>
        contents.flatMap((content) => {
          const messages = [
            { [author]: 'Anna', [content]: 'Hi there' },
            { [author]: 'Eliza', [content]: 'Hello' },
          ];
          const names = `${author} and ${content}`;
          return [
            row(names, { messages }, 'Anna: Hi there\nEliza: Hello\n'),
            row(`${names}, answered`, { messages, response: 'Tea?' }, 'Anna: Hi there\nEliza: Hello\nEliza: Tea?\n'),
          ];
        }),
      ),
      ...['messages', 'context', 'turns', 'conversation', 'conversations'].flatMap((field) => [
        row(field, { [field]: [user('Hi')] }, 'user: Hi\n'),
        row(`${field} with a response`, { [field]: [user('Hi')], response: 'Yo' }, 'user: Hi\nassistant: Yo\n'),
        row(`${field} with a completion`, { [field]: [user('Hi')], completion: 'Yo' }, 'user: Hi\nassistant: Yo\n'),
      ]),
      row('messages before the other names', { turns: [user('no')], messages: [user('yes')] }, 'user: yes\n'),
      row('a prompt that is an array', { prompt: [user('Hi'), assistant('Yo')] }, 'user: Hi\nassistant: Yo\n'),
      row('the same with a response', { prompt: [user('Hi')], response: 'Yo' }, 'user: Hi\nassistant: Yo\n'),
      row('system messages', { messages: [system('Be kind.'), user('Hi')] }, 'Be kind.\nuser: Hi\n'),
      row(
        'other fields of messages',
        { messages: [{ id: 1, role: 'user', content: 'Hi', name: 'Anna', weight: 0 }] },
        'user: Hi\n',
      ),
      row('contents as they are', { messages: [user(' Hi \n there ')] }, 'user:  Hi \n there \n'),
      row('an empty message before the last', { messages: [user(''), assistant('Yo')] }, 'user: \nassistant: Yo\n'),
      row(
        'a response in messages that repeat the context',
        { messages: [user('Hi'), user('Tea')], response: [user('Hi'), user('Tea'), assistant('Yo')] },
        'user: Hi\nuser: Tea\nassistant: Yo\n',
      ),
      row(
        'a response in messages alone',
        { messages: [user('Hi')], response: [assistant('Yo')] },
        'user: Hi\nassistant: Yo\n',
      ),
    ]));

  test('who answers', () =>
    check([
      row(
        "the counterpart of the user's name",
        { messages: [user('Hi')], response: 'Yo' },
        'user: Hi\nassistant: Yo\n',
      ),
      row('of human', { messages: [said('human', 'Hi')], response: 'Yo' }, 'human: Hi\ngpt: Yo\n'),
      row('of User', { messages: [said('User', 'Hi')], response: 'Yo' }, 'User: Hi\nBot: Yo\n'),
      row('of another name', { messages: [said('Anna', 'Hi')], response: 'Yo' }, 'Anna: Hi\nBot: Yo\n'),
      row('no messages at all', { messages: [], response: 'Yo' }, 'Bot: Yo\n'),
      row(
        'the last speaker known as an assistant',
        { messages: [user('Hi'), assistant('Yes?'), said('Narrator', 'Rain.'), user('Tea')], response: 'Yo' },
        'user: Hi\nassistant: Yes?\nNarrator: Rain.\nuser: Tea\nassistant: Yo\n',
      ),
      row(
        'even if it spoke last',
        { messages: [user('Hi'), said('ChatBot', 'Yes?')], response: 'Yo' },
        'user: Hi\nChatBot: Yes?\nChatBot: Yo\n',
      ),
      row(
        'else the last one who is not the user, as who is known',
        { messages: [said('Ann', 'Hi'), said('Customer', 'Hello'), said('Bea', 'Yes?')], response: 'Yo' },
        'Ann: Hi\nCustomer: Hello\nBea: Yes?\nBea: Yo\n',
      ),
      row(
        'or as who spoke first',
        { messages: [said('A', '1'), said('B', '2'), said('C', '3'), said('A', '4')], response: '5' },
        'A: 1\nB: 2\nC: 3\nA: 4\nC: 5\n',
      ),
      row(
        'who spoke first, and alone',
        { messages: [said('A', '1'), said('A', '2')], response: '3' },
        'A: 1\nA: 2\nBot: 3\n',
      ),
      row(
        'not the system',
        { messages: [system('Be kind.'), user('Hi')], response: 'Yo' },
        'Be kind.\nuser: Hi\nassistant: Yo\n',
      ),
      row(
        'after a system message',
        { messages: [user('Hi'), assistant('Yes?'), system('Be kind.')], response: 'Yo' },
        'user: Hi\nassistant: Yes?\nBe kind.\nassistant: Yo\n',
      ),
      row('bot_name', { messages: [user('Hi')], response: 'Yo', bot_name: 'Eliza' }, 'user: Hi\nEliza: Yo\n'),
      row(
        'bot_name before the other speaker',
        { messages: [said('Anna', 'Hi'), said('Bob', 'Yes?'), said('Anna', 'Tea')], response: 'Yo', bot_name: 'Eliza' },
        'Anna: Hi\nBob: Yes?\nAnna: Tea\nEliza: Yo\n',
      ),
    ]));

  test('the first form that is there', () => {
    const messages = [user('M')];
    const all = { chosen: 'C', rejected: 'R', candidates: ['X'], prompt: 'P', response: 'S', messages };
    const without = (...names: string[]) =>
      Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name)));
    return check([
      row('text before messages', { text: 'T!', messages }, 'T!'),
      row('a pair', all, 'PC', 'PR'),
      row('then candidates', without('chosen'), 'PX'),
      row('then prompt and response', without('rejected', 'candidates'), 'PS'),
      row('then messages and response', without('chosen', 'candidates', 'prompt'), 'user: M\nassistant: S\n'),
      row('then messages', { ...without('chosen', 'candidates', 'response') }, 'user: M\n'),
      row(
        'the order in the row does not count',
        '{"candidates":["X"],"prompt":"P","rejected":"R","chosen":"C"}',
        'PC',
        'PR',
      ),
      row('null is not there', { text: null, prompt: 'P', response: 'S' }, 'PS'),
      row('messages before a string context', { context: 'no', messages, response: 'S' }, 'user: M\nassistant: S\n'),
      row('a string context is no messages', { context: 'no', turns: messages }, 'user: M\n'),
    ]);
  });

  test('--text, with a path', () =>
    check(
      [
        row('reaches into objects', { data: { body: 'Hello' } }, 'Hello'),
        row('the exact name wins', { data: { body: 'no' }, 'data.body': 'Hello' }, 'Hello'),
        row('before text', { text: 'no', data: { body: 'Hello' } }, 'Hello'),
        row('before every form', { chosen: 'no', rejected: 'no', data: { body: 'Hello' } }, 'Hello'),
      ],
      ['--text', 'data.body'],
    ));

  test('--prompt and --response', () =>
    check(
      [
        row('joined', { question: 'Hi.', meta: { best: { answer: ' Yo' } } }, 'Hi. Yo'),
        row('before text', { text: 'no', question: 'Hi.', meta: { best: { answer: ' Yo' } } }, 'Hi. Yo'),
        row(
          'before prompt and response',
          { prompt: 'no', response: 'no', question: 'Hi.', meta: { best: { answer: ' Yo' } } },
          'Hi. Yo',
        ),
        row('--prompt as messages', { question: [user('Hi')], 'meta.best.answer': 'Yo' }, 'user: Hi\nassistant: Yo\n'),
      ],
      ['--prompt', 'question', '--response', 'meta.best.answer'],
    ));

  test('--prompt alone', () =>
    check(
      [
        row('with candidates', { question: 'Hi.', candidates: [' Yo', ' No'] }, 'Hi. Yo', 'Hi. No'),
        row('with a pair', { question: 'Hi.', chosen: ' Yo', rejected: ' No' }, 'Hi. Yo', 'Hi. No'),
      ],
      ['--prompt', 'question'],
    ));

  test('--response alone', () =>
    check(
      [row('after messages', { messages: [user('Hi')], meta: { best: 'Yo' } }, 'user: Hi\nassistant: Yo\n')],
      ['--response', 'meta.best'],
    ));

  test('--messages', () =>
    check(
      [
        row('alone', { chat: { log: [user('Hi')] } }, 'user: Hi\n'),
        row('with a response', { chat: { log: [user('Hi')] }, response: 'Yo' }, 'user: Hi\nassistant: Yo\n'),
        row('with candidates', { chat: { log: [user('Hi')] }, candidates: ['Yo'] }, 'user: Hi\nassistant: Yo\n'),
        row('before messages', { messages: [user('no')], chat: { log: [user('Hi')] } }, 'user: Hi\n'),
        row(
          'before a prompt',
          { prompt: 'no', chat: { log: [user('Hi')] }, response: 'Yo' },
          'user: Hi\nassistant: Yo\n',
        ),
      ],
      ['--messages', 'chat.log'],
    ));

  test('--candidates', () =>
    check(
      [
        row('candidates', { prompt: 'Hi.', out: { samples: [' Yo', { text: ' No' }] } }, 'Hi. Yo', 'Hi. No'),
        row('before candidates', { prompt: 'Hi.', candidates: ['no'], out: { samples: [' Yo'] } }, 'Hi. Yo'),
      ],
      ['--candidates', 'out.samples'],
    ));

  test('--chosen and --rejected', () =>
    check(
      [
        row('a pair', { good: 'Yo!', 'worst.text': 'No!' }, 'Yo!', 'No!'),
        row('a pair after a prompt', { prompt: 'Hi.', good: ' Yo', worst: { text: ' No' } }, 'Hi. Yo', 'Hi. No'),
      ],
      ['--chosen', 'good', '--rejected', 'worst.text'],
    ));

  const chat = [system('Be kind.'), user('Hi'), assistant('Yes?'), user('Tea')];

  test('--template chai', () =>
    check(
      [
        row('messages', { messages: chat }, 'Be kind.\nuser: Hi\nassistant: Yes?\nuser: Tea\n'),
        row(
          'a response',
          { messages: chat, response: 'Yo' },
          'Be kind.\nuser: Hi\nassistant: Yes?\nuser: Tea\nassistant: Yo\n',
        ),
        row('a string prompt is text', { prompt: 'Hi', response: 'Yo' }, 'HiYo'),
        row('a string context too', { context: 'Hi', response: 'Yo', bot_name: 'Eliza' }, 'HiYo'),
        row('candidates', { prompt: 'Hi', candidates: ['Yo', 'No'] }, 'HiYo', 'HiNo'),
        row('a pair', { prompt: 'Hi', chosen: 'Yo', rejected: 'No' }, 'HiYo', 'HiNo'),
        row('a pair of texts', { chosen: 'Yo!', rejected: 'No!' }, 'Yo!', 'No!'),
        row('a text', { text: 'Hello' }, 'Hello'),
      ],
      ['--template', 'chai'],
    ));

  test('--template dialogrpt', () =>
    check(
      [
        row('messages', { messages: chat }, 'Be kind.<|endoftext|>Hi<|endoftext|>Yes?<|endoftext|>Tea'),
        row('a response', { messages: [user('Hi')], response: 'Yo' }, 'Hi<|endoftext|>Yo'),
        row('a string prompt is text', { prompt: 'Hi', response: 'Yo' }, 'HiYo'),
        row(
          'candidates',
          { messages: [user('Hi')], candidates: ['Yo', 'No'] },
          'Hi<|endoftext|>Yo',
          'Hi<|endoftext|>No',
        ),
        row('one message', { messages: [user('Hello')] }, 'Hello'),
      ],
      ['--template', 'dialogrpt'],
    ));

  test('--template chatml', () =>
    check(
      [
        row(
          'messages',
          { messages: chat },
          '<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n' +
            '<|im_start|>assistant\nYes?<|im_end|>\n<|im_start|>user\nTea',
        ),
        row(
          'a response',
          { messages: [user('Hi'), assistant('Yes?'), user('Tea')], response: 'Yo' },
          '<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nYes?<|im_end|>\n' +
            '<|im_start|>user\nTea<|im_end|>\n<|im_start|>assistant\nYo',
        ),
        row(
          'a string prompt is the user, and the response the assistant',
          { prompt: 'Hi', response: 'Yo', bot_name: 'Eliza' },
          '<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nYo',
        ),
        row(
          'names are roles',
          {
            conversations: [
              { from: 'Human', value: 'Hi' },
              { from: 'GPT', value: 'Yo' },
            ],
          },
          '<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nYo',
        ),
        row(
          'the bot of that name is the assistant',
          { messages: [user('Hi'), said('Eliza', 'Yo')], bot_name: 'Eliza' },
          '<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nYo',
        ),
        row(
          'a system message beside a prompt',
          { system: 'Be kind.', prompt: 'Hi', response: 'Yo' },
          '<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nYo',
        ),
      ],
      ['--template', 'chatml', '--last-speaker', 'any'],
    ));

  const jinja = [
    '{{ bos_token }}',
    '{% for message in messages %}',
    "  {% if message.role == 'system' %}",
    '{{ raise_exception("no system") }}',
    '  {% endif %}',
    '[{{ message["role"] }}] {{ message.content }}',
    '{% endfor %}',
    '{% if add_generation_prompt %}[assistant]{% endif %}',
    '{{ eos_token }}!',
  ].join('\n');
  const eos = '<|endoftext|>';
  const jinjaCases = [
    row('messages', { turns: [said('user', 'Hi'), said('bot', 'Yo')] }, `${eos}\n[user] Hi\n[assistant] Yo\n${eos}!`),
    row(
      'the response is the assistant',
      { messages: [user('Hi')], response: 'Yo', bot_name: 'Eliza' },
      `${eos}\n[user] Hi\n[assistant] Yo\n${eos}!`,
    ),
    row('a string prompt is the user', { prompt: 'Hi', response: 'Yo' }, `${eos}\n[user] Hi\n[assistant] Yo\n${eos}!`),
    row(
      'candidates',
      { messages: [user('Hi')], candidates: ['Yo', [said('gpt', 'No')]] },
      `${eos}\n[user] Hi\n[assistant] Yo\n${eos}!`,
      `${eos}\n[user] Hi\n[assistant] No\n${eos}!`,
    ),
    row('a text', { text: 'Hello' }, 'Hello'),
  ];

  test('--template with a Jinja file', () =>
    check(jinjaCases, ['--template', writeFile(directory, 'chat.jinja', jinja)]));

  const fixture = join(root, 'fixtures/tiny-gpt2');
  /** A copy of the small model whose tokenizer has a chat template. */
  function modelWith(name: string, template: unknown, file?: string): string {
    const model = join(directory, name);
    cpSync(fixture, model, { recursive: true });
    const path = join(model, 'tokenizer_config.json');
    const config = JSON.parse(readFileSync(path, 'utf8')) as object;
    if (template !== undefined) writeFileSync(path, JSON.stringify({ ...config, chat_template: template }));
    if (file !== undefined) writeFileSync(join(model, 'chat_template.jinja'), file);
    return model;
  }

  test('--template model: a string in tokenizer_config.json', () =>
    check(jinjaCases, ['-m', modelWith('string', jinja), '--template', 'model']));

  test('--template model: the one named default', () =>
    check(jinjaCases, [
      ...[
        '-m',
        modelWith('list', [
          { name: 'tool_use', template: 'no' },
          { name: 'default', template: jinja },
        ]),
      ],
      ...['--template', 'model'],
    ]));

  test('--template model: chat_template.jinja', () =>
    check(jinjaCases, ['-m', modelWith('file', undefined, jinja), '--template', 'model']));

  test("--template model: the other tokenizer's", () =>
    check(jinjaCases, [
      ...['-m', modelWith('own', 'no'), '--tokenizer', modelWith('other', jinja), '--template', 'model'],
    ]));

  test('other names of a prompt and its response', () =>
    check([
      row('question and answer', { question: 'Hi.', answer: ' Yo' }, 'Hi. Yo'),
      row('instruction and output', { instruction: 'Add.', input: '', output: ' Yo' }, 'Add. Yo'),
      row('instruction with input', { instruction: 'Add.', input: '1 2', output: ' 3' }, 'Add.\n\n1 2 3'),
      row('query and response', { query: 'Hi.', response: ' Yo' }, 'Hi. Yo'),
      row('a question with a pair', { question: 'Hi.', chosen: ' Yo', rejected: ' No' }, 'Hi. Yo', 'Hi. No'),
      row('a question with candidates', { question: 'Hi.', candidates: [' Yo'] }, 'Hi. Yo'),
      row('an answer beside candidates', { question: 'Hi.', answer: 'no', candidates: [' Yo'] }, 'Hi. Yo'),
      row('a prompt wins', { prompt: 'Hi.', question: 'no', response: ' Yo' }, 'Hi. Yo'),
      row('messages win', { messages: [user('Hi')], question: 'no', response: 'Yo' }, 'user: Hi\nassistant: Yo\n'),
    ]));

  test('contents in parts, and messages as JSON', () =>
    check([
      row(
        'parts are joined by newlines',
        {
          messages: [
            user('Hi'),
            {
              role: 'assistant',
              content: [
                { type: 'text', text: 'a' },
                { type: 'text', text: 'b' },
              ],
            },
          ],
        },
        'user: Hi\nassistant: a\nb\n',
      ),
      row(
        'messages in a string',
        { messages: JSON.stringify([user('Hi'), assistant('Yo')]) },
        'user: Hi\nassistant: Yo\n',
      ),
      row('and a response', { messages: JSON.stringify([user('Hi')]), response: 'Yo' }, 'user: Hi\nassistant: Yo\n'),
    ]));

  test('--bot-name and --user-name', () =>
    check(
      [
        row('the author of a response', { messages: [said('Anna', 'Hi')], response: 'Yo' }, 'Anna: Hi\nEliza: Yo\n'),
        row(
          'bot_name wins',
          { messages: [said('Anna', 'Hi')], response: 'Yo', bot_name: 'Max' },
          'Anna: Hi\nMax: Yo\n',
        ),
        row('messages without an author', { messages: [{ content: 'Hi' }], response: 'Yo' }, 'Bea: Hi\nEliza: Yo\n'),
        row(
          'a string prompt before messages',
          { prompt: 'Hi', response: [said('Eliza', 'Yo')] },
          'Bea: Hi\nEliza: Yo\n',
        ),
      ],
      ['--bot-name', 'Eliza', '--user-name', 'Bea'],
    ));

  test('--system', () =>
    check(
      [
        row(
          'before messages',
          { rules: 'Be kind.', messages: [user('Hi')], response: 'Yo' },
          'Be kind.\nuser: Hi\nassistant: Yo\n',
        ),
        row(
          'that is there already',
          { rules: 'Be kind.', messages: [system('Be kind.'), user('Hi')] },
          'Be kind.\nuser: Hi\n',
        ),
      ],
      ['--system', 'rules'],
    ));

  test('a conversation has one text, whichever way its reply is written', async () => {
    // Names that are known, in part known and unknown; the last author is the one that follows from the others.
    const names = [
      ['user', 'assistant'],
      ['Human', 'GPT'],
      ['customer', 'Ann', 'bot'],
      ['Ann', 'Bea'],
      ['system', 'user', 'Max', 'assistant'],
    ];
    const random = randomNumbers(7);
    const rows: object[] = [];
    for (let i = 0; i < 60; i++) {
      const speakers = names[i % names.length] as string[];
      const turns = Array.from({ length: 1 + Math.floor(random() * 5) }, (_, turn) =>
        said(
          turn < speakers.length
            ? (speakers[turn] as string)
            : (speakers[Math.floor(random() * speakers.length)] as string),
          `t${turn}`,
        ),
      );
      const { name } = authorOfResponse(turns.map(({ speaker }) => speaker));
      const reply = `reply ${i}`;
      rows.push(
        { messages: [...turns, said(name, reply)] },
        { messages: turns, response: reply },
        { messages: turns, candidates: [reply] },
      );
    }
    const { stdout, code } = await rewardScore(['-q', '-j', '1', '--to', 'scores'], {
      stdin: rows.map((line) => `${JSON.stringify(line)}\n`).join(''),
    });
    assert.equal(code, 0);
    const rewards = stdout
      .trimEnd()
      .split('\n')
      .map((line) => [JSON.parse(line)].flat()[0] as number);
    for (let i = 0; i < rewards.length; i += 3) {
      for (const other of [1, 2])
        assert.ok(Math.abs((rewards[i] as number) - (rewards[i + other] as number)) <= 1e-5, JSON.stringify(rows[i]));
    }
    assert.ok(new Set(rewards.map((reward) => reward.toFixed(4))).size > 40);
  });

  test('a Jinja template has the special tokens that the tokenizer names, and None for the tools of a row without', () => {
    const template =
      '{{ unk_token }}{{ pad_token }}{{ mask_token is defined }}{{ tools is none }} {{ messages[0].content }}';
    const text = `${eos}${eos}FalseTrue Hi`;
    return check(
      [row('messages', { messages: [user('Hi'), assistant('Yo')] }, text)],
      ['--template', writeFile(directory, 'tokens.jinja', template)],
    );
  });

  test('the summary counts rows by form', async () => {
    const rows = [
      ...['{"text":"a"}', '"b"', '{"input_text":"c"}', '{"chosen":"d","rejected":"e"}'],
      ...['{"prompt":"f","candidates":["g","h"]}', '{"prompt":"i","candidates":["j"]}'],
      ...['{"prompt":"k","response":"l"}', '{"messages":[{"role":"user","content":"m"}]}', 'nonsense'],
    ];
    const path = join(directory, 'summary.json');
    const { code } = await rewardScore(['-q', '-j', '1', '--summary', path], { stdin: rows.join('\n') });
    assert.equal(code, 3);
    const { forms } = JSON.parse(readFileSync(path, 'utf8')) as { forms: object };
    assert.deepEqual(forms, { text: 3, pair: 1, candidates: 2, response: 1, messages: 1 });
  });
});

/** A cell as CSV quotes it. */
const cell = (value: string): string => `"${value.replaceAll('"', '""')}"`;

describe('rows of CSV', { concurrency: 2 }, () => {
  const json = (value: unknown): string => cell(JSON.stringify(value));
  const tables: readonly {
    readonly name: string;
    readonly args?: string[];
    readonly csv: string[];
    readonly texts: string[][];
  }[] = [
    { name: 'text', csv: ['id,text', '1,How are you?', '2,"a ""b""\nc"'], texts: [['How are you?'], ['a "b"\nc']] },
    { name: 'names without case and outer spaces', csv: ['id, TeXt ', '1,Hello'], texts: [['Hello']] },
    { name: 'quoted names', csv: ['"id","text"', '"1","Hello"'], texts: [['Hello']] },
    { name: 'prompt and response', csv: ['Prompt,Response', 'Hi., Yo'], texts: [['Hi. Yo']] },
    { name: 'a pair', csv: ['chosen,rejected,prompt', ' Yo, No,Hi.'], texts: [['Hi. Yo', 'Hi. No']] },
    {
      name: 'candidates',
      csv: ['prompt,candidates', `Hi.,${json([' Yo', { text: ' No' }])}`],
      texts: [['Hi. Yo', 'Hi. No']],
    },
    {
      name: 'messages and who answers',
      csv: ['messages,response,Bot_Name', `${json([user('Hi')])},Yo,Eliza`, `${json([user('Hi')])},Yo,`],
      texts: [['user: Hi\nEliza: Yo\n'], ['user: Hi\nassistant: Yo\n']],
    },
    {
      name: 'a context is messages or a text',
      csv: ['context,response', `${json([user('Hi')])},Yo`, 'Hi., Yo', '[laughs], Yo'],
      texts: [['user: Hi\nassistant: Yo\n'], ['Hi. Yo'], ['[laughs] Yo']],
    },
    { name: 'a context alone is messages', csv: ['context', json([user('Hi')])], texts: [['user: Hi\n']] },
    {
      name: 'columns that are not read need not be JSON',
      csv: ['conversation,turns,text', 'a-17,,Hello'],
      texts: [['Hello']],
    },
    {
      name: 'flags',
      args: ['--prompt', ' QUESTION', '--response', 'best.answer'],
      csv: ['text,Question,best.answer', 'no,Hi., Yo'],
      texts: [['Hi. Yo']],
    },
    {
      name: '--template',
      args: ['--template', 'chatml'],
      csv: ['prompt,response', 'Hi,Yo'],
      texts: [['<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nYo']],
    },
    { name: 'a semicolon', args: ['--delimiter', ';'], csv: ['id;text', '1;"a;b"'], texts: [['a;b']] },
    {
      name: 'TSV',
      args: ['--from', 'tsv'],
      csv: ['id\ttext', '1\tHello, you', '2\t"a\tb"'],
      texts: [['Hello, you'], ['a\tb']],
    },
  ];
  const texts = [...new Set(tables.flatMap(({ texts }) => texts.flat()))];
  const scored = rewardScore(['-q', '-j', '1', '--to', 'scores'], {
    stdin: texts.map((text) => `${JSON.stringify(text)}\n`).join(''),
  });

  for (const { name, args = [], csv, texts: expected } of tables) {
    test(name, async () => {
      const rewards = (await scored).stdout.trimEnd().split('\n').map(Number);
      assert.equal(new Set(rewards).size, texts.length, 'two texts have one reward');
      const flags = args.includes('--from') ? args : ['--from', 'csv', ...args];
      const run = await rewardScore(['-q', '-j', '1', '--to', 'scores', ...flags], { stdin: `${csv.join('\n')}\n` });
      assert.equal(run.stderr, '');
      assert.equal(run.code, 0);
      const got = run.stdout
        .trimEnd()
        .split('\n')
        .map((line) => ([JSON.parse(line)].flat() as number[]).map((reward) => textOf(reward, rewards)));
      assert.deepEqual(got, expected);
    });
  }

  const textOf = (reward: number, rewards: readonly number[]): string | undefined =>
    texts[rewards.findIndex((other) => Math.abs(other - reward) <= 1e-6)];
});
