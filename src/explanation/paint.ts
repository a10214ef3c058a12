/** How parts of a text are set off on a terminal. */

export interface Paint {
  readonly heading: (text: string) => string;
  /** What matters less. */
  readonly faint: (text: string) => string;
  /** A special token. */
  readonly special: (text: string) => string;
  /** What the reward is read at. */
  readonly pooled: (text: string) => string;
  readonly bad: (text: string) => string;
}

/** For files, pipes and terminals without colours. */
export const plain: Paint = {
  heading: (text) => text,
  faint: (text) => text,
  special: (text) => `⟦${text}⟧`,
  pooled: (text) => text,
  bad: (text) => text,
};

const sgr =
  (on: number, off: number) =>
  (text: string): string =>
    `\u001b[${on}m${text}\u001b[${off}m`;

export const coloured: Paint = {
  heading: sgr(1, 22),
  faint: sgr(2, 22),
  special: sgr(7, 27),
  pooled: sgr(32, 39),
  bad: sgr(31, 39),
};
