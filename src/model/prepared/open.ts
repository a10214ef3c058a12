import { cpu } from '../backend/cpu.js';
import { RewardSession } from '../backend/session.js';
import { chooseLayout, type LayoutFacts } from '../layout/choose-layout.js';
import { TokenScorer } from '../token-scorer.js';

export interface OpenOptions {
  readonly labels: number;
  /** Right-most tokens of this id are skipped (the scoring rule of transformers >= 4.49). */
  readonly padTokenId: number | undefined;
}

/**
 * Opens a prepared model that scores on the calling thread.
 *
 * @throws FatalError `run` where the prepared model in `directory` cannot be loaded
 */
export async function openPrepared(
  directory: string,
  network: LayoutFacts,
  { labels, padTokenId }: OpenOptions,
): Promise<TokenScorer> {
  const session = await RewardSession.open(directory);
  return new TokenScorer(session, chooseLayout(network, padTokenId, cpu), labels);
}
