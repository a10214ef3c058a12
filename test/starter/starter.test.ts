/** The bundled model: it is there where none is named, its rewards are transformers', and they make sense. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadRewardModel } from '../../dist/index.js';
import { readOracle, texts } from '../support/oracle.js';
import { jsonLines, rewardScore, root, temporaryDirectory, writeFile } from '../support/run.js';

interface Pair {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly chosen: string;
  readonly rejected: string;
}

const starter = join(root, 'models/starter');
const directory = temporaryDirectory();
process.env.REWARD_SCORE_CACHE = join(root, '.test-build/cache');

const pairLines = readFileSync(join(root, 'test/starter/pairs.jsonl'), 'utf8');
const pairs = jsonLines(pairLines) as unknown as Pair[];
const toldAs = ({ messages }: Pair, name: string, reply: string): string =>
  `${messages.map(({ role, content }) => `${role}: ${content}\n`).join('')}${name}: ${reply}\n`;

/** Rewards of texts by the binary, no model named. */
async function rewardsOf(rows: readonly string[], ...flags: string[]): Promise<number[]> {
  const input = writeFile(directory, 'texts.jsonl', rows.map((text) => `${JSON.stringify({ text })}\n`).join(''));
  const { stdout, stderr, code } = await rewardScore(['-q', ...flags, input]);
  assert.equal(code, 0, stderr);
  return jsonLines(stdout).map(({ reward }) => reward as number);
}

describe('what comes with the package', () => {
  test('is at most 12 MB, of 3 to 5 million parameters', async () => {
    const bytes = readdirSync(starter).map((name) => statSync(join(starter, name)).size);
    assert.ok(bytes.reduce((a, b) => a + b) <= 12_000_000, String(bytes));
    const { stdout } = await rewardScore(['model', 'info', '--json']);
    const { parameters } = JSON.parse(stdout) as { parameters: number };
    assert.ok(parameters >= 3e6 && parameters <= 5e6, String(parameters));
  });

  test('says what it is and is not, and whose data it is made of', async () => {
    const { stdout, stderr } = await rewardScore(['model', 'info']);
    assert.equal(stderr, '');
    assert.match(stdout, /^name +starter$/m);
    assert.match(stdout, /^description +A starter: it knows relevance and fluency, not liking\./m);
    assert.match(stdout, /^licence +cdla-sharing-1\.0$/m);
    const card = readFileSync(join(starter, 'README.md'), 'utf8');
    for (const source of ['self_dialogue_corpus', 'Synthetic-Persona-Chat', 'Topical-Chat'])
      assert.ok(card.includes(source));
  });
});

describe('where no model is named', () => {
  const row = '{"prompt":"User: hi\\nBot:","response":" hello"}\n';

  test('it scores, and that is said once', async () => {
    const [silent, named] = [await rewardScore([], { stdin: row }), await rewardScore(['-m', starter], { stdin: row })];
    assert.equal(silent.stdout, named.stdout);
    assert.equal(silent.stderr.match(/no model named: using the bundled starter/g)?.length, 1);
    assert.doesNotMatch(named.stderr, /no model named/);
  });

  test('in the library, for model prepare and for model check too', async () => {
    const { stdout } = await rewardScore(['-q'], { stdin: row });
    const scored = writeFile(directory, 'scored.jsonl', stdout);
    const model = await loadRewardModel();
    const [result] = await model.score([JSON.parse(row)]);
    await model.close();
    assert.ok(result?.ok);
    assert.ok(Math.abs((result.reward as number) - (JSON.parse(stdout) as { reward: number }).reward) < 1e-5);
    assert.equal((await rewardScore(['model', 'prepare'])).code, 0);
    const check = await rewardScore(['model', 'check', '--against', scored]);
    assert.equal(check.code, 0, check.stderr);
    assert.match(check.stdout, /^all within 0\.0001$/m);
  });

  test('it is told that 8-bit integers are not near enough', async () => {
    const { code, stderr } = await rewardScore(['model', 'prepare', '--precision', 'int8']);
    assert.equal(code, 0);
    assert.match(stderr, /int8 is not as near to fp32 as it should be/);
  });

  test('--strict does not go on with it unasked', async () => {
    const { code, stdout } = await rewardScore(['--strict'], { stdin: row });
    assert.equal(code, 2);
    assert.equal(stdout, '');
  });
});

describe('its rewards', () => {
  const reference = readOracle<{ readonly sha256: string; readonly rewards: readonly number[] }>('starter.json');

  test('are those of transformers', async () => {
    const weights = readFileSync(join(starter, 'model.safetensors'));
    assert.equal(createHash('sha256').update(weights).digest('hex'), reference.sha256, 'test/oracle/make_starter.py');
    const told = pairs.flatMap((pair) => [pair.chosen, pair.rejected].map((reply) => toldAs(pair, 'bot', reply)));
    const all = [...texts.map(({ text }) => text), ...told];
    const got = await rewardsOf(all);
    assert.equal(reference.rewards.length, all.length);
    for (const [i, expected] of reference.rewards.entries()) {
      const difference = Math.abs((got[i] as number) - expected) / Math.max(1, Math.abs(expected));
      assert.ok(difference <= 1e-5, `${JSON.stringify(all[i])}: expected ${expected}, got ${got[i]}`);
    }
  });

  test('tell a fitting reply from one that is not, whoever speaks', async () => {
    for (const [user, bot] of [
      ['user', 'bot'],
      ['Anna', 'Tom'],
      ['Me', 'assistant'],
    ] as const) {
      const told = pairs.map((pair) => ({
        ...pair,
        messages: pair.messages.map(({ role, content }) => ({ role: role === 'user' ? user : bot, content })),
      }));
      const rewards = await rewardsOf(
        told.flatMap((pair) => [toldAs(pair, bot, pair.chosen), toldAs(pair, bot, pair.rejected)]),
      );
      const won = told.filter((_, i) => (rewards[2 * i] as number) > (rewards[2 * i + 1] as number));
      assert.ok(won.length >= 16, `${user} and ${bot}: ${won.length} of ${told.length}`);
    }
  });

  test("in the README's example too", () => {
    const shown = /<!-- output: score -->\n```jsonl\n([\s\S]*?)```/.exec(
      readFileSync(join(root, 'README.md'), 'utf8'),
    )?.[1];
    const [good, bad, , , pair] = jsonLines(shown as string);
    assert.ok((good?.reward as number) > (bad?.reward as number) + 1);
    assert.ok((pair?.reward_chosen as number) > (pair?.reward_rejected as number) + 1);
  });
});
