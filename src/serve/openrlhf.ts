/**
 * OpenRLHF's remote reward model, as its trainer asks for one with --reward.remote_url: POST {query, prompts, labels} gives
 * {rewards, scores, extra_logs}, a number for each query, which is prompt and response as one text. Its trainer posts again
 * up to five times where an answer is no success, and goes on without a reward.
 *
 * Source: github.com/OpenRLHF/OpenRLHF v0.11.0 (3c3be623): openrlhf/utils/agent.py, _fetch_rewards_via_http, the client;
 * openrlhf/cli/serve_rm.py, its own server. v0.9 joins `rewards` and `scores` of several servers (experience_maker.py).
 */
import { typeInWords } from '../rows/describe-value.js';
import type { RowFailure } from '../rows/failure.js';
import { linesOf, parseJson } from './bodies.js';
import { Refusal } from './refusal.js';

/**
 * The queries as JSON lines: a line that is a string is a text.
 *
 * @throws Refusal 400 where there are none
 */
export function readQueries(body: Buffer): Buffer {
  const value = parseJson(body);
  const query = typeof value === 'object' && value !== null ? (value as { query?: unknown }).query : undefined;
  if (!Array.isArray(query))
    throw new Refusal(400, `expected {"query": [...]} with texts, got ${typeInWords(query)} there`);
  const wrong = query.findIndex((text) => typeof text !== 'string');
  if (wrong >= 0) throw new Refusal(400, `expected query[${wrong}] to be a string, got ${typeInWords(query[wrong])}`);
  return linesOf(query, (index) => `query[${index}]`);
}

/**
 * The rewards of queries' records.
 *
 * @throws Refusal 422 where one has none: no number is made up for it
 */
export function rewardsOf(records: Buffer, rewardField: string): number[] {
  const lines = records.toString('utf8').trimEnd();
  return (lines === '' ? [] : lines.split('\n')).map((line, index) => {
    const { [rewardField]: reward, reward_error: reason } = JSON.parse(line) as Record<string, unknown>;
    if (reason === undefined) return reward as number;
    const { code, message } = reason as RowFailure;
    throw new Refusal(422, `query[${index}]: ${code}: ${message}`, { details: { code, index } });
  });
}
