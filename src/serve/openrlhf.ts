/**
 * OpenRLHF's remote reward model, as its trainer calls one with --reward.remote_url: POST {query, prompts, labels}
 * gives {rewards, scores, extra_logs}, a number for each query, which is prompt and response as one text. Its trainer
 * posts again up to five times after an error, and then continues without a reward.
 *
 * Source: github.com/OpenRLHF/OpenRLHF v0.11.0 (3c3be623): openrlhf/utils/agent.py, _fetch_rewards_via_http, the
 * client; openrlhf/cli/serve_rm.py, its own server. v0.9 joins `rewards` and `scores` of several servers
 * (experience_maker.py).
 */
import type { RowFailure } from '../rows/failure.js';
import { arrayElements, kindAt, memberValue, type Span } from '../rows/json-scanner.js';
import { documentOf } from './bodies.js';
import type { ReceivedBody } from './body-reader.js';
import { Lines } from './lines.js';
import { Refusal } from './refusal.js';

const NEWLINE = 0x0a;

/**
 * Reads the queries as JSON lines: a line that is a string is a text.
 *
 * @throws Refusal 400 where there are none, 413 or 429 where there are more than there is room for
 */
export function readQueries({ bytes, takeRow }: ReceivedBody): Buffer {
  const whole = documentOf(bytes);
  const query = kindAt(bytes, whole) === 'an object' ? memberValue(bytes, whole, 'query') : undefined;
  const kind = query === undefined ? 'nothing' : kindAt(bytes, query);
  if (kind !== 'an array') throw new Refusal(400, `expected {"query": [...]} with texts, got ${kind} there`);
  const lines = new Lines(bytes.length);
  let index = 0;
  for (const text of arrayElements(bytes, query as Span)) {
    const kindOfText = kindAt(bytes, text);
    if (kindOfText !== 'a string') throw new Refusal(400, `expected query[${index}] to be a string, got ${kindOfText}`);
    takeRow();
    lines.add(bytes.subarray(text.start, text.end));
    index++;
  }
  return lines.bytes;
}

/**
 * Reads the rewards from the queries' records.
 *
 * @throws Refusal 422 where a query has no reward: none is made up for it
 */
export function rewardsOf(records: readonly Buffer[], rewardField: string): number[] {
  const rewards: number[] = [];
  for (const record of records.flatMap(linesOf)) {
    const member = (name: string): unknown => {
      const value = memberValue(record, { start: 0, end: record.length }, name);
      return value && JSON.parse(record.subarray(value.start, value.end).toString('utf8'));
    };
    const reason = member('reward_error') as RowFailure | undefined;
    if (reason !== undefined) {
      const { code, message } = reason;
      const index = rewards.length;
      throw new Refusal(422, `query[${index}]: ${code}: ${message}`, { details: { code, index } });
    }
    rewards.push(member(rewardField) as number);
  }
  return rewards;
}

function linesOf(piece: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0; from < piece.length; ) {
    const end = piece.indexOf(NEWLINE, from) + 1 || piece.length;
    lines.push(piece.subarray(from, end));
    from = end;
  }
  return lines;
}
