/**
 * Converts vocab.json and merges.txt, which are older than tokenizer.json, to its form, as transformers 5.23.0 does
 * (GPT2Tokenizer).
 */
export function gpt2Tokenizer(vocabulary: Record<string, unknown>, merges: string): Record<string, unknown> {
  const endOfText = '<|endoftext|>';
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    added_tokens: [
      {
        id: vocabulary[endOfText],
        content: endOfText,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      },
    ].filter(({ id }) => id !== undefined),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: byteLevel,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      vocab: vocabulary,
      merges: merges.split('\n').filter((line) => line !== '' && !line.startsWith('#version')),
    },
  };
}
