/** Which files of a repository are needed: said by whoever will open them, for this folder knows nothing of models. */
export interface WantedFiles {
  /** What a repository of these files lacks, in words (`a model (config.json)`); undefined where it has all that is needed. */
  missingFromRepository(listed: readonly string[]): string | undefined;
  /** The small files to bring, of those that the repository lists. They are in the snapshot before the large ones are sought. */
  smallFiles(listed: readonly string[]): readonly string[];
  /**
   * The large files to bring, whose progress is shown: perhaps named by an index that is in the snapshot by now.
   *
   * @throws FatalError where that index is none
   */
  largeFiles(listed: readonly string[], snapshot: string): readonly string[];
  /** The files that a snapshot lacks to be used as it is. */
  missingFromSnapshot(snapshot: string): readonly string[];
  /** Whether a snapshot has all that its repository could have, so that the hub need not be asked about a commit in the cache. */
  isComplete(snapshot: string): boolean;
}
