import type { Readable, Writable } from 'node:stream';

/** Where `-` reads from and writes to. The command line passes its process, which has both. */
export interface StandardStreams {
  readonly stdin: Readable;
  readonly stdout: Writable;
}
