/** A UTF-16 surrogate without its partner: JSON can spell one, UTF-8 and tokenizers cannot. */
const loneSurrogate = /\p{Surrogate}/u;

export const isWellFormed = (text: string): boolean => !loneSurrogate.test(text);
