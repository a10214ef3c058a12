/** Which rows are written, by their rewards. */
import { concatBytes } from '../platform/bytes.js';
import { failure, type RowFailure } from './failure.js';
import type { RowFormat } from './formats/format.js';
import { kindOfRow } from './kinds/kinds.js';
import type { NamedFields, Row } from './kinds/roles.js';
import { type Reward, type RowResult, writtenReward } from './results.js';

export type RewardFilter =
  /** Rows whose reward is at least so much. */
  | { readonly kind: 'least'; readonly reward: number }
  /** The rows with the best rewards: that share of those that have one, which is known when the run has ended. */
  | { readonly kind: 'best'; readonly percent: number };

/** Why a row cannot be kept or dropped; undefined where it can. */
export const pairForFilter = (row: Row, fields: NamedFields): RowFailure | undefined =>
  kindOfRow(row, fields) === 'pair'
    ? failure(
        'BAD_ROW',
        'expected a row with one reward, or one for each of its candidates, to keep or drop it; a pair has two',
      )
    : undefined;

/** The reward as it is written, of several the best; undefined where there is none that is one number. */
function bestReward({ rewards, failure }: RowResult<Reward>): number | undefined {
  if (failure?.code === 'FIELD_EXISTS') return undefined;
  let best: number | undefined;
  for (const reward of rewards) {
    if (typeof reward === 'number' && (best === undefined || writtenReward(reward) > best))
      best = writtenReward(reward);
  }
  return best;
}

/**
 * Writes only rows that the filter keeps. Of one that needs the whole run, each record stands in a frame with its reward
 * (`framesOf`), from which the output is made at the end.
 */
export function filtered(format: RowFormat, filter: RewardFilter): RowFormat {
  if (filter.kind === 'least') {
    return {
      ...format,
      write(record, parsed, result) {
        const best = bestReward(result);
        return best !== undefined && best >= filter.reward ? format.write(record, parsed, result) : [];
      },
    };
  }
  const { outputHeader, placeholder } = format;
  return {
    ...format,
    outputHeader: outputHeader && Buffer.concat(framed(Number.NaN, [outputHeader])),
    write(record, parsed, result) {
      const best = bestReward(result);
      const pieces = best === undefined ? [] : format.write(record, parsed, result);
      return best === undefined || pieces.length === 0 ? [] : framed(best, pieces);
    },
    ...(placeholder && { placeholder: Buffer.concat(framed(Number.NaN, [placeholder])) }),
  };
}

/** A double and the length of what follows. */
const HEAD_BYTES = 12;

function framed(reward: number, pieces: readonly (Buffer | string)[]): Buffer[] {
  const bytes = Buffer.from(concatBytes(pieces));
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeDoubleLE(reward, 0);
  head.writeUInt32LE(bytes.length, 8);
  return [head, bytes];
}

export interface Frame {
  /** NaN for what stands there whatever is kept: before the first record, or for a row that is left out. */
  readonly reward: number;
  readonly bytes: Buffer;
}

/** Reads frames one after the other. */
export async function* framesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = Buffer.concat([rest, chunk]);
    let from = 0;
    while (rest.length - from >= HEAD_BYTES) {
      const end = from + HEAD_BYTES + rest.readUInt32LE(from + 8);
      if (end > rest.length) break;
      yield { reward: rest.readDoubleLE(from), bytes: rest.subarray(from + HEAD_BYTES, end) };
      from = end;
    }
    rest = rest.subarray(from);
  }
}
