/** How byte-level tokenizers spell bytes: bytes_char of the library tokenizers 0.23.3 (pre_tokenizers/byte_level.rs). */

/** The character that stands for each byte: itself where it can be seen, else one from U+0100 on. */
export const byteCharacters: readonly string[] = (() => {
  const seen = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(seen(byte) ? byte : next++));
})();

export function inByteCharacters(text: string): string {
  if (/^[!-~]*$/.test(text)) return text;
  let result = '';
  for (const byte of Buffer.from(text, 'utf8')) result += byteCharacters[byte];
  return result;
}
