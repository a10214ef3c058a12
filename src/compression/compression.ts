/** What a file may be compressed with. */
export type Compression = 'gzip' | 'zstd';

/** Whether a zstd frame begins with this number (RFC 8878, 3.1.1). */
export const isFrame = (magic: number): boolean => magic === 0xfd2fb528;

/** Whether a skippable frame begins with this number (RFC 8878, 3.1.2). */
export const isSkippable = (magic: number): boolean => magic >>> 4 === 0x184d2a5;
