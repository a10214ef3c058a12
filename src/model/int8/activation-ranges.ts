/** Runs a network on the built-in texts, for the ranges of its activations and its rewards. */
import type { RewardNetwork } from '../architectures/network.js';
import { cpu } from '../backend/cpu.js';
import type { RewardSession } from '../backend/session.js';
import { chooseLayout } from '../layout/choose-layout.js';
import type { RowTypes } from '../layout/layout.js';
import { readTokenizerFiles } from '../tokenizer/files.js';
import { Tokenizer, type TokenRow } from '../tokenizer/tokenizer.js';
import { type BuiltInText, builtInTexts, GROUP_SIZE } from './texts.js';

export interface ActivationRanges {
  /** [rows, labels] */
  readonly logits: Float32Array;
  /** The outputs of each pack after the logits. */
  readonly packs: readonly (readonly Float32Array[])[];
}

/** Rows of tokens, with what text each token belongs to. */
export interface TypedRows {
  readonly rows: readonly (readonly number[])[];
  readonly types: RowTypes;
}

/**
 * The built-in texts in a model's tokens, cut to its number of positions; ids that it does not know are left out. A
 * network that reads pairs of texts gets every other conversation as such.
 */
export const builtInRows = (tokenizerDirectory: string, network: RewardNetwork): TypedRows =>
  rowsOf(builtInTexts, tokenizerDirectory, network);

/** As `builtInRows`, of other texts. */
export function rowsOf(texts: readonly BuiltInText[], tokenizerDirectory: string, network: RewardNetwork): TypedRows {
  const tokenizer = new Tokenizer(readTokenizerFiles(tokenizerDirectory));
  const made = texts.map((text, i): Pick<TokenRow, 'row' | 'types'> => {
    const whole = `${text.prompt}\nBot: ${text.reply}\n`;
    if (network.input === 'text') return { row: tokenizer.encode(whole).slice(-network.maxPositions) };
    const settings = { maxLength: network.maxPositions, truncationSide: 'right', beginsOnce: false } as const;
    const isPair = tokenizer.addedToPair !== undefined && Math.floor(i / GROUP_SIZE) % 2 === 1;
    const row = isPair
      ? tokenizer.rowOfPair(withoutSpeaker(text.prompt), text.reply, settings)
      : tokenizer.rowOf(whole, settings);
    return row ?? { row: [] };
  });
  const known = made.map(({ row, types }) => {
    const isKnown = (_: number, i: number): boolean => (row[i] as number) < network.vocabularySize;
    const ids = row.filter(isKnown);
    return ids.length === 0 ? { ids: [0], types: undefined } : { ids, types: types?.filter(isKnown) };
  });
  return { rows: known.map(({ ids }) => ids), types: known.map(({ types }) => types) };
}

const withoutSpeaker = (text: string): string => text.replace(/^\w+: /, '');

export async function measureRanges(
  session: RewardSession,
  { rows, types }: TypedRows,
  network: RewardNetwork,
  heartbeat: () => void,
): Promise<ActivationRanges> {
  const { labels } = network;
  const logits = new Float32Array(rows.length * labels.length);
  const packs: Float32Array[][] = [];
  const layout = chooseLayout(network, undefined, cpu, true);
  for (const pack of layout.lay(rows, types)) {
    const [packLogits, ...watched] = (await session.runAll(pack.feeds())) as [Float32Array, ...Float32Array[]];
    heartbeat();
    pack.rows.forEach((members, i) => {
      const own = packLogits.subarray(i * labels.length, (i + 1) * labels.length);
      for (const row of members) logits.set(own, row * labels.length);
    });
    packs.push(watched);
  }
  return { logits, packs };
}
