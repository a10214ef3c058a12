/**
 * The container of a file's records: the interface between a run and the ways of storing rows
 * (docs/design/013-containers.md). A file without a container holds its records' plain bytes.
 */
import type { ByteSource } from '../platform/byte-source.js';

export interface Container {
  /** Its name in messages and fingerprints. */
  readonly name: string;
  /**
   * Whether a file that begins with these bytes is in this container; undefined where more bytes are needed to decide.
   */
  matches(head: Uint8Array): boolean | undefined;
  /**
   * Yields the bytes of the records, in order. Memory is bounded however much a few bytes decode to, and nothing is
   * read ahead.
   *
   * @param part which of the file's parts, from 0; undefined: all of them
   * @throws FatalError `run` where the file is cut or damaged, after all that could be decoded
   */
  decode(file: EncodedFile, part?: number): AsyncGenerator<Buffer>;
  /** The parts of a file whose records can be read without those before them; undefined where it has none. */
  readonly readParts?: (file: EncodedFile) => Promise<readonly FilePart[]>;
  /** The columns of its rows; undefined where it knows of none. */
  readonly readColumns?: (file: EncodedFile) => Promise<readonly FileColumn[]>;
}

/** A container that an output may be in, whose records are bytes. */
export interface WrittenContainer extends Container {
  /** The end of its files' names, in lower case and with its dot. */
  readonly extension: string;
  /** @param sink the output; where its position is not 0, an earlier encoder wrote the bytes before it */
  encoder(sink: ByteSink): Encoder;
}

export interface EncodedFile {
  /** Its name in messages. */
  readonly name: string;
  /** All its bytes, from the beginning, which are read on demand. */
  readonly chunks: AsyncIterable<Buffer>;
  /** Opens it for reading from anywhere; undefined where that cannot be, as in a pipe. */
  readonly open: (() => Promise<ByteSource>) | undefined;
  /** The columns that are wanted of a container with columns; undefined: all are. */
  readonly columns: ReadonlySet<string> | undefined;
}

/** A column, of which the type is known before any row. */
export interface FileColumn {
  readonly name: string;
  /** A value of its type, without anything in it. */
  readonly sample: unknown;
  /** Whether it holds neither lists nor structures. */
  readonly isFlat: boolean;
  /** Whether it holds bytes of which nothing says that they are text. */
  readonly isBinary: boolean;
}

/** A part of a file that can be read without those before it, such as a row group. */
export interface FilePart {
  readonly rows: number;
  readonly rowsBefore: number;
}

/** Bytes are only appended, and may be cut off again after any window, which is how an interrupted run is resumed. */
export interface ByteSink {
  readonly position: number;
  /** Resolves when more may be written, to false when the reader is gone. */
  write(bytes: Uint8Array): Promise<boolean>;
}

/**
 * Writes the records of one window after another. It must have no state from earlier windows except `position` and the
 * sink's own bytes, and write the same bytes for the same records everywhere: outputs are cut, resumed and joined
 * between any two windows, by other processes and machines.
 */
export interface Encoder {
  /** Resolves as `ByteSink.write` does. */
  append(records: Uint8Array): Promise<boolean>;
  /** Appends bytes that an encoder of the same container wrote for whole windows. */
  appendEncoded(bytes: Uint8Array): Promise<boolean>;
  /** Appends the bytes after the last window. */
  finish(): Promise<boolean>;
}
