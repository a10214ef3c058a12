import zlib from 'node:zlib';

const table = new Uint32Array(256).map((_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? 0xedb88320 ^ (sum >>> 1) : sum >>> 1;
  return sum;
});

function crc32ByTable(bytes: Uint8Array): number {
  let sum = -1;
  for (const byte of bytes) sum = (table[(sum ^ byte) & 255] as number) ^ (sum >>> 8);
  return ~sum >>> 0;
}

/** CRC-32 as gzip has it. Node has its own from 20.15 on, which is five times as fast as ours. */
export const crc32: (bytes: Uint8Array) => number =
  (zlib as { readonly crc32?: (bytes: Uint8Array) => number }).crc32 ?? crc32ByTable;
