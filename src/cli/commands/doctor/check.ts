/** What `doctor` finds out about one thing. */
export interface Check {
  readonly name: string;
  /** `note`: it works, and could be better. */
  readonly state: 'ok' | 'note' | 'wrong';
  /** What there is. */
  readonly found: string;
  /** What that means, and what to do. */
  readonly meaning: string;
  /** The same for programs. */
  readonly facts: Readonly<Record<string, unknown>>;
}

export const size = (bytes: number): string =>
  bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
