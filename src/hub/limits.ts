/** What a hub, or whoever answers in its place, may make this process hold in memory or write to the disk. */
export interface HubLimits {
  /** Of the answer that lists a revision's files: some hundred bytes a file. */
  readonly answerBytes: number;
  /** Of a file other than weights. Tokenizers are the largest, with tens of megabytes. */
  readonly smallFileBytes: number;
}

const MIB = 2 ** 20;

export const defaultLimits: HubLimits = { answerBytes: 64 * MIB, smallFileBytes: 512 * MIB };
