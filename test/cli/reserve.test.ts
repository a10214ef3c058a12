/** Prompts that leave room for a response (`--reserve`), against the values that transformers gave (test/oracle/README.md). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { loadRewardModel } from '../../dist/index.js';
import { readOracle } from '../support/oracle.js';
import { jsonLines, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';
import { makeSyntheticModel, readModelDescriptions } from '../support/synthetic-model.js';

interface Reference {
  readonly model: string;
  readonly settings: readonly { readonly maxLength: number; readonly reserve: number }[];
  /** `rewards[i]` under `settings[i]`, one for each of the row's texts. */
  readonly rows: readonly {
    readonly flags: readonly string[];
    readonly row: object;
    readonly rewards: readonly (readonly number[])[];
  }[];
}

/** For models of 16 dimensions: |difference| <= this x max(1, |reward|). */
const TOLERANCE = 1e-5;

const reference = readOracle<Reference>('reserve.json');
const directory = temporaryDirectory();
const model = join(directory, 'model');
const trimming = writeFile(
  directory,
  'trimming.jinja',
  '{% for message in messages %}[{{ message.role }}]{{ message.content | trim }}{% endfor %}[end]',
);

const input = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** Candidates after the longest of the conversations. */
const longest = reference.rows.findLast(({ row }) => 'candidates' in row) as Reference['rows'][number];

const farOff = (a: number, b: number): boolean => Math.abs(a - b) > TOLERANCE * Math.max(1, Math.abs(b));

before(async () => {
  const description = (await readModelDescriptions()).find(({ name }) => name === reference.model);
  assert.ok(description);
  await makeSyntheticModel(model, description);
});

describe('rewards equal the reference', () => {
  const flags = [...new Set(reference.rows.map((row) => row.flags.join(' ')))];
  for (const given of flags) {
    for (const [setting, { maxLength, reserve }] of reference.settings.entries()) {
      test(`--max-length ${maxLength} --reserve ${reserve} ${given}`, async () => {
        const cases = reference.rows.filter((row) => row.flags.join(' ') === given);
        const template = given.replace('--template ', '').replace('TRIMMING', trimming);
        await using scorer = await loadRewardModel(model, {
          workers: 1,
          maxLength,
          reserve,
          ...(template !== '' && { template }),
        });

        const results = await scorer.score(cases.map(({ row }) => row as Record<string, unknown>));

        const got = results.map((result) => [result.reward ?? []].flat() as number[]);
        for (const [i, { row, rewards }] of cases.entries()) {
          const expected = rewards[setting] as readonly number[];
          assert.equal(got[i]?.length, expected.length);
          const far = expected.some((reward, text) => farOff((got[i] as number[])[text] as number, reward));
          assert.ok(!far, `expected ${expected}, got ${got[i]} for ${JSON.stringify(row)}`);
        }
      });
    }
  }

  test('which are others than without, where a prompt is long', () => {
    const { rewards } = longest;
    assert.equal(new Set(rewards.map(String)).size, reference.settings.length);
  });
});

const longPrompt = `${'Anna: And then? Bot: And then the keeper went to sleep.\n'.repeat(40)}Bot: `;
const candidates = ['Yes.', 'No, he did not sleep at all.', 'Who knows? '.repeat(12)];

