/** Regular expressions of `Split` that many tokenizers have, as tokenizer.json spells them. ByteLevel has GPT-2's own. */

const CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|";
const SIGNS_AND_SPACE = '| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

/** GPT-4's, with up to three digits in a word. */
export const LLAMA3_PATTERN = `${CONTRACTION}[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}${SIGNS_AND_SPACE}`;

/** The same with a word for each digit: models/qwen2 of transformers 5.23.0. */
export const QWEN2_PATTERN = `${CONTRACTION}[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}${SIGNS_AND_SPACE}`;
