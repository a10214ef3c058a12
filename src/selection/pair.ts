/** The best and the worst candidate of a group as one record, in the form in which trainers read preferences. */
import { preview } from '../rows/describe-value.js';
import { failure, isFailure, type RowFailure } from '../rows/failure.js';
import { addedMessages, type Message, readMessages } from '../rows/kinds/conversation.js';
import { contextAndResponses } from '../rows/kinds/responses.js';
import type { NamedFields } from '../rows/kinds/roles.js';
import { chatRoleOf } from '../rows/kinds/speakers.js';
import { formatReward } from '../rows/results.js';
import type { SplicedMember } from '../rows/splice.js';
import type { Group, Member } from './group.js';
import type { RankedCandidate } from './rank.js';

/** Why a group gives no pair. */
export type PairlessReason = 'lone' | 'equalTexts' | 'equalRewards' | 'belowMinGap';

export interface Pair {
  /** The row of the best candidate, whose other fields the pair has. */
  readonly source: Member;
  readonly members: readonly SplicedMember[];
}

/** A prompt and one response to it: texts, or messages where they were read as messages. */
type Side =
  | { readonly prompt: string | undefined; readonly response: string }
  | { readonly prompt: readonly TrainerMessage[]; readonly response: readonly TrainerMessage[] };

interface TrainerMessage {
  readonly role: string;
  readonly content: string;
}

/**
 * @param group with a candidate that has a reward
 * @param isOneRow whether the group is a row of candidates
 * @returns the reason where there is none; a failure where a row's texts cannot be read
 */
export function pairOf(
  { members, ranked }: Group,
  isOneRow: boolean,
  minGap: number,
  fields: NamedFields,
): Pair | PairlessReason | { readonly member: Member; readonly failure: RowFailure } {
  const [best] = ranked as [RankedCandidate];
  const worst = ranked.at(-1) as RankedCandidate;
  if (best === worst) return 'lone';
  const memberOf = ({ index }: RankedCandidate): Member => (isOneRow ? members[0] : members[index]) as Member;
  const [chosen, rejected] = [best, worst].map((candidate) =>
    sideOf(memberOf(candidate), isOneRow ? candidate.index : 0, fields),
  ) as [Side | RowFailure, Side | RowFailure];
  if (isFailure(chosen)) return { member: memberOf(best), failure: chosen };
  if (isFailure(rejected)) return { member: memberOf(worst), failure: rejected };
  const [chosenText, rejectedText] = [JSON.stringify(chosen.response), JSON.stringify(rejected.response)];
  if (chosenText === rejectedText) return 'equalTexts';
  // Of rewards that were read from a file too, as margins are.
  const gap = Math.fround(Math.fround(best.reward) - Math.fround(worst.reward));
  if (gap <= 0) return 'equalRewards';
  if (gap < minGap) return 'belowMinGap';
  const hasPrompt = chosen.prompt !== undefined && (typeof chosen.prompt === 'string' || chosen.prompt.length > 0);
  return {
    source: memberOf(best),
    members: [
      ...(hasPrompt ? [['prompt', JSON.stringify(chosen.prompt)] as const] : []),
      ['chosen', chosenText],
      ['rejected', rejectedText],
      ['score_chosen', formatReward(best.reward)],
      ['score_rejected', formatReward(worst.reward)],
    ],
  };
}

/** @param index of the response among the row's */
function sideOf({ parsed: { row = {} }, result }: Member, index: number, fields: NamedFields): Side | RowFailure {
  const { context, responses } = contextAndResponses(row, fields);
  const response = responses[index];
  const isText = typeof response === 'string' && (context === undefined || typeof context === 'string');
  // A template may have read texts as messages; where rewards are taken, nothing was read.
  if (isText && result.templated !== true) return { prompt: context, response };
  const before = typeof context === 'string' ? [{ author: 'user', content: context }] : messagesOf(context ?? []);
  if (isFailure(before)) return before;
  const after = typeof response === 'string' ? [{ author: 'assistant', content: response }] : messagesOf(response);
  if (isFailure(after)) return after;
  const own = addedMessages(before, after);
  const responder = own.at(-1);
  if (responder === undefined) return failure('BAD_ROW', 'expected a response with a message of its own, got none');
  return {
    // What stands before the last message is not what is judged.
    prompt: [...before, ...own.slice(0, -1)].map((message) => forTrainers(message, responder.author)),
    response: [{ role: 'assistant', content: responder.content }],
  };
}

function messagesOf(value: unknown): Message[] | RowFailure {
  if (typeof value !== 'object' || value === null) {
    return failure('BAD_ROW', `expected a text or messages for a pair, got ${preview(value)}`);
  }
  return readMessages(Array.isArray(value) ? value : [value], 'messages');
}

/** A message with a role that chat templates know: an author of another name is whoever wrote the response, or a user. */
function forTrainers({ author, content }: Message, responder: string): TrainerMessage {
  return { role: chatRoleOf(author, undefined, true) ?? (author === responder ? 'assistant' : 'user'), content };
}
