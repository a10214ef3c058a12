import fc from 'fast-check';

/** Everything that a splitting pattern treats in its own way, dense: words begin and end beside all of it. */
const word = fc.constantFrom(
  ...['a', 'The', 'naïve', 'é', 'e\u0301', 'ſ', 'İ', 'ǅ', '日本', 'क्षि', '한', '𝔘', '𐐀', 'ª', 'ʰ'],
  ...["'s", "'RE", "'ll", "'", "'ſ", '’s', "''d", "n't"],
  ...['1', '12345', '½', '٣', '²', 'Ⅷ', '𝟘'],
  ...[' ', '  ', '\n', '\r\n', '\t', '\n\n ', '\u0085', '\u00a0', '\u3000', '\u2028', '\ufeff', '\u200b', '\u200d'],
  ...['!', '...', '、', '。', '-', '_', '<', '|>', '😀', '👩‍👩‍👧', '\u0000', '\u0301', '\ue000', '\u{10ffff}'],
  ...['<|endoftext|>', '<s>', '</s>', '[SEP]', '<|endoftext', 'endoftext|>'],
);

export const awkwardText = fc.array(
  fc.oneof({ weight: 9, arbitrary: word }, fc.string({ unit: 'grapheme', maxLength: 5 })),
  { maxLength: 80, size: 'max' },
);
