/** A UTF-16 surrogate without its partner: JSON can spell one, UTF-8 and tokenizers cannot. */
const loneSurrogate = /\p{Surrogate}/u;

export const isWellFormed = (text: string): boolean => !loneSurrogate.test(text);

/** A text's length in characters (code points), as the baselines measure it; a lone surrogate counts as one. */
export function textLength(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}
