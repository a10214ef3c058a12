/**
 * SentencePiece's normalizer: a map from strings to strings, compiled to a double array (spm_precompiled 0.1.4, which
 * the library tokenizers uses).
 *
 * The map is a length in bytes, then so many bytes of units of 32 bits, then the replacements, each ended by a zero.
 */

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** A grapheme of so many bytes or more is only looked up character by character. */
const LONG_GRAPHEME = 6;

export function precompiled(map: Buffer): (text: string) => string {
  const size = map.length < 4 ? Number.NaN : map.readUInt32LE(0);
  if (!(size % 4 === 0 && 4 + size <= map.length)) throw new Error('a precompiled_charsmap that is cut short');
  const units = Uint32Array.from({ length: size / 4 }, (_, i) => map.readUInt32LE(4 + 4 * i));
  const replacements = map.subarray(4 + size);

  /** The replacement of the shortest beginning of `text` that has one. */
  const replacementOf = (text: string): string | undefined => {
    let node = offset(units[0] ?? 0);
    for (const byte of Buffer.from(text, 'utf8')) {
      if (byte === 0) return undefined;
      node ^= byte;
      const unit = units[node] ?? 0;
      if ((unit & 0x800000ff) !== byte) return undefined;
      node ^= offset(unit);
      if (((unit >>> 8) & 1) === 1) {
        const start = (units[node] ?? 0) & 0x7fffffff;
        const end = replacements.indexOf(0, start);
        return replacements.toString('utf8', start, end < 0 ? replacements.length : end);
      }
    }
    return undefined;
  };
  const known = new Map<string, string>();
  const replaced = (grapheme: string): string => {
    const whole = Buffer.byteLength(grapheme) < LONG_GRAPHEME ? replacementOf(grapheme) : undefined;
    return whole ?? Array.from(grapheme, (character) => replacementOf(character) ?? character).join('');
  };
  return (text) => {
    let result = '';
    for (const { segment } of graphemes.segment(text)) {
      let replacement = known.get(segment);
      if (replacement === undefined) {
        replacement = replaced(segment);
        if (known.size < 10_000) known.set(segment, replacement);
      }
      result += replacement;
    }
    return result;
  };
}

const offset = (unit: number): number => ((unit >>> 10) << ((unit & (1 << 9)) >>> 6)) >>> 0;
