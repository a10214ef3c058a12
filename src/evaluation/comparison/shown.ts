/** A comparison with what people need to judge it: which files, which models, which rows. */
import type { ShownConversation } from '../../rows/kinds/shown-conversation.js';
import type { Comparison, DisagreeingReward } from './compare.js';

export interface ComparedSide {
  readonly file: string;
  /** The field of the rewards. */
  readonly field: string;
  readonly rows: number;
  /** Rows without a reward. */
  readonly unscored: number;
  /** The model that scored it, and the file that says so; null where nothing does. */
  readonly scoredBy: {
    readonly model: { readonly name: string; readonly revision: string | null; readonly sha256: string };
    readonly source: string;
  } | null;
}

export interface ShownDisagreement extends Omit<DisagreeingReward, 'index'> {
  /** The row of A, from 1, and the line on which it begins; null where that is not known. */
  readonly row: number;
  readonly line: number | null;
  readonly id: string | null;
  readonly group: string | null;
  /** The candidate, from 0, or the text of a pair; null where the row has one text. */
  readonly text: number | 'chosen' | 'rejected' | null;
  /** null where the row has no conversation that can be read. */
  readonly conversation: ShownConversation | null;
}

export interface ShownComparison {
  readonly a: ComparedSide;
  readonly b: ComparedSide;
  /** Rows by what became of them. */
  readonly rows: {
    readonly compared: number;
    readonly unscored: number;
    readonly onlyA: number;
    readonly onlyB: number;
    readonly otherTexts: number;
    readonly unknownTexts: number;
  };
  readonly comparison: Omit<Comparison, 'higher' | 'lower'>;
  readonly higher: readonly ShownDisagreement[];
  readonly lower: readonly ShownDisagreement[];
  readonly resamples: number;
  readonly seed: number;
}
