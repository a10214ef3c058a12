/** How much a hub, or a server that answers in its place, may make this process hold in memory or write to the disk. */
export interface HubLimits {
  /** Largest answer that lists a revision's files, with some hundred bytes a file. */
  readonly answerBytes: number;
  /** Largest file other than weights. Tokenizers are the largest of these, with tens of megabytes. */
  readonly smallFileBytes: number;
}

const MIB = 2 ** 20;

export const defaultLimits: HubLimits = { answerBytes: 64 * MIB, smallFileBytes: 512 * MIB };
