/** A file of another machine, of which any part can be read. */
import type { ByteSource } from './byte-source.js';

export interface RemoteFile {
  /** Its address, which names this version of it for good. */
  readonly path: string;
  /** The address that it was found by, as the user wrote it. */
  readonly asked: string;
  /** In bytes. */
  readonly size: number;
  /** The commit of its repository. */
  readonly commit: string;
  /** Names its content: its sha256 in 64 digits, or git's hash of it in 40. */
  readonly etag: string;
  /** @param signal ends what is read from it, which then throws the signal's reason */
  open(signal?: AbortSignal): ByteSource;
}
