/** Reading what the hub answers in JSON, within limits. */
import { type FatalError, runError } from '../errors.js';
import { concatBytes } from '../platform/bytes.js';
import type { Answer } from './http.js';
import type { HubId } from './id.js';
import type { HubLimits } from './limits.js';

/** @throws FatalError `run` where the answer is longer than the limits allow; TransferError where it breaks off */
export async function textOf(
  answer: Answer,
  { text }: HubId,
  { answerBytes }: Pick<HubLimits, 'answerBytes'>,
): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of answer.body()) {
    length += piece.length;
    if (length > answerBytes) {
      throw runError(
        `${text}: expected ${answer.host} to list the files in at most ${answerBytes} bytes, got more; is there a proxy ` +
          'or a login page between, or a mistake in HF_ENDPOINT?',
      );
    }
    pieces.push(piece);
  }
  return Buffer.from(concatBytes(pieces)).toString('utf8');
}

export const notAHub = ({ text }: HubId, { host }: Pick<Answer, 'host'>): FatalError =>
  runError(
    `${text}: ${host} does not answer as a Hugging Face hub does; is there a proxy or a login page ` +
      'between, or a mistake in HF_ENDPOINT?',
  );
