/**
 * Which files of a repository are needed. The caller that opens them decides, as this folder knows nothing of models.
 */
export interface WantedFiles {
  /**
   * What a repository of these files lacks, in words (`a model (config.json)`); undefined where it has all that is
   * needed.
   */
  missingFromRepository(listed: readonly string[]): string | undefined;
  /**
   * The small files to download, of those that the repository lists. They are in the snapshot before the large ones.
   */
  smallFiles(listed: readonly string[]): readonly string[];
  /**
   * The large files to download, whose progress is shown. An index, which is in the snapshot by then, may name them.
   *
   * @throws FatalError where that index is invalid
   */
  largeFiles(listed: readonly string[], snapshot: string): readonly string[];
  /** The files that a snapshot still needs before it can be used. */
  missingFromSnapshot(snapshot: string): readonly string[];
  /**
   * Whether a snapshot has all that its repository could have, so that the hub need not be asked about a commit in the
   * cache.
   */
  isComplete(snapshot: string): boolean;
}