describe('a long prompt', () => {
  test('is computed once for its candidates', async () => {
    const summary = join(directory, 'summary.json');
    const row = input([{ prompt: longPrompt, candidates }]);
    const args = ['-m', model, '-q', '-j', '1', '--reserve', '64', '--summary', summary, '--details'];

    const { code, stdout } = await rewardScore(args, { stdin: row });

    assert.equal(code, 0);
    const [scored] = jsonLines(stdout) as [{ reward_tokens: number[]; reward_truncated: number[] }];
    const prompt = 256 - 64;
    assert.deepEqual(new Set(scored.reward_truncated).size, 1, 'all candidates see the same context');
    const { scoring, tokens, computedTokens } = JSON.parse(readFileSync(summary, 'utf8'));
    assert.equal(scoring.reserve, 64);
    assert.equal(
      tokens,
      scored.reward_tokens.reduce((sum, count) => sum + count, 0),
    );
    const own = scored.reward_tokens.reduce((sum, count) => sum + count - prompt, 0);
    assert.ok(computedTokens <= prompt + own + 64, `${computedTokens} tokens computed, ${prompt} + ${own} expected`);
  });

  test('gives a row the reward it has alone', async () => {
    const rows = candidates.map((response) => ({ prompt: longPrompt, response }));
    const flags = ['-m', model, '-q', '-j', '1', '--reserve', '64', '--to', 'scores'];
    const together = JSON.parse(
      (await rewardScore(flags, { stdin: input([{ prompt: longPrompt, candidates }]) })).stdout,
    );
    for (const [i, row] of rows.entries()) {
      const alone = Number((await rewardScore(flags, { stdin: input([row]) })).stdout);
      assert.ok(!farOff(together[i], alone), `${together[i]} together, ${alone} alone`);
    }
  });

  test('is cut for the library too', async () => {
    const { rewards, row } = longest;
    const [{ maxLength, reserve }] = reference.settings as [Reference['settings'][number]];
    await using scorer = await loadRewardModel(model, { workers: 1, maxLength, reserve });
    const [result] = await scorer.score([row as Record<string, unknown>]);
    assert.ok(result?.ok);
    assert.ok(!farOff([result.reward].flat()[0] as number, rewards[0]?.[0] as number));
  });
});

test('without --reserve, a prompt with more tokens than the text that it begins is not cut for them', async () => {
  const tiny = join(root, 'fixtures/tiny-gpt2');
  // "I", " l", "i", "k" alone; "I", " like" with the response.
  const stdin = input([{ prompt: 'I lik', response: 'e' }, { text: 'I like' }]);
  const { stdout } = await rewardScore(['-q', '-m', tiny, '--details', '--max-length', '2'], { stdin });
  const [joined, whole] = jsonLines(stdout);
  assert.deepEqual([joined?.reward_tokens, joined?.reward_truncated], [2, 0]);
  assert.equal(joined?.reward, whole?.reward);
});

describe('rows that have no prompt of their own', () => {
  const expected = {
    code: 'BAD_ROW',
    message: 'expected a prompt of its own (--reserve), got a whole text; give prompt and response, or messages',
  };

  test('are bad ones', async () => {
    const rows = ['a text', { text: 'a text' }, { chosen: 'one text', rejected: 'another' }];
    const { code, stdout } = await rewardScore(['-m', model, '-q', '--reserve', '64'], { stdin: input(rows) });
    assert.equal(code, 3);
    for (const { reward_error: error } of jsonLines(stdout)) assert.deepEqual(error, expected);
  });

  test('a single message has one: who speaks', async () => {
    const rows = [{ messages: [{ role: 'Bot', content: 'Hello there.' }] }];
    const { code, stderr } = await rewardScore(['-m', model, '-q', '--reserve', '64'], { stdin: input(rows) });
    assert.equal(code, 0, stderr);
  });

  test('a template that fails without its response is a bad row', async () => {
    const picky = writeFile(
      directory,
      'picky.jinja',
      "{% if messages[-1].content != 'Hi' %}{{ raise_exception('only Hi') }}{% endif %}{{ messages[-1].content }}",
    );
    const rows = [{ messages: [{ role: 'Bot', content: 'Hi' }] }];
    const flags = ['-m', model, '-q', '--template', picky];
    assert.equal((await rewardScore(flags, { stdin: input(rows) })).code, 0);
    const { code, stdout } = await rewardScore([...flags, '--reserve', '64'], { stdin: input(rows) });
    assert.equal(code, 3);
    const [row] = jsonLines(stdout) as [{ reward_error: { code: string } }];
    assert.equal(row.reward_error.code, 'TEMPLATE_ERROR');
  });
});
