/** What a file is compressed with, told from its name or its first bytes. */

export type Compression = 'gzip' | 'zstd';

/** By the name's ending, in any case. */
export function compressionOfName(path: string): Compression | undefined {
  if (/\.gz$/i.test(path)) return 'gzip';
  if (/\.zst$/i.test(path)) return 'zstd';
  return undefined;
}

/** @param first the first four bytes or more; of fewer, what they tell */
export function compressionOfBytes(first: Buffer): Compression | undefined {
  if (first.length >= 2 && first.readUInt16BE() === 0x1f8b) return 'gzip';
  if (first.length >= 4 && (isFrame(first.readUInt32LE()) || isSkippable(first.readUInt32LE()))) return 'zstd';
  return undefined;
}

/** Whether a zstd frame begins so (RFC 8878, 3.1.1). */
export const isFrame = (magic: number): boolean => magic === 0xfd2fb528;

/** Whether a frame begins so that carries something else, to be passed over (RFC 8878, 3.1.2). */
export const isSkippable = (magic: number): boolean => magic >>> 4 === 0x184d2a5;

/** Bytes that tell whether a file is compressed. */
export const SIGNATURE_BYTES = 4;

/** Whether more bytes may show that a file which begins so is compressed. A pipe may give them one by one, or never more. */
export function mayBeCompressed(start: Buffer): boolean {
  const skippable = Buffer.from([start[0] ?? 0x50, 0x2a, 0x4d, 0x18]);
  const signatures = [Buffer.from([0x1f, 0x8b]), Buffer.from([0x28, 0xb5, 0x2f, 0xfd])];
  if ((skippable[0] as number) >> 4 === 5) signatures.push(skippable);
  return signatures.some((bytes) => start.length < bytes.length && bytes.subarray(0, start.length).equals(start));
}
