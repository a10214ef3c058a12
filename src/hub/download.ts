/**
 * Downloads a file into a blob of the cache: it is resumed where it broke off, checked, and put in place only when
 * whole.
 */
import { constants, renameSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { runError } from '../errors.js';
import { freeBytes, sizeOf } from '../platform/files.js';
import { matchesEtag } from './digest.js';
import type { Answer } from './http.js';
import type { Hub, RemoteFile } from './hub.js';
import { claimPartial, livePartial, releasePartial } from './partials.js';
import { type RetryOptions, RetryPolicy } from './retries.js';
import { TransferError } from './transfer-error.js';

const PEER_POLL_MS = 1000;
/**
 * Polls without a byte from the other process, which may be checking what it has, until this one downloads by itself.
 */
const PEER_STILL_POLLS = 60;

export interface DownloadOptions extends RetryOptions {
  /** A longer file is refused, whether or not its size is known beforehand. */
  readonly maxBytes: number;
  /** Called often, with how many bytes of the file are there. */
  readonly onBytes: (bytes: number) => void;
}

/** Returns whether the blob is new: false where it was there already, or another process downloaded it. */
export async function downloadBlob(
  hub: Hub,
  file: RemoteFile,
  blob: string,
  options: DownloadOptions,
): Promise<boolean> {
  if (isWhole(blob, file)) return false;
  if ((file.size ?? 0) > options.maxBytes) throw tooLong(hub, file, options.maxBytes);
  await watchPeer(file, blob, options);
  if (isWhole(blob, file)) return false;
  const partial = claimPartial(blob);
  try {
    let resumed = sizeOf(partial) !== undefined;
    for (;;) {
      checkRoom(file, partial);
      await receive(hub, file, partial, options);
      if (await matchesEtag(partial, file.etag, file.size)) break;
      rmSync(partial, { force: true });
      // The partial file of an earlier run may have been damaged since: a power cut, a full disk.
      if (!resumed) {
        throw runError(
          `${hub.id.text}: the ${file.name} that came is not the one that the hub names (${file.etag}); try again`,
        );
      }
      resumed = false;
    }
    renameSync(partial, blob);
    return true;
  } finally {
    releasePartial(partial, blob);
  }
}

function isWhole(blob: string, file: RemoteFile): boolean {
  const size = sizeOf(blob);
  return size !== undefined && (file.size === undefined || size === file.size);
}

/**
 * Waits while another process downloads the blob: of several runs that start together, as shards do, one downloads.
 * Where the other process makes no progress, this one downloads into a file of its own.
 */
async function watchPeer(file: RemoteFile, blob: string, options: DownloadOptions): Promise<void> {
  const { timing, signal, notify, onBytes } = options;
  let peer = livePartial(blob);
  if (peer !== undefined) notify(`waiting for another process that is downloading ${file.name}`);
  let still = 0;
  while (peer !== undefined && still < PEER_STILL_POLLS) {
    const { size } = peer;
    onBytes(size);
    await timing.pause(PEER_POLL_MS, signal);
    peer = livePartial(blob);
    still = peer?.size === size ? still + 1 : 0;
  }
}

/** Refuses a disk that is too small at once, and not after the gigabytes that fit. */
function checkRoom({ name, size }: RemoteFile, partial: string): void {
  const free = freeBytes(dirname(partial));
  const needed = (size ?? 0) - (sizeOf(partial) ?? 0);
  if (free !== undefined && free < needed) {
    throw runError(
      `${dirname(partial)}: expected room for ${gigabytes(needed)} of ${name}, found ${gigabytes(free)}; ` +
        'make room, or name another place with HF_HUB_CACHE',
    );
  }
}

const tooLong = (hub: Hub, { name }: RemoteFile, maxBytes: number): Error =>
  runError(
    `${hub.id.text}: expected ${name} to be a file of at most ${maxBytes} bytes, the hub sends more; is there a proxy or a ` +
      'mirror between?',
  );

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;

async function receive(hub: Hub, file: RemoteFile, path: string, options: DownloadOptions): Promise<void> {
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o666);
  try {
    let { size: offset } = await handle.stat();
    let furthest = offset;
    const retries = new RetryPolicy(options);
    const isReceived = (): boolean => file.size !== undefined && offset >= file.size;
    while (!isReceived()) {
      try {
        let answer = await hub.read(file, offset);
        if (startOf(answer) !== offset) {
          // Ranges are not served, or not as requested: the file is read from the beginning.
          await handle.truncate(0);
          if (offset > 0 && startOf(answer) !== 0) {
            answer.discard();
            answer = await hub.read(file, 0);
          }
          offset = 0;
          if (startOf(answer) !== 0) throw new TransferError(`${answer.host} sends another part than was asked for`);
        }
        for await (const piece of answer.body()) {
          if (offset + piece.length > options.maxBytes) {
            rmSync(path, { force: true }); // Otherwise the next run would resume it.
            throw tooLong(hub, file, options.maxBytes);
          }
          await writeAll(handle, piece, offset);
          offset += piece.length;
          options.onBytes(offset);
          if (isReceived()) break; // Surplus bytes are not read; the check of the content reports them.
          // Starting from the beginning again and again is not progress.
          if (offset > furthest) retries.reset();
          furthest = Math.max(furthest, offset);
        }
        if (file.size === undefined) break;
        if (!isReceived()) throw new TransferError(`${answer.host} ended the connection early`);
      } catch (error) {
        if (!(error instanceof TransferError)) throw error;
        await retries.waitAfter(error);
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The offset that an answer begins at; undefined where it has no part of the file. */
function startOf({ status, headers }: Answer): number | undefined {
  if (status === 200) return 0;
  const start = /^bytes (\d+)-/.exec(headers.get('content-range') ?? '')?.[1];
  return status === 206 && start !== undefined ? Number(start) : undefined;
}

async function writeAll(handle: FileHandle, piece: Uint8Array, offset: number): Promise<void> {
  let written = 0;
  while (written < piece.length) {
    const { bytesWritten } = await handle.write(piece, written, piece.length - written, offset + written);
    written += bytesWritten;
  }
}
