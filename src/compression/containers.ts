/** Compressed files as containers of records. */
import type { WrittenContainer } from '../rows/container.js';
import { compressMember } from './compress.js';
import type { Compression } from './compression.js';
import { decompress } from './decompress.js';

/** RFC 1952, 2.3.1. */
export const gzip = compressed('gzip', '.gz', [[[0x1f], [0x8b]]]);

/** RFC 8878: a frame (3.1.1), or a skippable one (3.1.2). */
export const zstd = compressed('zstd', '.zst', [
  [[0x28], [0xb5], [0x2f], [0xfd]],
  [Array.from({ length: 16 }, (_, i) => 0x50 + i), [0x2a], [0x4d], [0x18]],
]);

/** The values that each of a file's first bytes may have. */
type Signature = readonly (readonly number[])[];

function compressed(name: Compression, extension: string, signatures: readonly Signature[]): WrittenContainer {
  return {
    name,
    extension,
    matches(head) {
      const possible = signatures.filter((bytes) =>
        bytes.every((values, i) => i >= head.length || values.includes(head[i] as number)),
      );
      if (possible.length === 0) return false;
      return possible.some((bytes) => bytes.length <= head.length) || undefined;
    },
    decode: (file) => decompress(file.chunks, name, file.name),
    encoder: (sink) => ({
      // Each window is a member of its own, so that the file can be cut, resumed and joined with another after any
      // window.
      append: async (records) => records.length === 0 || sink.write(await compressMember(records, name)),
      appendEncoded: (bytes) => sink.write(bytes),
      // A file without a single byte is not a compressed file.
      finish: async () => sink.position > 0 || sink.write(await compressMember(new Uint8Array(), name)),
    }),
  };
}
