/**
 * What the records of a file are wrapped in: the seam between a run and the ways of storing rows
 * (docs/design/013-containers.md). A file without a container holds its records' bytes as they are.
 */

export interface Container {
  /** As messages and fingerprints name it. */
  readonly name: string;
  /** The end of its files' names, in lower case and with its dot. */
  readonly extension: string;
  /** Whether a file that begins so is one of its files; undefined: more bytes are needed to tell. */
  matches(head: Uint8Array): boolean | undefined;
  /**
   * The bytes of the records, in order. Memory is bounded however much a few bytes decode to, and nothing is read ahead.
   *
   * @throws FatalError `run` where the file is cut or damaged, after all that could be decoded
   */
  decode(file: EncodedFile): AsyncGenerator<Buffer>;
  /** @param sink the output; where its position is not 0, an earlier encoder had come so far */
  encoder(sink: ByteSink): Encoder;
}

interface EncodedFile {
  /** As messages name it. */
  readonly name: string;
  /** All bytes of it, from its beginning, which are read as they are asked for. */
  readonly chunks: AsyncIterable<Buffer>;
}

/** Bytes are appended only, and may be cut off again after any window: that is how an interrupted run goes on. */
export interface ByteSink {
  readonly position: number;
  /** Resolves when more may be written; false when nobody reads any more. */
  write(bytes: Uint8Array): Promise<boolean>;
}

/**
 * Writes the records of one window after another. It must keep nothing of the windows before that `position` and the
 * sink's own bytes do not say, and write the same bytes for the same records everywhere: outputs are cut, gone on with
 * and joined between any two windows, by other processes and machines.
 */
export interface Encoder {
  /** Resolves as `ByteSink.write` does. */
  append(records: Uint8Array): Promise<boolean>;
  /** Appends what an encoder of the same container wrote for whole windows. */
  appendEncoded(bytes: Uint8Array): Promise<boolean>;
  /** Appends what stands after the last window. */
  finish(): Promise<boolean>;
}
